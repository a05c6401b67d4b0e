/**
 * A WebAssembly module from instructions (core specification 2.0, chapter 5 "Binary Format"): as much of the format as loops over vectors of
 * four float32 need, which JavaScript has no instructions for.
 */

export const wasmTypes = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type WasmType = keyof typeof wasmTypes;
/** Bytes of instructions. */
export type Code = readonly number[];

export interface WasmFunction {
  name: string;
  parameters: readonly WasmType[];
  result?: WasmType;
  /** Variables behind the parameters, which are numbered first. */
  locals: readonly WasmType[];
  body: readonly Code[];
}

/** An unsigned number, seven bits a byte. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** A number from 0, seven bits a byte, whose last byte must not look negative. */
function positive(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...positive(value >>> 7)];
}

const vector = (operation: number): Code => [0xfd, ...unsigned(operation)];
const aligned16 = [4, 0];

export const get = (variable: number): Code => [0x20, variable];
export const set = (variable: number): Code => [0x21, variable];
export const tee = (variable: number): Code => [0x22, variable];
export const addI32: Code = [0x6a];
export const addF32: Code = [0x92];
export const addF64: Code = [0xa0];
export const storeF32: Code = [0x38, 2, 0];
export const storeI32: Code = [0x36, 2, 0];
export const splatF32 = vector(0x13);
export const loadVector: Code = [...vector(0x00), ...aligned16];
export const zeroVector: Code = [...vector(0x0c), ...new Array<number>(16).fill(0)];
export const storeVector: Code = [...vector(0x0b), ...aligned16];
export const sqrtF32x4 = vector(0xe3);
export const addF32x4 = vector(0xe4);
export const subF32x4 = vector(0xe5);
export const mulF32x4 = vector(0xe6);
export const divF32x4 = vector(0xe7);
export const addF64x2 = vector(0xf0);
/** The lower two of four float32 as float64. */
export const lowAsF64x2 = vector(0x5f);
/** Puts the upper half of the vector on the stack, pushed twice, into the lower. */
export const upperHalf: Code = [...vector(0x0d), ...[8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]];
export const laneF32x4 = (lane: number): Code => [...vector(0x1f), lane];
export const laneF64x2 = (lane: number): Code => [...vector(0x21), lane];

/** The vector behind so many bytes of the one at an address. */
export const loadVectorBehind = (bytes: number): Code => [...vector(0x00), 4, ...unsigned(bytes)];

/** Eight int8 behind so many bytes of an address, as int16. */
export const loadCodesBehind = (bytes: number): Code => [...vector(0x01), 3, ...unsigned(bytes)];
/** Products of eight int16, neighbours added: four int32. */
export const dotI16x8 = vector(0xba);
export const addI32x4 = vector(0xae);
export const laneI32x4 = (lane: number): Code => [...vector(0x1b), lane];

/** variable += bytes */
export const increase = (variable: number, bytes: number): Code => [
  ...[...get(variable), 0x41, ...positive(bytes)],
  ...[...addI32, ...set(variable)],
];
/** variable += 16 bytes */
export const advance = (variable: number): Code => increase(variable, 16);

/** The body while one variable is below another, not once where it is not. */
export const whileBelow = (variable: number, end: number, body: readonly Code[]): Code => [
  ...[0x02, 0x40, 0x03, 0x40],
  ...[...get(variable), ...get(end), 0x4f, 0x0d, 0x01],
  ...[...body.flat(), 0x0c, 0x00],
  ...[0x0b, 0x0b],
];

/** Repeats the body while one variable is below another, once at least. */
export const loopWhileBelow = (variable: number, end: number, body: readonly Code[]): Code => [
  ...[0x03, 0x40],
  ...body.flat(),
  ...[...get(variable), ...get(end), 0x49, 0x0d, 0x00],
  0x0b,
];

const list = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): number[] => [id, ...unsigned(content.length), ...content];
const text = (value: string): number[] => list([...new TextEncoder().encode(value)].map((byte) => [byte]));
const typesOf = (types: readonly WasmType[]) => list(types.map((type) => [wasmTypes[type]]));

/**
 * A module that imports its memory as `host.memory` and exports the functions.
 *
 * @param sharedPages the most pages of the memory, where it is shared between threads. @default it is not
 */
export function assemble(functions: readonly WasmFunction[], sharedPages?: number): Uint8Array<ArrayBuffer> {
  const limits = sharedPages === undefined ? [0x00, 0x00] : [0x03, 0x01, ...unsigned(sharedPages)];
  const bodies = functions.map(({ locals, body }) => {
    const code = [...list(locals.map((type) => [1, wasmTypes[type]])), ...body.flat(), 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      list(functions.map(({ parameters, result }) => [0x60, ...typesOf(parameters), ...typesOf(result ? [result] : [])])),
    ),
    ...section(2, list([[...text('host'), ...text('memory'), 0x02, ...limits]])),
    ...section(3, list(functions.map((_, i) => unsigned(i)))),
    ...section(7, list(functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]))),
    ...section(10, list(bodies)),
  ]);
}
