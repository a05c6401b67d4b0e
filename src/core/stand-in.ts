/** What people have in the place of a file that was not fetched: told by how it begins. */

const pointer = 'version https://git-lfs.github.com/spec/';

/**
 * What a file is instead of what it is taken for, with what to do, as the end of a sentence; undefined for anything else.
 *
 * @param head its first bytes or characters, some hundred of them
 */
export function standInFor(head: Uint8Array | string): string | undefined {
  if (head.length === 0) return 'it is empty; get it again';
  const text = (typeof head === 'string' ? head : Buffer.from(head.subarray(0, 200)).toString('latin1')).trimStart();
  if (text.startsWith(pointer)) return 'it is a pointer of Git LFS, not the file itself; run "git lfs pull" where it was cloned';
  if (/^<(!doctype|html)/i.test(text)) return 'it is a web page; download the file itself, not the page that shows it';
  return undefined;
}
