/**
 * The safetensors format (github.com/huggingface/safetensors): an 8-byte little-endian header length, a JSON header that maps
 * a name to dtype, shape and byte offsets, then the values, little-endian and without gaps. It holds data only, no code.
 */
import { crc32 } from '../../core/checksum.js';
import { LimnError, messageOf } from '../../core/errors.js';
import { bytesOf, bytesPerElement, type DType, newArray, sizeOf, type Tensor, tensor } from './tensor.js';

const storedNames = { float32: 'F32', float16: 'F16', int64: 'I64', int32: 'I32', bool: 'BOOL' } as const;
const dtypes = new Map(Object.entries(storedNames).map(([dtype, stored]) => [stored as string, dtype as DType]));
/** Bytes of a value of every type that the format has by name. */
const storedBytes: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, F8_E8M0: 1 },
  ...{ I16: 2, U16: 2, F16: 2, BF16: 2, I32: 4, U32: 4, F32: 4, I64: 8, U64: 8, F64: 8 },
};
const metadataKey = '__metadata__';
const longestHeader = 100_000_000;
const checksumKey = 'checksum';
const sealStart = `"${checksumKey}":"crc32:`;
const digits = (checksum: number) => checksum.toString(16).padStart(8, '0');
const noChecksum = `crc32:${digits(0)}`;
const sealOf = (checksum: string) => `"${checksumKey}":"${checksum}"`;

/**
 * A safetensors file as the parts to write one after another; the values are views, not copies.
 *
 * Tensors are laid out with the widest dtype first and then by name, so that each one is aligned and equal content gives equal
 * bytes whatever the order of the record. The metadata get a `checksum`: a CRC-32 of the whole file with that field's digits as zeros, so
 * that {@link decodeSafetensors} finds a damaged header as well as damaged values.
 *
 * @throws LimnError CHECKPOINT for a tensor that is named `__metadata__`
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array[] {
  const entries = Object.entries(tensors).sort(
    ([nameA, a], [nameB, b]) =>
      bytesPerElement[b.dtype] - bytesPerElement[a.dtype] || (nameA < nameB ? -1 : nameA > nameB ? 1 : 0),
  );
  const header: [string, unknown][] = [[metadataKey, { ...metadata, [checksumKey]: noChecksum }]];
  let offset = 0;
  for (const [name, value] of entries) {
    if (name === metadataKey) throw new LimnError('CHECKPOINT', `A tensor cannot be named ${metadataKey}: rename it.`);
    const end = offset + value.data.byteLength;
    header.push([name, { dtype: storedNames[value.dtype], shape: value.shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const head = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(text, 8);
  const parts = [head, ...entries.map(([, value]) => bytesOf(value))];
  const checksum = parts.reduce((before, part) => crc32(part, before), 0);
  head.set(new TextEncoder().encode(digits(checksum)), Buffer.from(head.buffer).indexOf(sealOf(noChecksum)) + sealStart.length);
  return parts;
}

/** A tensor, or an array of doubles, which graphs do not exchange. */
export type StoredArray = Tensor | { readonly dtype: 'float64'; readonly shape: readonly number[]; readonly data: Float64Array };

export interface SafetensorsFile {
  /** In the order of their values. */
  names: string[];
  metadata: Record<string, string>;
  /** The type of a tensor by the format's name, such as F32. */
  storedAs(name: string): string;
  /** A copy of one tensor, BF16 as the float32 of equal value. @throws LimnError CHECKPOINT for a type that limn does not read, and for damage */
  read(name: string): StoredArray;
}

