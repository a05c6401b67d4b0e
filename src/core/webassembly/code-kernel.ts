/**
 * Inner products of one vector of int16 with many rows of int8 codes, eight numbers an instruction:
 *
 *     dot(query, row, end, stride, out):                        addresses and sizes in bytes
 *       while row < end:
 *         sum0 = sum1 = 0; last = row + stride; at = query      vectors of four int32
 *         do: sum_j += eight codes at row * eight numbers at `at`, added in pairs, twice for each j; row += 32; at += 64   while row < last
 *         store(out, the four lanes of sum0 + sum1 added); out += 4
 */
import { compile, functionsOf, type SharedMemory, type WasmMemory, type WasmModule } from './api.js';
import * as wasm from './assembler.js';

/** A stride is a whole number of these. */
export const strideCodes = 32;

export type CodeKernel = (query: number, row: number, end: number, stride: number, out: number) => void;

const modules = new Map<number | undefined, WasmModule>();

/**
 * The kernel over one memory.
 *
 * @param sharedPages the most pages of the memory, where it is shared between threads. @default it is not
 * @throws an error where there is no SIMD
 */
export function codeKernel(memory: WasmMemory | SharedMemory, sharedPages?: number): CodeKernel {
  const module = modules.get(sharedPages) ?? compile(wasm.assemble([dot], sharedPages));
  modules.set(sharedPages, module);
  return functionsOf(module, memory).dot as CodeKernel;
}

const { get, set } = wasm;
// Parameters, then locals.
const [query, row, end, stride, out, at, last] = [0, 1, 2, 3, 4, 5, 6];
const [sum0, sum1] = [7, 8];
/** Adds the products of the eight codes in place `part` of 32. */
const product = (sum: number, part: number): wasm.Code => [
  ...[...get(sum), ...get(row), ...wasm.loadCodesBehind(8 * part)],
  ...[...get(at), ...wasm.loadVectorBehind(16 * part), ...wasm.dotI16x8, ...wasm.addI32x4, ...set(sum)],
];
const lane = (index: number) => [...get(sum0), ...wasm.laneI32x4(index)];

const dot: wasm.WasmFunction = {
  name: 'dot',
  parameters: ['i32', 'i32', 'i32', 'i32', 'i32'],
  locals: ['i32', 'i32', 'v128', 'v128'],
  body: [
    wasm.whileBelow(row, end, [
      [...wasm.zeroVector, ...set(sum0), ...wasm.zeroVector, ...set(sum1)],
      [...get(row), ...get(stride), ...wasm.addI32, ...set(last), ...get(query), ...set(at)],
      wasm.loopWhileBelow(row, last, [
        [...product(sum0, 0), ...product(sum1, 1), ...product(sum0, 2), ...product(sum1, 3)],
        [...wasm.increase(row, 32), ...wasm.increase(at, 64)],
      ]),
      [...get(sum0), ...get(sum1), ...wasm.addI32x4, ...set(sum0)],
      get(out),
      [...lane(0), ...lane(1), ...wasm.addI32, ...lane(2), ...wasm.addI32, ...lane(3), ...wasm.addI32],
      wasm.storeI32,
      wasm.increase(out, 4),
    ]),
  ],
};
