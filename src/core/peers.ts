/** Packages that only some stores and the queue need. They are imported when such a store or queue is opened. */
import { LimnError, messageOf } from './errors.js';

/**
 * @param packages what to install, with versions, for the message
 * @throws LimnError STORE that names the packages
 */
export async function importPeer<T>(what: string, packages: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const message = `${what} cannot be loaded: ${messageOf(error)}. Install it with "npm install ${packages.join(' ')}".`;
    throw new LimnError('STORE', message, { details: { packages }, cause: error });
  }
}
