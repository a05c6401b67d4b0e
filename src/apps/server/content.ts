/** What a request carries: JSON, or a multipart body with JSON and files; checked, and its pictures ready for a gallery. */
import type { z } from 'zod';
import { sha256 } from '../../core/files.js';
import type { PictureReference } from './contract.js';
import { parseHeaderValue } from './header-values.js';
import type { ServerLimits } from './limits.js';
import { boundaryOf, parseMultipart } from './multipart.js';
import { HttpProblem } from './problems.js';
import type { RequestPictures } from './request-pictures.js';
import type { ServedPicture } from './service.js';

export interface Content {
  /** The JSON's text. */
  json: Buffer | undefined;
  files: ReadonlyMap<string, Buffer>;
}

/**
 * Takes a body apart.
 *
 * @param jsonPart the name of the part with the JSON
 * @throws HttpProblem 400 for a broken body, 413 for too much of it, 415 for another type
 */
export function readContent(type: string | undefined, body: Buffer, jsonPart: string, limits: ServerLimits): Content {
  const boundary = boundaryOf(type ?? '');
  const isJson = parseHeaderValue(type ?? '')?.value === 'application/json';
  if (!isJson && boundary === undefined) {
    throw new HttpProblem(415, 'USAGE', 'The body must be application/json or multipart/form-data. Say which in content-type.');
  }
  const parts = boundary === undefined ? [{ name: jsonPart, bytes: body }] : parseMultipart(body, boundary, limits.parts);
  const files = new Map(parts.map(({ name, bytes }) => [name, bytes]));
  const json = files.get(jsonPart);
  files.delete(jsonPart);
  if (json && json.length > limits.jsonBytes) {
    throw new HttpProblem(413, 'TOO_LARGE', `The JSON has more than ${limits.jsonBytes} bytes. Send less.`);
  }
  return { json, files };
}

/** @throws HttpProblem 400 for text that is no UTF-8, no JSON or does not fit the schema, naming the place */
export function parseJson<S extends z.ZodType>(json: Buffer, schema: S, what: string): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json), refusePrototypes);
  } catch (cause) {
    if (cause instanceof HttpProblem) throw cause;
    throw new HttpProblem(400, 'USAGE', `The ${what} is not valid JSON in UTF-8.`, { cause });
  }
  return checked(schema, value, what);
}

/** Schemas would drop this key without a word. */
function refusePrototypes(key: string, value: unknown): unknown {
  if (key === '__proto__')
    throw new HttpProblem(400, 'USAGE', 'The JSON has a key "__proto__", which nothing here may be called.');
  return value;
}

function checked<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw misfit(parsed.error, what);
}

export function misfit(error: z.ZodError, what: string): HttpProblem {
  const issue = error.issues[0];
  const place = issue?.path.length ? ` at ${JSON.stringify(issue.path.join('.').slice(0, 100))}` : '';
  const message = `The ${what} does not fit${place}: ${(issue?.message ?? 'it is something else').slice(0, 300)}. See /docs for what it takes.`;
  return new HttpProblem(400, 'USAGE', message, { cause: error });
}

export interface PictureTools {
  files: ReadonlyMap<string, Buffer>;
  /** Looks at the header of each picture that comes with the request. */
  pictures: RequestPictures;
  /** Gets a picture from its URL; left out where the server does not. */
  fetchPicture?: ((url: string, signal: AbortSignal) => Promise<Uint8Array>) | undefined;
  signal: AbortSignal;
}

/** Pictures of one request, and what they are to a cursor: the same pictures have the same digests. */
export interface Pictures {
  pictures: ServedPicture[];
  digests: string[];
}

/**
 * The pictures that lists of a request name, with uploads and URLs read and checked.
 *
 * @throws HttpProblem 400 for an upload that is not there or that nothing names, 403 for a URL where none are allowed, and those of
 * {@link RequestPictures.check}
 */
export async function readPictures(lists: readonly (readonly PictureReference[])[], tools: PictureTools): Promise<Pictures[]> {
  const named = new Set(lists.flat().flatMap((picture) => ('upload' in picture ? [picture.upload] : [])));
  const spare = [...tools.files.keys()].find((name) => !named.has(name));
  if (spare !== undefined) {
    throw new HttpProblem(
      400,
      'USAGE',
      `The part ${JSON.stringify(spare)} is not named by the request. Name it as an "upload" or leave it out.`,
    );
  }
  // One header after the other, and none behind the first that is refused.
  let turn: Promise<unknown> = Promise.resolve();
  const check: Check = async (bytes, what, whole) => {
    const checking = turn.then(() => tools.pictures.check(bytes, what, whole));
    turn = checking;
    await checking;
  };
  const read = new Map<string, Promise<Uint8Array>>();
  const once = (name: string, get: () => Promise<Uint8Array>) => {
    const reading = read.get(name) ?? get();
    read.set(name, reading);
    return reading;
  };
  const resolve = async (picture: PictureReference): Promise<ServedPicture> => {
    if ('id' in picture) return picture;
    const { box } = picture;
    const bytes =
      'upload' in picture
        ? await once(`upload ${picture.upload}`, () => readUpload(picture.upload, tools, check))
        : await once(`url ${picture.url}`, () => readUrl(picture.url, tools, check));
    // Of a part all pixels are decoded, so it weighs more than the picture as a whole.
    if (box) await check(bytes, 'The picture with a box', true);
    return { bytes, box };
  };
  return Promise.all(
    lists.map(async (list) => {
      const pictures = await Promise.all(list.map(resolve));
      return {
        pictures,
        digests: pictures.map((picture) => {
          const part = picture.box ? ` ${JSON.stringify(picture.box)}` : '';
          return `${'id' in picture ? `id ${picture.id}` : `bytes ${sha256(picture.bytes)}`}${part}`;
        }),
      };
    }),
  );
}

type Check = (bytes: Uint8Array, what: string, whole?: boolean) => Promise<void>;

async function readUpload(name: string, { files }: PictureTools, check: Check): Promise<Uint8Array> {
  const bytes = files.get(name);
  if (!bytes) {
    throw new HttpProblem(
      400,
      'USAGE',
      `The request names the upload ${JSON.stringify(name)}, and the body has no part of that name.`,
    );
  }
  await check(bytes, `The upload ${JSON.stringify(name)}`);
  return bytes;
}

async function readUrl(url: string, { fetchPicture, signal }: PictureTools, check: Check): Promise<Uint8Array> {
  if (!fetchPicture) throw new HttpProblem(403, 'FORBIDDEN', 'This server fetches no pictures from URLs. Upload the picture.');
  const bytes = await fetchPicture(url, signal).catch((cause) => {
    signal.throwIfAborted();
    // In no other words: a stranger is not to learn which names and ports the server's network has.
    const rule = 'it must be the address of a picture on the public internet, by http or https, of the size of an upload';
    throw new HttpProblem(400, 'USAGE', `The picture of the URL cannot be fetched: ${rule}.`, { cause });
  });
  await check(bytes, 'The picture of the URL');
  return bytes;
}
