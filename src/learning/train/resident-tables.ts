/**
 * Tables of cached features on a GPU: which of them a training puts there, and their tensors part by part.
 *
 * A part is as large as any WebGPU device can bind (the limit that the specification guarantees), because ONNX Runtime does not tell
 * the limits of the adapter; nor does it tell the memory, which therefore has a budget.
 */
import { LimnError } from '../../core/errors.js';
import { fromFloat16 } from '../../engine/tensor/float16.js';
import { type Tensor, tensor } from '../../engine/tensor/tensor.js';
import { partName, type ResidentFeatures } from '../../models/backbone/resident-features.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';

/** WebGPU's guaranteed maxStorageBufferBindingSize, in bytes. */
export const bindable = 128 * 2 ** 20;
/** More nodes to gather and join them would cost more than feeding the features. */
const mostParts = 49;
const defaultMebibytes = 1024;

export interface ResidentTablesOptions {
  images: ImageFeatures;
  /** Whether the model has a use for local tokens. */
  usesLocal: boolean;
  /** Whether the device computes with float16; else the tables are float32. */
  float16: boolean;
  /** Bytes that all tables may have. @default `LIMN_DEVICE_FEATURES` in MiB, or 1,024 MiB */
  budget?: number;
  /** Bytes of a part. @default {@link bindable} */
  part?: number;
}

/** Tables, or why there are none, in words for the log; neither for images that have no features of their own. */
export interface ChosenTables {
  features?: ResidentFeatures;
  remark?: string;
}

/** @throws LimnError USAGE where `LIMN_DEVICE_FEATURES` is no number */
export function chooseTables(options: ResidentTablesOptions): ChosenTables {
  const { images, usesLocal, float16, budget = budgetSet(), part = bindable } = options;
  const { table } = images;
  if (!table) return {};
  const { count, local, global } = table;
  const itemBytes = float16 ? 2 : 4;
  const bytes = count * itemBytes * (global.channels + (usesLocal ? local.tokens * local.channels : 0));
  const size = `the cached features of ${count} images (${mebibytes(bytes)} MiB as ${float16 ? 'float16' : 'float32'})`;
  if (bytes > budget) {
    const remark = `${size} are fed step by step: more than the ${mebibytes(budget)} MiB of LIMN_DEVICE_FEATURES`;
    return { remark };
  }
  const parts = (rows: number, channels: number) => partsOf(channels, Math.floor(part / (rows * itemBytes)));
  const localParts = usesLocal ? parts(count * local.tokens, local.channels) : [];
  const globalParts = parts(count, global.channels);
  if (!localParts || !globalParts || count * local.tokens >= 2 ** 31) {
    return { remark: `${size} are fed step by step: too many for a device's buffers` };
  }
  const dtype = float16 ? 'float16' : 'float32';
  const features = { count, dtype, tokens: local.tokens, local: localParts, global: globalParts } as const;
  return { features, remark: `${size} stay on the device` };
}

function budgetSet(): number {
  const set = process.env.LIMN_DEVICE_FEATURES;
  const given = Number(set || defaultMebibytes);
  if (Number.isFinite(given) && given >= 0) return given * 2 ** 20;
  throw new LimnError(
    'USAGE',
    `LIMN_DEVICE_FEATURES is "${set}": give the MiB of cached features that a GPU keeps, 0 for none.`,
    {
      details: { set },
    },
  );
}

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(bytes < 100 * 2 ** 20 ? 1 : 0);

/** Channels in even parts of at most `most`; undefined where these are too many. */
function partsOf(channels: number, most: number): number[] | undefined {
  if (most === 0) return undefined;
  const count = Math.ceil(channels / most);
  if (count > mostParts) return undefined;
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 1) * channels) / count) - Math.floor((i * channels) / count));
}

/** The tensors of the tables' parts, one after another: no more than one of them need be in memory. */
export function* residentTensors(images: ImageFeatures, features: ResidentFeatures): Generator<[name: string, part: Tensor]> {
  const { table } = images;
  if (!table) return;
  for (const kind of ['local', 'global'] as const) {
    let first = 0;
    for (const [i, columns] of features[kind].entries()) {
      yield [partName(kind, i), partOf(table, kind, features, { first, columns })];
      first += columns;
    }
  }
}

/** Columns of a table of all images' features. */
function partOf(
  table: NonNullable<ImageFeatures['table']>,
  kind: 'local' | 'global',
  { dtype }: ResidentFeatures,
  { first, columns }: { first: number; columns: number },
): Tensor {
  const { count, local, global } = table;
  const { channels } = kind === 'local' ? local : global;
  const each = kind === 'local' ? local.tokens : 1;
  const halves = dtype === 'float16' ? new Uint16Array(count * each * columns) : undefined;
  const floats = halves ? undefined : new Float32Array(count * each * columns);
  for (let at = 0; at < count; at += 64) {
    const rows = Array.from({ length: Math.min(64, count - at) }, (_, i) => at + i);
    const read = {
      local: new Uint16Array(rows.length * local.tokens * local.channels),
      global: new Uint16Array(rows.length * global.channels),
    };
    table.gather(rows, read.local, read.global);
    for (let row = 0; row < rows.length * each; row++) {
      const values = read[kind].subarray(row * channels + first, row * channels + first + columns);
      const to = (at * each + row) * columns;
      if (halves) halves.set(values, to);
      else floats?.set(fromFloat16(values), to);
    }
  }
  const shape = [count * each, columns];
  return halves ? tensor('float16', shape, halves) : tensor('float32', shape, floats as Float32Array);
}
