/** Ids of items: every id that a gallery can have can be asked for. New ones are names that files can have, wherever galleries are folders. */
import { messageOf } from '../../../core/errors.js';
import { checkId } from '../../../search/store/check.js';
import { HttpProblem } from '../handlers/problems.js';

/** @throws HttpProblem 400 for what no stored item can be called; what an id names is looked up, and is never a place */
export function checkItemId(id: string): void {
  try {
    checkId(id);
  } catch (cause) {
    throw new HttpProblem(400, 'USAGE', `This is not a valid item id: ${messageOf(cause)}`, { cause });
  }
}

/** The answer for an id that no item has, whatever it looks like: a list may have given an item the id "../x". */
export function noSuchItem(id: string): HttpProblem {
  return new HttpProblem(404, 'NOT_FOUND', `The gallery has no item ${JSON.stringify(id)}.`);
}

/** An id that a new item may have: each part of it is a file's or a folder's name. @throws HttpProblem 400 */
export function checkNewItemId(id: string): void {
  const problem = outside(id);
  if (problem) throw problem;
  if (id.split('/').every(isFileName)) return;
  const rule = 'between slashes it must be file names of up to 255 bytes that begin with no "."';
  throw new HttpProblem(
    400,
    'USAGE',
    `A new item cannot have this id: ${rule}, without < > : " | ? * and without a space or "." last.`,
  );
}

/** What is wrong with an id that looks like a place outside its gallery. */
function outside(id: string): HttpProblem | undefined {
  // Of halves of surrogate pairs no file name can be made.
  const strange = /[\p{Cc}\p{Cs}\\]|^\/|(^|\/)\.{1,2}(\/|$)/u.test(id);
  if (!strange && id.length <= 512) return undefined;
  const rule =
    'up to 512 characters without control characters and backslashes, no "/" first, and no "." or ".." between slashes';
  return new HttpProblem(400, 'USAGE', `This is not a valid item id: it must be ${rule}.`);
}

function isFileName(name: string): boolean {
  return name !== '' && !name.startsWith('.') && Buffer.byteLength(name) <= 255 && !/[<>:"|?*]|[. ]$/.test(name);
}
