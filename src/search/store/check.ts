/** What every store refuses before it touches its data. */
import { LimnError } from '../../core/errors.js';
import { type ItemMetadata, isMetadataKey } from './metadata.js';
import type { EmbeddedItem, ListQuery, VectorQuery, VectorSizes } from './store.js';
import { isStorable } from './text.js';

/** Characters of an item's metadata as JSON. */
export const metadataLimit = 65_536;
/** How far a vector's length may be from 1. */
const lengthTolerance = 1e-3;

const wrong = (message: string, details: Record<string, unknown> = {}) => new LimnError('USAGE', message, { details });

/** @throws LimnError USAGE that names the first item that cannot be stored */
export function checkItems(items: readonly EmbeddedItem[], { width, factors, projection }: VectorSizes): void {
  const ids = new Set<string>();
  for (const { id, content, location, metadata, matching, factors: factorVectors } of items) {
    checkNewId(id);
    const name = JSON.stringify(id);
    if (ids.has(id)) throw wrong(`The item ${name} is given twice; give each id once.`, { id });
    ids.add(id);
    for (const [what, text] of [
      ['content hash', content],
      ['location', location],
    ] as const) {
      if (typeof text !== 'string' || text.length > 4096 || !isStorable(text)) {
        throw wrong(`The ${what} of the item ${name} must be a text of at most 4096 characters without NUL.`, { id });
      }
    }
    checkMetadata(metadata, name);
    if (matching.length !== width || factorVectors.length !== factors * projection) {
      const found = `${matching.length} and ${factorVectors.length} numbers`;
      throw wrong(`The vectors of the item ${name} have ${found}; this gallery's have ${width} and ${factors * projection}.`, {
        id,
      });
    }
    checkUnit(matching, `The matching vector of the item ${name}`);
    if (!factorVectors.every(Number.isFinite)) throw wrong(`The factor vectors of the item ${name} are not finite.`, { id });
  }
}

/** Characters of an id. */
export const idLimit = 512;

/**
 * Why a text cannot be the id of a new item; undefined where it can. The one rule for all that gives ids: folders, lists, programs and
 * requests. Backslashes, "./" and a "/" in front are characters like others, since ids are no paths.
 */
export function idProblem(id: string): string | undefined {
  const wrong = wrongId(id);
  if (wrong !== undefined) return wrong;
  // In addresses, these two mean a folder, however they are written.
  return id === '.' || id === '..' ? 'it is "." or ".."' : undefined;
}

/** Why no store has such an id. */
function wrongId(id: string): string | undefined {
  if (typeof id !== 'string' || id === '') return 'it is empty';
  if (id.length > idLimit) return `it has more than ${idLimit} characters`;
  if (/\p{Cc}/u.test(id)) return 'it has a line end, a tab or another control character';
  return isStorable(id) ? undefined : 'it has half of a surrogate pair';
}

/** Whether a store may have an item of this id. @throws LimnError USAGE */
export function checkId(id: string): void {
  refuseId(id, wrongId(id));
}

/** @throws LimnError USAGE for an id that no new item may have */
export function checkNewId(id: string): void {
  refuseId(id, idProblem(id));
}

function refuseId(id: string, why: string | undefined): void {
  if (why === undefined) return;
  const shown = JSON.stringify(String(id).slice(0, 80));
  throw wrong(
    `${shown} is not a valid id, because ${why}: an id is a text of 1 to ${idLimit} characters without control characters.`,
    {
      id,
    },
  );
}

function checkMetadata(metadata: ItemMetadata, item: string): void {
  for (const [key, value] of Object.entries(metadata)) {
    if (!isMetadataKey(key)) {
      const rule = 'a key is a letter or "_", followed by letters, digits and "_", at most 64 characters';
      throw wrong(`The item ${item} has the metadata key ${JSON.stringify(key.slice(0, 80))}; ${rule}.`, { key });
    }
    const fits = value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
    if (!fits && (typeof value !== 'string' || !isStorable(value))) {
      const rule = 'a value is a text without NUL, a finite number, true, false or null';
      throw wrong(`The item ${item} has bad metadata "${key}"; ${rule}.`, { key });
    }
  }
  if (JSON.stringify(metadata).length > metadataLimit) {
    throw wrong(`The metadata of the item ${item} have more than ${metadataLimit} characters as JSON; keep less of them.`);
  }
}

/** @throws LimnError USAGE for a vector of another size or length, or a limit that is no whole number from 1 */
export function checkVectorQuery({ vector, limit }: VectorQuery, { width }: VectorSizes): void {
  if (vector.length !== width) throw wrong(`The query vector has ${vector.length} numbers; this gallery's have ${width}.`);
  checkUnit(vector, 'The query vector');
  checkLimit(limit);
}

export function checkListQuery({ limit }: ListQuery): void {
  checkLimit(limit);
}

function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw wrong(`The limit is ${limit}; it must be a whole number from 1.`);
}

function checkUnit(vector: Float32Array, what: string): void {
  let sum = 0;
  for (const value of vector) sum += value * value;
  // Also false for NaN.
  if (Math.abs(Math.sqrt(sum) - 1) <= lengthTolerance) return;
  throw wrong(`${what} has the length ${Math.sqrt(sum)} instead of 1; divide it by its length.`);
}
