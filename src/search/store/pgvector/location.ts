/** Where a gallery in PostgreSQL is: a database, and the gallery's name. */
import { LimnError } from '../../../core/errors.js';

export interface PgLocation {
  /** For the client: without the part that only limn knows. */
  connectionString: string;
  gallery: string;
  /** The location without its password, for messages. */
  shown: string;
}

/** @param location `postgres://user:password@host/database?gallery=NAME`; the name is "gallery" unless given */
export function pgLocation(location: string): PgLocation {
  let url: URL;
  try {
    url = new URL(location);
  } catch (error) {
    const example = 'postgres://user@host/database?gallery=shop';
    throw new LimnError('USAGE', `The address of the database cannot be read; write it like ${example}.`, { cause: error });
  }
  const gallery = url.searchParams.get('gallery') ?? 'gallery';
  if (gallery.length < 1 || gallery.length > 200 || /\p{Cc}|\p{Surrogate}/u.test(gallery)) {
    throw new LimnError('USAGE', 'The name of a gallery has 1 to 200 characters, none of them a control character.');
  }
  url.searchParams.delete('gallery');
  const connectionString = url.href;
  url.password = '';
  url.search = '';
  return { connectionString, gallery, shown: `"${gallery}" at ${url.href}` };
}