/**
 * Reads a safetensors file that is in memory, of types that graphs exchange. The tensors are copies, so that `bytes` can be dropped.
 *
 * @param label what the file is, usually its path, for error messages
 * @throws LimnError CHECKPOINT when the file is cut short, is not safetensors, its header contradicts itself, or it holds
 * another type
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  label: string,
): { tensors: Record<string, Tensor>; metadata: Record<string, string> } {
  const { names, metadata, storedAs, read } = openSafetensors(bytes, label);
  const tensors = names.map((name): [string, Tensor] => {
    const stored = storedAs(name);
    if (!dtypes.has(stored)) throw typeError(label, name, stored, [...dtypes.keys()]);
    return [name, read(name) as Tensor];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

function typeError(label: string, name: string, stored: string, known: readonly string[]): LimnError {
  const message = `${label} cannot be used: ${name} has dtype ${stored}, and limn reads ${known.join(', ')} here. Save it as F32.`;
  return new LimnError('CHECKPOINT', message, { details: { label, name, dtype: stored } });
}

/** Checks a safetensors file that is in memory; its tensors are read one by one. Throws like {@link decodeSafetensors}. */
export function openSafetensors(bytes: Uint8Array, label: string): SafetensorsFile {
  const wrong = (what: string, cause?: unknown) =>
    new LimnError('CHECKPOINT', `${label} is not a usable safetensors file: ${what}. Use another copy of it.`, {
      details: { label },
      cause,
    });
  const cutShort = (needed: number) =>
    new LimnError(
      'CHECKPOINT',
      `${label} is cut short: it has ${bytes.length} bytes of ${needed}. Use an earlier checkpoint or another copy of the file.`,
      { details: { label, bytes: bytes.length, needed } },
    );
  if (bytes.length < 8) throw cutShort(8);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (headerLength > longestHeader) throw wrong(`its header claims to be ${headerLength} bytes long`);
  const start = 8 + headerLength;
  if (bytes.length < start) throw cutShort(start);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (error) {
    throw wrong(`its header is not JSON (${messageOf(error)})`, error);
  }
  if (!isRecord(header)) throw wrong('its header is not a JSON object');

  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  let checksum: string | undefined;
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataKey) {
      if (!isRecord(value) || Object.values(value).some((text) => typeof text !== 'string')) {
        throw wrong('its metadata is not a map from text to text');
      }
      const { [checksumKey]: found, ...rest } = value as Record<string, string>;
      const isOurs = found?.startsWith('crc32:') === true;
      checksum = isOurs ? found : undefined;
      metadata = isOurs ? rest : (value as Record<string, string>);
    } else entries.push(readEntry(name, value, wrong));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin < covered) throw wrong(`the values of ${name} overlap another tensor's`);
    if (begin > covered) throw wrong(`there are ${begin - covered} unclaimed bytes before ${name}`);
    covered = end;
  }
  if (bytes.length < start + covered) throw cutShort(start + covered);
  if (bytes.length > start + covered) throw wrong(`${bytes.length - start - covered} bytes follow the last tensor`);
  if (checksum !== undefined && !fits(bytes, start, checksum)) throw wrong('it does not fit its checksum');
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const read = (name: string): StoredArray => {
    const { stored, shape, begin, end } = byName.get(name) as Entry;
    const own = Uint8Array.from(bytes.subarray(start + begin, start + end));
    if (stored === 'F64') return { dtype: 'float64', shape, data: new Float64Array(own.buffer) };
    // A BF16 is the first half of the float32 of equal value.
    if (stored === 'BF16') {
      const bits = Uint32Array.from(new Uint16Array(own.buffer), (half) => half << 16);
      return tensor('float32', shape, new Float32Array(bits.buffer));
    }
    const dtype = dtypes.get(stored);
    if (!dtype) throw typeError(label, name, stored, [...dtypes.keys(), 'BF16', 'F64']);
    if (dtype === 'bool' && own.some((value) => value > 1)) throw wrong(`${name} holds truth values other than 0 and 1`);
    return tensor(dtype, shape, newArray(dtype, sizeOf(shape), own.buffer));
  };
  const storedAs = (name: string) => (byName.get(name) as Entry).stored;
  return { names: entries.map(({ name }) => name), metadata, storedAs, read };
}

/** Whether a file has the checksum that its header says; files of other programs may say something else under that name. */
function fits(bytes: Uint8Array, valuesAt: number, checksum: string): boolean {
  const head = Uint8Array.from(bytes.subarray(0, valuesAt));
  const at = Buffer.from(head.buffer).indexOf(sealOf(checksum));
  if (at < 0) return false;
  head.set(new TextEncoder().encode(digits(0)), at + sealStart.length);
  return checksum === `crc32:${digits(crc32(bytes.subarray(valuesAt), crc32(head)))}`;
}

interface Entry {
  name: string;
  /** The type by the format's name. */
  stored: string;
  shape: number[];
  begin: number;
  end: number;
}

function readEntry(name: string, value: unknown, wrong: (what: string) => LimnError): Entry {
  const whole = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
  if (!isRecord(value)) throw wrong(`the header's entry of ${name} is not an object`);
  const { dtype: stored, shape, data_offsets: offsets } = value;
  if (typeof stored !== 'string' || !Object.hasOwn(storedBytes, stored)) {
    throw wrong(`${name} has the dtype ${JSON.stringify(stored)}, which the format does not have`);
  }
  if (!Array.isArray(shape) || !shape.every(whole)) throw wrong(`${name} has no valid shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole)) throw wrong(`${name} has no valid offsets`);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== sizeOf(shape) * (storedBytes[stored] as number)) {
    throw wrong(`${name} of dtype ${stored} and shape [${shape}] does not fill its ${end - begin} bytes`);
  }
  return { name, stored, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
