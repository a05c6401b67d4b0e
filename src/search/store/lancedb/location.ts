/** Where a LanceDB gallery is: a database (a folder, a bucket's prefix or a service), and a table in it. */
import { LimnError } from '../../../core/errors.js';

export interface LanceLocation {
  /** What LanceDB connects to. */
  uri: string;
  /** The table's name. */
  table: string;
}

/** @param location `lancedb:DIR`, `DIR`, `s3://`, `gs://`, `az://` or `db://`, with `?gallery=NAME` where a database has several */
export function lanceLocation(location: string): LanceLocation {
  const [, uri, name] = /^(.*?)(?:\?gallery=([^?]*))?$/s.exec(location.replace(/^lancedb:/, '')) as unknown as [
    string,
    string,
    string?,
  ];
  const table = name ?? 'gallery';
  if (!uri) throw new LimnError('USAGE', `${JSON.stringify(location)} names no folder; give one, e.g. lancedb:my-gallery.`);
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(table)) {
    throw new LimnError('USAGE', `"${table}" is not a valid gallery name; use letters, digits, "-" and "_", at most 64.`);
  }
  return { uri, table };
}
