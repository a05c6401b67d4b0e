/**
 * Parameters of a training as parts of a few long vectors, one for each kind of step that parameters take, so that an optimizer in the graph
 * is a handful of nodes over these. Checkpoints keep single parameters.
 */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import { batchesName, clockNames, stateParts } from '../runtime/optimizer/plan.js';
import { float32, sizeOf, type Tensor, tensor } from '../tensor/tensor.js';
import type { ParameterSpec } from './context.js';

/** A vector's length is a multiple of this: it can be summed as so many rows side by side. */
export const rowsOfVector = 1024;
/** Parts that one node joins or cuts: devices bind eight buffers to a program, or a few more. */
const mostParts = 7;

/** A parameter without what is large: a layout is there as long as its training, initial values and graph are not. */
type PlacedParameter = Omit<ParameterSpec, 'initial' | 'value'>;

/** Parameters that take the same steps, one behind the other. */
interface FlatGroup {
  name: string;
  specs: PlacedParameter[];
  /** With the zeros at its end. */
  length: number;
}

export class FlatLayout {
  private readonly groups: readonly FlatGroup[];

  constructor(specs: readonly ParameterSpec[]) {
    const byKind = new Map<string, PlacedParameter[]>();
    for (const { name, shape, decay, learningRateScale } of specs) {
      const kind = `${decay} ${learningRateScale}`;
      byKind.set(kind, [...(byKind.get(kind) ?? []), { name, shape, decay, learningRateScale }]);
    }
    this.groups = [...byKind.values()].map((members, i) => {
      const size = members.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
      return { name: `flat.${i}`, specs: members, length: Math.ceil(size / rowsOfVector) * rowsOfVector };
    });
  }

  /**
   * The vectors as parameters, and the gradients by them.
   *
   * @param byParameter gradients by the names of parameters
   * @param inputOf declares a vector as an input of the graph
   */
  vectors(byParameter: ReadonlyMap<string, Value>, inputOf: (name: string, length: number) => Value) {
    const specs = this.groups.map(({ name, specs: [first], length }): ParameterSpec => {
      const { decay, learningRateScale } = first as PlacedParameter;
      const initial = float32([0], []);
      return { name, shape: [length], value: inputOf(name, length), initial, decay, learningRateScale };
    });
    const gradients = this.groups.map(({ specs: members, length }) => {
      // As rows (1, n), which the gradients of biases are: sums of rows by a product.
      const parts = members.map(({ name }) => f.reshape(byParameter.get(name) as Value, [1, -1]));
      const missing = length - parts.reduce((sum, { shape }) => sum + (shape[1] as number), 0);
      const all = missing > 0 ? [...parts, f.filled(parts[0] as Value, [1, missing], 0)] : parts;
      return f.reshape(joined(all, 1), [length]);
    });
    return { specs, gradients };
  }

  /** Each parameter, by its name, as a part of its vector. @param vectorOf the graph's value of a name */
  parameters(vectorOf: (name: string) => Value): Map<string, Value> {
    return new Map(
      this.groups.flatMap(({ name, specs, length }) => {
        const sizes = specs.map(({ shape }) => sizeOf(shape));
        const missing = length - sizes.reduce((sum, size) => sum + size, 0);
        const parts = cut(vectorOf(name), missing > 0 ? [...sizes, missing] : sizes);
        return specs.map(({ name: parameter, shape }, i): [string, Value] => [parameter, f.reshape(parts[i] as Value, shape)]);
      }),
    );
  }

  /** The resident tensors of a state by parameters. */
  pack(state: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    const packed: Record<string, Tensor> = {};
    for (const name of [...clockNames, batchesName]) if (state[name]) packed[name] = state[name];
    for (const prefix of stateParts) {
      for (const { name, specs, length } of this.groups) {
        if (!state[prefix + (specs[0] as PlacedParameter).name]) continue;
        const data = new Float32Array(length);
        let at = 0;
        for (const spec of specs) {
          const values = state[prefix + spec.name]?.data as Float32Array;
          data.set(values, at);
          at += values.length;
        }
        packed[prefix + name] = float32([length], data);
      }
    }
    return packed;
  }

  /** The resident tensors that hold tensors of a state. */
  residents(names: readonly string[]): string[] {
    return [...new Set(names.map((name) => this.find(name)?.vector ?? name))];
  }

  /** Tensors of a state from the resident ones. */
  unpack(names: readonly string[], residents: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    return Object.fromEntries(
      names.map((name): [string, Tensor] => {
        const found = this.find(name);
        if (!found) return [name, residents[name] as Tensor];
        const { vector, at, shape } = found;
        const { data } = residents[vector] as Tensor<'float32'>;
        return [name, tensor('float32', shape, data.slice(at, at + sizeOf(shape)))];
      }),
    );
  }

  private find(name: string) {
    for (const group of this.groups) {
      let at = 0;
      for (const { name: parameter, shape } of group.specs) {
        const prefix = name.endsWith(parameter) ? stateParts.find((each) => each + parameter === name) : undefined;
        if (prefix !== undefined) return { vector: prefix + group.name, at, shape };
        at += sizeOf(shape);
      }
    }
    return undefined;
  }
}

/** Values in groups of as many as one node takes. */
function grouped<T>(values: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(values.length / mostParts) }, (_, i) => values.slice(i * mostParts, (i + 1) * mostParts));
}

/** Values one behind the other along an axis, in nodes of as many as a device takes. */
export function joined(parts: readonly Value[], axis = 0): Value {
  if (parts.length <= mostParts) return f.concat(parts, axis);
  return joined(
    grouped(parts).map((group) => f.concat(group, axis)),
    axis,
  );
}

/** A vector's parts of these sizes, in nodes of as many as a device takes. */
export function cut(vector: Value, sizes: readonly number[]): Value[] {
  if (sizes.length === 1) return [vector];
  if (sizes.length <= mostParts) return f.split(vector, sizes, 0);
  const groups = grouped(sizes);
  const wholes = cut(
    vector,
    groups.map((group) => group.reduce((sum, size) => sum + size, 0)),
  );
  return groups.flatMap((group, i) => cut(wholes[i] as Value, group));
}
