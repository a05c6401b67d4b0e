/**
 * Inner products of one vector with many rows, four numbers an instruction: a WebAssembly function, written here instruction by
 * instruction (WebAssembly core specification 2.0, chapter 5 "Binary Format"), because JavaScript has no such instructions and would
 * be several times slower than memory. Its form is
 *
 *     dot(query, row, end, stride, out):                       addresses and sizes in bytes
 *       while row < end:
 *         sum0 = sum1 = sum2 = sum3 = 0                        vectors of four float32
 *         last = row + stride; at = query
 *         do: sum_j += load(row + 16 j) * load(at + 16 j); row += 64; at += 64   while row < last
 *         store(out, the four lanes of (sum0 + sum1) + (sum2 + sum3) added); out += 4
 */
import { pageBytes, type SharedMemory, webAssembly } from './web-assembly.js';

/** A stride is a whole number of these. */
export const strideFloats = 16;

export type DotKernel = (query: number, row: number, end: number, stride: number, out: number) => void;

/** The kernel over one memory, whose maximum must be `maximumPages`. */
export function dotKernel(memory: SharedMemory, maximumPages: number): DotKernel {
  const instance = new webAssembly.Instance(moduleFor(maximumPages), { limn: { memory } });
  return instance.exports.dot as DotKernel;
}

const modules = new Map<number, object>();

function moduleFor(maximumPages: number): object {
  const module = modules.get(maximumPages) ?? new webAssembly.Module(Uint8Array.from(moduleBytes(maximumPages)));
  modules.set(maximumPages, module);
  return module;
}

// Parameters, then locals.
const [query, row, end, stride, out, at, last] = [0, 1, 2, 3, 4, 5, 6];
const sums = [7, 8, 9, 10];
const [i32, v128, none] = [0x7f, 0x7b, 0x40];

const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const i32Const = (value: number) => [0x41, ...signed(value)];
const i32Add = [0x6a];
const increase = (local: number, by: number) => [...get(local), ...i32Const(by), ...i32Add, ...set(local)];
const branchIf = (depth: number) => [0x0d, depth];
const simd = (opcode: number) => [0xfd, ...unsigned(opcode)];
const load = (address: number, offset: number) => [...get(address), ...simd(0), 4, ...unsigned(offset)];
const f32x4Mul = simd(0xe6);
const f32x4Add = simd(0xe4);
const lane = (local: number, index: number) => [...get(local), ...simd(31), index];
const f32Add = [0x92];

const inner = sums.flatMap((sum, j) => [
  ...get(sum),
  ...load(row, 16 * j),
  ...load(at, 16 * j),
  ...f32x4Mul,
  ...f32x4Add,
  ...set(sum),
]);
const [sum0, sum1, sum2, sum3] = sums as [number, number, number, number];
const body = [
  ...[0x02, none], // block
  ...[0x03, none], // loop over rows
  ...[...get(row), ...get(end), 0x4f, ...branchIf(1)], // i32.ge_u: done
  ...sums.flatMap((sum) => [...simd(12), ...new Array<number>(16).fill(0), ...set(sum)]),
  ...[...get(row), ...get(stride), ...i32Add, ...set(last), ...get(query), ...set(at)],
  ...[0x03, none], // loop over a row
  ...[...inner, ...increase(row, 64), ...increase(at, 64)],
  ...[...get(row), ...get(last), 0x49, ...branchIf(0)], // i32.lt_u: go on
  0x0b,
  ...[...get(sum0), ...get(sum1), ...f32x4Add, ...get(sum2), ...get(sum3), ...f32x4Add, ...f32x4Add, ...set(sum0)],
  ...get(out),
  ...[...lane(sum0, 0), ...lane(sum0, 1), ...f32Add, ...lane(sum0, 2), ...f32Add, ...lane(sum0, 3), ...f32Add],
  ...[0x38, 2, 0], // f32.store
  ...[...increase(out, 4), 0x0c, 0], // next row
  ...[0x0b, 0x0b, 0x0b],
];

function moduleBytes(maximumPages: number): number[] {
  const type = [0x60, 5, i32, i32, i32, i32, i32, 0];
  const memory = [...name('limn'), ...name('memory'), 0x02, 0x03, ...unsigned(1), ...unsigned(maximumPages)];
  const locals = [2, 2, i32, 4, v128];
  const code = [...locals, ...body];
  return [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, ...type]),
    ...section(2, [1, ...memory]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('dot'), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ];
}

function section(id: number, content: number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text, 'latin1')];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** LEB128 of a number from 0, whose last byte must not look negative. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

/** How many pages a number of bytes needs. */
export function pagesFor(bytes: number): number {
  return Math.ceil(bytes / pageBytes);
}
