/**
 * Inner products of one vector with many rows, four numbers an instruction: WebAssembly, because JavaScript has no such instructions and
 * would be several times slower than memory. Its form is
 *
 *     dot(query, row, end, stride, out):                       addresses and sizes in bytes
 *       while row < end:
 *         sum0 = sum1 = sum2 = sum3 = 0                        vectors of four float32
 *         last = row + stride; at = query
 *         do: sum_j += load(row + 16 j) * load(at + 16 j); row += 64; at += 64   while row < last
 *         store(out, the four lanes of (sum0 + sum1) + (sum2 + sum3) added); out += 4
 */
import { compile, functionsOf, type SharedMemory, type WasmModule } from '../../../core/webassembly/api.js';
import * as wasm from '../../../core/webassembly/assembler.js';

/** A stride is a whole number of these. */
export const strideFloats = 16;

export type DotKernel = (query: number, row: number, end: number, stride: number, out: number) => void;

const modules = new Map<number, WasmModule>();

/** The kernel over one memory, whose maximum must be `maximumPages`. */
export function dotKernel(memory: SharedMemory, maximumPages: number): DotKernel {
  const module = modules.get(maximumPages) ?? compile(wasm.assemble([dot], maximumPages));
  modules.set(maximumPages, module);
  return functionsOf(module, memory).dot as DotKernel;
}

const { get, set, addF32x4: add, mulF32x4: mul } = wasm;
// Parameters, then locals.
const [query, row, end, stride, out, at, last] = [0, 1, 2, 3, 4, 5, 6];
const sums = [7, 8, 9, 10] as const;
const [sum0, sum1, sum2, sum3] = sums;
const products = sums.map((sum, j): wasm.Code => {
  const load = (address: number) => [...get(address), ...wasm.loadVectorBehind(16 * j)];
  return [...get(sum), ...load(row), ...load(at), ...mul, ...add, ...set(sum)];
});
const lane = (index: number) => [...get(sum0), ...wasm.laneF32x4(index)];

const dot: wasm.WasmFunction = {
  name: 'dot',
  parameters: ['i32', 'i32', 'i32', 'i32', 'i32'],
  locals: ['i32', 'i32', 'v128', 'v128', 'v128', 'v128'],
  body: [
    wasm.whileBelow(row, end, [
      ...sums.map((sum) => [...wasm.zeroVector, ...set(sum)]),
      [...get(row), ...get(stride), ...wasm.addI32, ...set(last), ...get(query), ...set(at)],
      wasm.loopWhileBelow(row, last, [...products, wasm.increase(row, 64), wasm.increase(at, 64)]),
      [...get(sum0), ...get(sum1), ...add, ...get(sum2), ...get(sum3), ...add, ...add, ...set(sum0)],
      get(out),
      [...lane(0), ...lane(1), ...wasm.addF32, ...lane(2), ...wasm.addF32, ...lane(3), ...wasm.addF32],
      wasm.storeF32,
      wasm.increase(out, 4),
    ]),
  ],
};
