/**
 * The safetensors format (github.com/huggingface/safetensors): an 8-byte little-endian header length, a JSON header that maps
 * a name to dtype, shape and byte offsets, then the values, little-endian and without gaps. It holds data only, no code.
 */
import { LimnError, messageOf } from '../../core/errors.js';
import { bytesOf, bytesPerElement, type DType, newArray, sizeOf, type Tensor, tensor } from './tensor.js';

const storedNames = { float32: 'F32', float16: 'F16', int64: 'I64', int32: 'I32', bool: 'BOOL' } as const;
const dtypes = new Map(Object.entries(storedNames).map(([dtype, stored]) => [stored as string, dtype as DType]));
const metadataKey = '__metadata__';
const longestHeader = 100_000_000;

/**
 * A safetensors file as the parts to write one after another; the values are views, not copies.
 *
 * Tensors are laid out with the widest dtype first and then by name, so that each one is aligned and equal content gives equal
 * bytes whatever the order of the record.
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
  const header: [string, unknown][] = metadata ? [[metadataKey, { ...metadata }]] : [];
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
  return [head, ...entries.map(([, value]) => bytesOf(value))];
}

/**
 * Reads a safetensors file that is in memory. The tensors are copies, so that `bytes` can be dropped.
 *
 * @param label what the file is, usually its path, for error messages
 * @throws LimnError CHECKPOINT when the file is cut short, is not safetensors, or its header contradicts itself
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  label: string,
): { tensors: Record<string, Tensor>; metadata: Record<string, string> } {
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
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataKey) {
      if (!isRecord(value) || Object.values(value).some((text) => typeof text !== 'string')) {
        throw wrong('its metadata is not a map from text to text');
      }
      metadata = value as Record<string, string>;
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
  const read = ({ name, dtype, shape, begin, end }: Entry): [string, Tensor] => {
    const own = Uint8Array.from(bytes.subarray(start + begin, start + end));
    if (dtype === 'bool' && own.some((value) => value > 1)) throw wrong(`${name} holds truth values other than 0 and 1`);
    return [name, tensor(dtype, shape, newArray(dtype, sizeOf(shape), own.buffer))];
  };
  return { tensors: Object.fromEntries(entries.map(read)), metadata };
}

interface Entry {
  name: string;
  dtype: DType;
  shape: number[];
  begin: number;
  end: number;
}

function readEntry(name: string, value: unknown, wrong: (what: string) => LimnError): Entry {
  const whole = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
  if (!isRecord(value)) throw wrong(`the header's entry of ${name} is not an object`);
  const { dtype: stored, shape, data_offsets: offsets } = value;
  const dtype = typeof stored === 'string' ? dtypes.get(stored) : undefined;
  if (!dtype) throw wrong(`${name} has dtype ${String(stored)}, and limn reads ${[...dtypes.keys()].join(', ')}`);
  if (!Array.isArray(shape) || !shape.every(whole)) throw wrong(`${name} has no valid shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole)) throw wrong(`${name} has no valid offsets`);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== sizeOf(shape) * bytesPerElement[dtype]) {
    throw wrong(`${name} of dtype ${stored} and shape [${shape}] does not fill its ${end - begin} bytes`);
  }
  return { name, dtype, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
