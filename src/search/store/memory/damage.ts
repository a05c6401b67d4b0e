/** Damage of a gallery's log, said: which file, at which byte, which items, and what to do. */
import { LimnError } from '../../../core/errors.js';
import type { RecordHead, UpsertRow } from './records.js';

/** The ids that a damaged record may have written; fewer than it has where its text is damaged too. */
export function idsOf({ kind, textBytes }: RecordHead, body: Buffer): string[] {
  try {
    const rows = JSON.parse(body.toString('utf8', 0, textBytes)) as UpsertRow[] | string[];
    return kind === 'delete' ? (rows as string[]) : (rows as UpsertRow[]).map(([id]) => id);
  } catch {
    return [];
  }
}

/** @param path the damaged file @param why what is wrong there */
export function damagedLog(path: string, byte: number, why: string, items: readonly string[] = []): LimnError {
  const message = `${path} is damaged at byte ${byte}: ${why}. ${advice(path)}`;
  return new LimnError('GALLERY', message, { details: { path, byte, why, items } });
}

/** A record that does not fit its checksum. @param body its text at least */
export function damagedRecord(path: string, byte: number, head: RecordHead, body: Buffer): LimnError {
  const ids = idsOf(head, body);
  const what = head.kind === 'delete' ? 'deletion' : 'write';
  const items = head.count === 1 ? '1 item' : `${head.count} items`;
  return damagedLog(path, byte, `the ${what} of ${items} there${named(ids)} does not fit its checksum`, ids);
}

/** An item whose factor vectors do not fit their checksum. */
export function damagedItem(path: string, byte: number, id: string): LimnError {
  return damagedLog(path, byte, `the factor vectors of ${JSON.stringify(id)} there do not fit their checksum`, [id]);
}

function named(ids: readonly string[]): string {
  if (ids.length === 0) return '';
  const shown = ids.slice(0, 3).map((id) => JSON.stringify(id.slice(0, 80)));
  const more = ids.length > 3 ? ` and ${ids.length - 3} more` : '';
  return ` (${shown.join(', ')}${more})`;
}

function advice(path: string): string {
  const folder = path.replace(/[/\\][^/\\]*$/, '');
  return `Restore the folder from a copy, or keep what is intact with "limn gallery check ${folder} --repair".`;
}
