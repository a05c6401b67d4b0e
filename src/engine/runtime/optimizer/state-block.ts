/** Parameters, moments and whatever else is kept of them in one memory, part behind part, each with all parameters in the same order. */
import { newMemory, pagesFor, type WasmMemory } from '../../../core/webassembly/api.js';
import { sizeOf } from '../../tensor/tensor.js';
import { type Kernels, kernelsOf } from './kernels.js';
import type { PlannedParameter, StatePart } from './plan.js';

/** Numbers that are brought into the memory at a time: what a pass reads and writes of them stays in a processor's own cache. */
const chunkFloats = 8192;
const vectorBytes = 16;

/** A parameter's place in every part, in bytes. */
interface Place {
  parameter: PlannedParameter;
  offset: number;
  /** Of its numbers, and with those that fill it up to whole vectors. */
  size: number;
  bytes: number;
}

/** Numbers of a part, which lie at `at`. */
export interface Chunk {
  parameter: PlannedParameter;
  /** Where they are brought to from outside. */
  brought: number;
  at(part: StatePart): number;
  bytes: number;
}

export class StateBlock {
  private readonly memory: WasmMemory;
  readonly kernels: Kernels;
  private readonly places: readonly Place[];
  private readonly partBytes: number;

  constructor(
    parameters: readonly PlannedParameter[],
    private readonly parts: readonly StatePart[],
  ) {
    let offset = 0;
    this.places = parameters.map((parameter) => {
      const size = sizeOf(parameter.shape);
      const bytes = Math.ceil((4 * size) / vectorBytes) * vectorBytes;
      const place = { parameter, offset, size, bytes };
      offset += bytes;
      return place;
    });
    this.partBytes = offset;
    const bytes = 4 * chunkFloats + parts.length * offset;
    this.memory = newMemory(pagesFor(bytes));
    this.kernels = kernelsOf(this.memory);
  }

  /** The names of all that is kept, and the numbers, as views of the memory. */
  views(): Map<string, Float32Array> {
    return new Map(
      this.parts.flatMap((part) =>
        this.places.map(({ parameter, offset, size }): [string, Float32Array] => [
          part + parameter.name,
          new Float32Array(this.memory.buffer, this.startOf(part) + offset, size),
        ]),
      ),
    );
  }

  /**
   * Goes over all parameters, part by part.
   *
   * @param outside numbers to bring in for each parameter; without them nothing is brought
   */
  forEachChunk(work: (chunk: Chunk) => void, outside?: (name: string) => Float32Array): void {
    const scratch = new Float32Array(this.memory.buffer, 0, chunkFloats);
    for (const { parameter, offset, size, bytes } of this.places) {
      const given = outside?.(parameter.name);
      for (let from = 0; from < size; from += chunkFloats) {
        const count = Math.min(chunkFloats, size - from);
        const length = Math.min(4 * chunkFloats, bytes - 4 * from);
        if (given) {
          scratch.fill(0, count, length / 4);
          scratch.set(given.subarray(from, from + count));
        }
        work({ parameter, brought: 0, at: (part) => this.startOf(part) + offset + 4 * from, bytes: length });
      }
    }
  }

  clear(part: StatePart): void {
    new Uint8Array(this.memory.buffer, this.startOf(part), this.partBytes).fill(0);
  }

  private startOf(part: StatePart): number {
    return 4 * chunkFloats + this.parts.indexOf(part) * this.partBytes;
  }
}

/** Numbers of a block: five parts of so many are below the 4 GiB that a memory can have. */
const blockFloats = 2 ** 26;

/** All parameters in as few blocks as hold them. */
export function stateBlocks(parameters: readonly PlannedParameter[], parts: readonly StatePart[]): StateBlock[] {
  const groups: PlannedParameter[][] = [];
  let filled = Number.POSITIVE_INFINITY;
  for (const parameter of parameters) {
    const size = sizeOf(parameter.shape);
    if (filled + size > blockFloats) {
      groups.push([]);
      filled = 0;
    }
    groups.at(-1)?.push(parameter);
    filled += size;
  }
  return groups.map((group) => new StateBlock(group, parts));
}
