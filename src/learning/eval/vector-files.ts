/**
 * Vectors that another program has computed, from a file: .safetensors (a tensor named "vectors", or the only one) or .npy, one row a
 * query or picture. Ids of the rows are in the safetensors metadata under "ids" (a JSON list), or beside `name.npy` in
 * `name.ids.json` (a list) or `name.ids.txt` (one a line). Where several of these are there they must agree;
 * a file of ids that is given stands for those beside the vectors, and must agree with the ids in them.
 */
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { z } from 'zod';
import { LimnError, messageOf } from '../../core/errors.js';
import { readJson, sha256 } from '../../core/files.js';
import { readRegularFile } from '../../core/regular-file.js';
import { readText } from '../../core/text-file.js';
import { fromFloat16 } from '../../engine/tensor/float16.js';
import { decodeNpy } from '../../engine/tensor/npy.js';
import { openSafetensors, type StoredArray } from '../../engine/tensor/safetensors.js';
import type { Triplet } from '../data/triplets.js';
import { countOf, type RawVectors, selectRows } from './vectors.js';

/** Vectors that {@link readVectorFile} read. */
export interface VectorFile extends RawVectors {
  /** One a row, where the file or one beside it has them. */
  ids?: string[];
  /** SHA-256 of the file. */
  hash: string;
}

const idsSchema = z.array(z.union([z.string().min(1), z.number().int().transform(String)]));

/**
 * Reads vectors and, where there are any, their ids.
 *
 * @param idsFile the ids, .json or one a line, where the file has none
 * @throws LimnError USAGE for another kind of file, IO, DATA (CHECKPOINT for safetensors) for a broken one, DATA for ids that differ
 */
export async function readVectorFile(path: string, idsFile?: string): Promise<VectorFile> {
  const kind = extname(path).toLowerCase();
  if (kind !== '.npy' && kind !== '.safetensors') {
    throw new LimnError('USAGE', `${path} must be a .safetensors or .npy file of vectors.`, { details: { path } });
  }
  const bytes = await readRegularFile(path).catch((cause) => {
    throw new LimnError('IO', `Cannot read the vectors ${path}: ${messageOf(cause)}.`, { details: { path }, cause });
  });
  const { array, metadata } = kind === '.npy' ? { array: decodeNpy(bytes, path), metadata: undefined } : pick(bytes, path);
  const vectors = asVectors(array, path);
  const stem = path.slice(0, -kind.length);
  const found: IdList[] =
    metadata === undefined ? [] : [{ from: `the ids in ${path}`, ids: listOf(metadata, `the ids in ${path}`) }];
  const beside = [`${stem}.ids.json`, `${stem}.ids.txt`].filter((file) => existsSync(file));
  for (const file of idsFile === undefined ? beside : [idsFile]) found.push({ from: file, ids: await readIds(file) });
  const ids = theOneList(found, path);
  if (ids && ids.length !== countOf(vectors)) {
    const message = `${path} has ${countOf(vectors)} vectors, but there are ${ids.length} ids; give one id for each row, in the same order.`;
    throw new LimnError('DATA', message, { details: { path, vectors: countOf(vectors), ids: ids.length } });
  }
  return { ...vectors, ...(ids ? { ids } : {}), hash: sha256(bytes) };
}

/**
 * The rows of a query file in the order of the triplets: without ids the rows from `from` up to `to`. With ids they are found by the
 * annotations' own, or, where these have none, by the number of the triplet from 0 (from `from` in a file of several categories).
 *
 * @throws LimnError DATA when a triplet's id has no row, or ids are neither those of the annotations nor numbers
 */
export function rowsOfTriplets(queries: VectorFile, triplets: readonly Triplet[], from = 0, to = countOf(queries)): RawVectors {
  const { ids, data, width } = queries;
  if (!ids) return { data: data.subarray(from * width, to * width), width };
  if (triplets.every(({ id }) => id === undefined)) {
    const numbers = Array.from(ids.keys(), String);
    const known = new Set(ids);
    if (!numbers.every((number) => known.has(number))) {
      const message = `The annotations have no ids to find queries by: leave out --query-ids (or the ids in the file, the first of which is "${ids[0]}") and give one row a triplet, in order, or number the queries from 0 in that order.`;
      throw new LimnError('DATA', message, { details: { ids: ids.slice(0, 5) } });
    }
    return selectRows({ data, width, ids }, numbers.slice(from, to), 'queries');
  }
  const wanted = triplets.map(({ id, source }) => id ?? source);
  return selectRows({ data, width, ids }, wanted, 'queries');
}

interface IdList {
  /** Where they are, for messages. */
  from: string;
  ids: string[];
}

/** The ids where every list says the same: which of two orders is right nobody but their author knows. */
function theOneList([first, ...others]: readonly IdList[], path: string): string[] | undefined {
  if (!first) return undefined;
  for (const { from, ids } of others) {
    const at = Array.from({ length: Math.max(ids.length, first.ids.length) }, (_, i) => i).find((i) => ids[i] !== first.ids[i]);
    if (at === undefined) continue;
    const shown = (id: string | undefined) => (id === undefined ? 'nothing' : `"${id}"`);
    const message = `${first.from} and ${from} name the rows of ${path} differently: row ${at + 1} is ${shown(first.ids[at])} and ${shown(ids[at])}. Keep the right ones and remove the others.`;
    throw new LimnError('DATA', message, { details: { path, row: at + 1 } });
  }
  return first.ids;
}

/** Ids from a .json list, or one a line. @throws LimnError IO or DATA */
async function readIds(path: string): Promise<string[]> {
  if (path.toLowerCase().endsWith('.json')) return parseIds(await readJson(path, 'a list of ids'), path);
  const text = await readText(path, 'a list of ids');
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  while (lines.at(-1) === '') lines.pop();
  return parseIds(lines, path);
}

function listOf(text: string, label: string): string[] {
  try {
    return parseIds(JSON.parse(text), label);
  } catch (cause) {
    if (LimnError.isInstance(cause)) throw cause;
    throw new LimnError('DATA', `${label} are not a JSON list: ${messageOf(cause)}.`, { cause });
  }
}

function parseIds(value: unknown, label: string): string[] {
  const parsed = idsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path[0];
  const what = at === undefined ? 'not a list' : `wrong at entry ${Number(at) + 1}`;
  throw new LimnError('DATA', `${label}: ids must be a list of names, and this is ${what}.`, { details: { label } });
}

function pick(bytes: Uint8Array, path: string) {
  const { names, metadata, read } = openSafetensors(bytes, path);
  const name = names.includes('vectors') ? 'vectors' : names[0];
  if (name === undefined || (name !== 'vectors' && names.length > 1)) {
    const message = `${path} holds ${names.length} tensors (${names.slice(0, 5).join(', ')}); name the vectors "vectors".`;
    throw new LimnError('DATA', message, { details: { path, names } });
  }
  return { array: read(name), metadata: metadata.ids };
}

function asVectors(array: StoredArray, path: string): RawVectors {
  const { dtype, shape } = array;
  const [count = 0, width = 0] = shape;
  if (shape.length !== 2 || count === 0 || width === 0) {
    const message = `${path} has the shape [${shape}]; vectors must be (rows, width), with at least one of each.`;
    throw new LimnError('DATA', message, { details: { path, shape } });
  }
  const { data } = array;
  if (data instanceof Float32Array || data instanceof Float64Array) return { data, width };
  if (data instanceof Uint16Array) return { data: fromFloat16(data), width };
  throw new LimnError('DATA', `${path} holds ${dtype} values; vectors must be float32, float16 or float64.`, {
    details: { path },
  });
}
