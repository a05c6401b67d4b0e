/**
 * NumPy's .npy format, versions 1 to 3 (numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a magic string, the length
 * of a header, a Python dictionary of dtype, order and shape as text, then the values. Arrays of numbers are read, of either byte
 * order, in C or Fortran order; pickled objects never are.
 */
import { LimnError } from '../../core/errors.js';
import { bytesOf, bytesPerElement, newArray, sizeOf, type Tensor, tensor } from './tensor.js';

/** A tensor, or an array of doubles, which graphs do not exchange. */
export type NpyArray =
  | Tensor<'float32' | 'float16' | 'int64' | 'int32'>
  | { readonly dtype: 'float64'; readonly shape: readonly number[]; readonly data: Float64Array };

type NpyDType = NpyArray['dtype'];

const descriptions: Record<NpyDType, string> = { float32: '<f4', float16: '<f2', float64: '<f8', int64: '<i8', int32: '<i4' };
const dtypes = new Map(Object.entries(descriptions).map(([dtype, text]) => [text.slice(1), dtype as NpyDType]));
const magic = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
const longestHeader = 65_536;
/** As in NumPy. */
const mostAxes = 64;
const bytesOfOne = (dtype: NpyDType) => (dtype === 'float64' ? 8 : bytesPerElement[dtype]);

/** An .npy file, version 1, as the parts to write one after another; the values are a view, not a copy. */
export function encodeNpy(array: NpyArray): Uint8Array[] {
  const shape = array.shape.length === 1 ? `${array.shape[0]},` : array.shape.join(', ');
  const text = `{'descr': '${descriptions[array.dtype]}', 'fortran_order': False, 'shape': (${shape}), }`;
  const start = magic.length + 4;
  const head = new Uint8Array(Math.ceil((start + text.length + 1) / 64) * 64).fill(0x20);
  head.set(magic);
  head.set([1, 0], magic.length);
  new DataView(head.buffer).setUint16(magic.length + 2, head.length - start, true);
  head.set(new TextEncoder().encode(text), start);
  head[head.length - 1] = 0x0a;
  const { data } = array;
  return [head, array.dtype === 'float64' ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : bytesOf(array)];
}

/**
 * Reads an .npy file that is in memory. The values are a copy, so that `bytes` can be dropped.
 *
 * @param label what the file is, usually its path, for error messages
 * @throws LimnError DATA when the file is cut short, is not .npy, or holds something other than numbers that limn knows
 */
export function decodeNpy(bytes: Uint8Array, label: string): NpyArray {
  const wrong = (what: string, advice = 'Write it again with numpy.save.') =>
    new LimnError('DATA', `${label} is not a usable .npy file: ${what}. ${advice}`, { details: { label } });
  const cutShort = (needed: number) =>
    new LimnError('DATA', `${label} is cut short: it has ${bytes.length} bytes of ${needed}. Use another copy of the file.`, {
      details: { label, bytes: bytes.length, needed },
    });
  if (magic.some((value, at) => at < bytes.length && bytes[at] !== value)) throw wrong('it does not begin as one');
  if (bytes.length < 12) throw cutShort(12);
  const major = bytes[6] as number;
  if (major < 1 || major > 3) throw wrong(`it has format version ${major}, and limn reads 1 to 3`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerLength > longestHeader) throw wrong(`its header claims to be ${headerLength} bytes long`);
  const start = (major === 1 ? 10 : 12) + headerLength;
  if (bytes.length < start) throw cutShort(start);
  const { dtype, shape, bigEndian, fortran } = readHeader(
    new TextDecoder().decode(bytes.subarray(start - headerLength, start)),
    wrong,
  );
  const needed = start + sizeOf(shape) * bytesOfOne(dtype);
  if (bytes.length < needed) throw cutShort(needed);
  if (bytes.length > needed) throw wrong(`${bytes.length - needed} bytes follow the values`);
  const values = Uint8Array.from(bytes.subarray(start));
  if (bigEndian) reverseEach(values, bytesOfOne(dtype));
  const { buffer } = fortran ? inCOrder(values, shape, bytesOfOne(dtype)) : values;
  if (dtype === 'float64') return { dtype, shape, data: new Float64Array(buffer) };
  return tensor(dtype, shape, newArray(dtype, sizeOf(shape), buffer)) as NpyArray;
}

/** Turns the bytes of every value round. */
function reverseEach(bytes: Uint8Array, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) buffer.swap16();
  else if (size === 4) buffer.swap32();
  else buffer.swap64();
}

/** The values of an array whose first index runs fastest, with the last one running fastest. */
function inCOrder(bytes: Uint8Array, shape: readonly number[], size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes.length);
  const index = shape.map(() => 0);
  for (let from = 0; from < bytes.length; from += size) {
    const to = size * index.reduce((position, at, axis) => position * (shape[axis] as number) + at, 0);
    for (let i = 0; i < size; i++) out[to + i] = bytes[from + i] as number;
    for (let axis = 0; axis < index.length && ++index[axis]! === shape[axis]; axis++) index[axis] = 0;
  }
  return out;
}

interface Header {
  dtype: NpyDType;
  shape: number[];
  bigEndian: boolean;
  fortran: boolean;
}

function readHeader(text: string, wrong: (what: string, advice?: string) => LimnError): Header {
  const fieldOf = (key: string, value: string) => new RegExp(`['"]${key}['"]\\s*:\\s*${value}`).exec(text)?.[1];
  const order = fieldOf('fortran_order', '(True|False)');
  const extents = fieldOf('shape', '\\(([\\dL\\s,]*)\\)')?.replaceAll('L', '');
  if (!text.startsWith('{') || !text.trimEnd().endsWith('}') || order === undefined || extents === undefined)
    throw wrong('its header is not understood');
  const description = fieldOf('descr', `['"]([^'"]*)['"]`);
  const [byteOrder, kind] = [description?.[0] ?? '', description?.slice(1) ?? ''];
  const dtype = '<>='.includes(byteOrder) ? dtypes.get(kind) : undefined;
  if (!dtype) {
    const what = description === undefined ? 'several fields' : description === '|O' ? 'Python objects' : `dtype ${description}`;
    throw wrong(`it holds ${what}, and limn reads ${[...dtypes.keys()].join(', ')}`, "Save array.astype('float32') instead.");
  }
  const shape = extents
    .split(',')
    .map((part) => part.trim())
    .filter((part, at, parts) => part !== '' || at < parts.length - 1)
    .map((part) => (part === '' ? Number.NaN : Number(part)));
  if (shape.length > mostAxes || !shape.every(Number.isSafeInteger) || !Number.isSafeInteger(sizeOf(shape) * bytesOfOne(dtype))) {
    throw wrong(`its shape (${extents}) is not valid`);
  }
  return { dtype, shape, bigEndian: byteOrder === '>', fortran: order === 'True' };
}
