/**
 * The passes of an optimizer over its numbers, four float32 at a time, as WebAssembly. All places are byte offsets in one memory, multiples
 * of 16, and so are all lengths; testing/plain-kernels.ts says the same in plain loops, to the same bits.
 */
import { compile, functionsOf, type WasmMemory, type WasmModule } from '../../../core/webassembly/api.js';
import * as wasm from '../../../core/webassembly/assembler.js';

/** The numbers of one step that are the same for all elements of a parameter. */
export interface StepScalars {
  beta1: number;
  /** What a gradient counts in the first moment, clipping included. */
  part1: number;
  beta2: number;
  /** What the square of a gradient counts in the second moment, clipping included. */
  part2: number;
  /** Added to the root of the second moment. */
  least: number;
  /** What a direction is multiplied with. */
  rate: number;
  /** What decay leaves of a parameter. */
  keep: number;
}

export interface Kernels {
  /** The sum of squares of `bytes` bytes at `at`, float64. */
  squares(at: number, bytes: number): number;
  /** sum += addend * factor */
  accumulate(sum: number, addend: number, bytes: number, factor: number): void;
  /** average += (value - average) * approach */
  follow(average: number, value: number, bytes: number, approach: number): void;
  /** One AdamW step of parameters and their two moments. Addresses and bytes are positions, as WebAssembly has no objects. */
  step(gradient: number, parameter: number, first: number, second: number, bytes: number, scalars: StepScalars): void;
}

const { get, set, tee, loadVector: load, storeVector: store, mulF32x4: mul, addF32x4: add, subF32x4: sub } = wasm;
const square = (variable: number): wasm.Code => [...get(variable), ...get(variable), ...mul];
/** end = start + bytes */
const endOf = (start: number, bytes: number, end: number): wasm.Code => [
  ...get(start),
  ...get(bytes),
  ...wasm.addI32,
  ...set(end),
];
const splat = (scalar: number, vector: number): wasm.Code => [...get(scalar), ...wasm.splatF32, ...set(vector)];
/** Two sums of two float64 += squares of a vector of four float32. */
const widenInto = (vector: number, low: number, high: number): wasm.Code => [
  ...[...get(low), ...get(vector), ...wasm.lowAsF64x2, ...wasm.addF64x2, ...set(low)],
  ...[...get(high), ...get(vector), ...get(vector), ...wasm.upperHalf, ...wasm.lowAsF64x2, ...wasm.addF64x2, ...set(high)],
];
const lanes = (vector: number): wasm.Code => [
  ...[...get(vector), ...wasm.laneF64x2(0)],
  ...[...get(vector), ...wasm.laneF64x2(1), ...wasm.addF64],
];

/** (at, bytes) */
const squares: wasm.WasmFunction = {
  name: 'squares',
  parameters: ['i32', 'i32'],
  result: 'f64',
  locals: ['i32', 'v128', 'v128', 'v128'],
  body: [
    endOf(0, 1, 2),
    wasm.loopWhileBelow(0, 2, [[...get(0), ...load, ...set(3)], [...square(3), ...set(3)], widenInto(3, 4, 5), wasm.advance(0)]),
    [...lanes(4), ...lanes(5), ...wasm.addF64],
  ],
};

/** (changed, read, bytes, factor): changed += change */
const changing = (name: string, change: wasm.Code): wasm.WasmFunction => ({
  name,
  parameters: ['i32', 'i32', 'i32', 'f32'],
  locals: ['i32', 'v128'],
  body: [
    endOf(0, 2, 4),
    splat(3, 5),
    wasm.loopWhileBelow(0, 4, [
      [...get(0), ...get(0), ...load, ...change, ...get(5), ...mul, ...add, ...store],
      wasm.advance(0),
      wasm.advance(1),
    ]),
  ],
});
const accumulate = changing('accumulate', [...get(1), ...load]);
const follow = changing('follow', [...get(1), ...load, ...get(0), ...load, ...sub]);

/** (gradient, parameter, first, second, bytes, ...scalars in the order of {@link scalarNames}) */
const scalarNames = ['beta1', 'part1', 'beta2', 'part2', 'least', 'rate', 'keep'] as const;
const [end, read, moment] = [12, 20, 21];
const scalar = (name: (typeof scalarNames)[number]) => get(13 + scalarNames.indexOf(name));
const scaled = (value: wasm.Code, name: (typeof scalarNames)[number]): wasm.Code => [...value, ...scalar(name), ...mul];
const at = (pointer: number): wasm.Code => [...get(pointer), ...load];
const step: wasm.WasmFunction = {
  name: 'step',
  parameters: [...Array<'i32'>(5).fill('i32'), ...scalarNames.map((): 'f32' => 'f32')],
  locals: ['i32', ...scalarNames.map((): 'v128' => 'v128'), 'v128', 'v128'],
  body: [
    endOf(0, 4, end),
    ...scalarNames.map((_, i) => splat(5 + i, 13 + i)),
    wasm.loopWhileBelow(0, end, [
      [...at(0), ...set(read)],
      // The addresses of what is stored lie below the values on the stack, the parameter's first.
      [...get(1), ...scaled(at(1), 'keep')],
      [...get(2), ...scaled(at(2), 'beta1'), ...scaled(get(read), 'part1'), ...add, ...tee(moment), ...store],
      get(moment),
      [...get(3), ...scaled(at(3), 'beta2'), ...scaled(square(read), 'part2'), ...add, ...tee(moment), ...store],
      [...get(moment), ...wasm.sqrtF32x4, ...scalar('least'), ...add, ...wasm.divF32x4],
      [...scalar('rate'), ...mul, ...sub, ...store],
      ...[0, 1, 2, 3].map(wasm.advance),
    ]),
  ],
};

let compiled: WasmModule | undefined;

/** The kernels of a memory. */
export function kernelsOf(memory: WasmMemory): Kernels {
  compiled ??= compile(wasm.assemble([squares, accumulate, follow, step]));
  const exported = functionsOf(compiled, memory);
  return {
    squares: exported.squares as Kernels['squares'],
    accumulate: exported.accumulate as Kernels['accumulate'],
    follow: exported.follow as Kernels['follow'],
    step: (gradient, parameter, first, second, bytes, scalars) => {
      exported.step?.(gradient, parameter, first, second, bytes, ...scalarNames.map((name) => scalars[name]));
    },
  };
}
