/** What a request carries: JSON, or a multipart body with JSON and files; checked, and its pictures ready for a gallery. */
import type { z } from 'zod';
import { sha256 } from '../../../core/files.js';
import type { ApiImageReference } from '../contract.js';
import type { ServedImage } from '../galleries/service.js';
import type { ServerLimits } from '../guard/limits.js';
import { HttpProblem } from '../handlers/problems.js';
import { parseHeaderValue } from './header-values.js';
import { boundaryOf, parseMultipart } from './multipart.js';
import type { RequestImages } from './request-images.js';

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
    throw new HttpProblem(400, 'USAGE', 'The JSON has a key "__proto__", which is not allowed. Rename it.');
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
  const message = `The ${what} is not valid${place}: ${(issue?.message ?? 'it is something else').slice(0, 300)}. See /docs for what it takes.`;
  return new HttpProblem(400, 'USAGE', message, { cause: error });
}

export interface ImageTools {
  files: ReadonlyMap<string, Buffer>;
  /** Looks at the header of each picture that comes with the request. */
  images: RequestImages;
  /** Gets a picture from its URL; left out where the server does not. */
  fetchImage?: ((url: string, signal: AbortSignal) => Promise<Uint8Array>) | undefined;
  signal: AbortSignal;
}

/** Pictures of one request, and what they are to a cursor: the same pictures have the same digests. */
export interface Images {
  images: ServedImage[];
  digests: string[];
}

/**
 * The pictures that lists of a request name, with uploads and URLs read and checked.
 *
 * @throws HttpProblem 400 for an upload that is not there or that nothing names, 403 for a URL where none are allowed, and those of
 * {@link RequestImages.check}
 */
export async function readImages(lists: readonly (readonly ApiImageReference[])[], tools: ImageTools): Promise<Images[]> {
  const named = new Set(lists.flat().flatMap((image) => ('upload' in image ? [image.upload] : [])));
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
    const checking = turn.then(() => tools.images.check(bytes, what, whole));
    turn = checking;
    await checking;
  };
  const read = new Map<string, Promise<Uint8Array>>();
  const once = (name: string, get: () => Promise<Uint8Array>) => {
    const reading = read.get(name) ?? get();
    read.set(name, reading);
    return reading;
  };
  const resolve = async (image: ApiImageReference): Promise<ServedImage> => {
    if ('id' in image) return image;
    const { box } = image;
    const bytes =
      'upload' in image
        ? await once(`upload ${image.upload}`, () => readUpload(image.upload, tools, check))
        : await once(`url ${image.url}`, () => readUrl(image.url, tools, check));
    // Of a part all pixels are decoded, so it weighs more than the picture as a whole.
    if (box) await check(bytes, 'The picture with a box', true);
    return { bytes, box };
  };
  return Promise.all(
    lists.map(async (list) => {
      const images = await Promise.all(list.map(resolve));
      return {
        images,
        digests: images.map((image) => {
          const part = image.box ? ` ${JSON.stringify(image.box)}` : '';
          return `${'id' in image ? `id ${image.id}` : `bytes ${sha256(image.bytes)}`}${part}`;
        }),
      };
    }),
  );
}

type Check = (bytes: Uint8Array, what: string, whole?: boolean) => Promise<void>;

async function readUpload(name: string, { files }: ImageTools, check: Check): Promise<Uint8Array> {
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

async function readUrl(url: string, { fetchImage, signal }: ImageTools, check: Check): Promise<Uint8Array> {
  if (!fetchImage) throw new HttpProblem(403, 'FORBIDDEN', 'This server does not fetch images from URLs. Upload the image.');
  const bytes = await fetchImage(url, signal).catch((cause) => {
    signal.throwIfAborted();
    // In no other words: a stranger is not to learn which names and ports the server's network has.
    const rule = 'it must be the address of a picture on the public internet, by http or https, of the size of an upload';
    throw new HttpProblem(400, 'USAGE', `The picture of the URL cannot be fetched: ${rule}.`, { cause });
  });
  await check(bytes, 'The picture of the URL');
  return bytes;
}
