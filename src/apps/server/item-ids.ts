/** Ids of items, as far as the server lets them through. They name files where galleries are folders. */
import { HttpProblem } from './problems.js';

/** @throws HttpProblem 400 for an id that could name a place outside its gallery */
export function checkItemId(id: string): void {
  // Of halves of surrogate pairs no file name can be made.
  const strange = /[\p{Cc}\p{Cs}\\]|^\/|(^|\/)\.{1,2}(\/|$)/u.test(id);
  if (strange || id.length > 512) {
    const rule =
      'up to 512 characters without control characters and backslashes, no "/" first, and no "." or ".." between slashes';
    throw new HttpProblem(400, 'USAGE', `This is no id of an item: it must be ${rule}.`);
  }
}

/** An id that a new item may have: where galleries are folders, each part of it is a file's or a folder's name. */
export function checkNewItemId(id: string): void {
  checkItemId(id);
  if (
    id
      .split('/')
      .every((name) => name !== '' && !name.startsWith('.') && Buffer.byteLength(name) <= 255 && !/[<>:"|?*]|[. ]$/.test(name))
  )
    return;
  const rule = 'between slashes it must be file names of up to 255 bytes that begin with no "."';
  throw new HttpProblem(
    400,
    'USAGE',
    `A new item cannot have this id: ${rule}, without < > : " | ? * and without a space or "." last.`,
  );
}
