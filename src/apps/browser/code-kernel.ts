/**
 * Inner products of one vector of int16 with many rows of int8 codes, eight numbers an instruction:
 *
 *     dot(query, row, end, stride, out):                        addresses and sizes in bytes
 *       while row < end:
 *         sum = 0; last = row + stride; at = query
 *         do: sum += eight codes at row * eight numbers at `at`, added in pairs, twice; row += 16; at += 32   while row < last
 *         store(out, the four lanes of sum added); out += 4
 */
import { compile, functionsOf, newMemory, pagesFor, type WasmMemory } from '../../core/webassembly/api.js';
import * as wasm from '../../core/webassembly/assembler.js';

/** A stride is a whole number of these. */
export const strideCodes = 16;

export type CodeKernel = (query: number, row: number, end: number, stride: number, out: number) => void;

/** A kernel over a memory of so many bytes. @throws RangeError where there is no memory left; an error where there is no SIMD */
export function codeKernel(bytes: number): { memory: WasmMemory; dot: CodeKernel } {
  const memory = newMemory(pagesFor(bytes));
  return { memory, dot: functionsOf(compile(wasm.assemble([dot])), memory).dot as unknown as CodeKernel };
}

const { get, set } = wasm;
// Parameters, then locals.
const [query, row, end, stride, out, at, last, sum] = [0, 1, 2, 3, 4, 5, 6, 7];
const product = (half: 0 | 1): wasm.Code => [
  ...[...get(sum), ...get(row), ...wasm.loadCodesBehind(8 * half)],
  ...[...get(at), ...wasm.loadVectorBehind(16 * half), ...wasm.dotI16x8, ...wasm.addI32x4, ...set(sum)],
];
const lane = (index: number) => [...get(sum), ...wasm.laneI32x4(index)];

const dot: wasm.WasmFunction = {
  name: 'dot',
  parameters: ['i32', 'i32', 'i32', 'i32', 'i32'],
  locals: ['i32', 'i32', 'v128'],
  body: [
    wasm.whileBelow(row, end, [
      [...wasm.zeroVector, ...set(sum)],
      [...get(row), ...get(stride), ...wasm.addI32, ...set(last), ...get(query), ...set(at)],
      wasm.loopWhileBelow(row, last, [product(0), product(1), wasm.increase(row, 16), wasm.increase(at, 32)]),
      get(out),
      [...lane(0), ...lane(1), ...wasm.addI32, ...lane(2), ...wasm.addI32, ...lane(3), ...wasm.addI32],
      wasm.storeI32,
      wasm.increase(out, 4),
    ]),
  ],
};
