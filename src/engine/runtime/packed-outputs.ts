/**
 * Scalars that a graph gives as one vector. A device is waited for at every tensor that is read from it, so that a report of seven numbers
 * would cost seven waits.
 */
import { float32, type Tensor } from '../tensor/tensor.js';

/** An output of a graph -> the names of its float32 elements, in their order. */
export type PackedOutputs = Readonly<Record<string, readonly string[]>>;

/** The outputs to fetch for some names, each once. */
export function fetchedFor(names: readonly string[], packed: PackedOutputs): string[] {
  return [...new Set(names.map((name) => packOf(name, packed) ?? name))];
}

/** The tensors of some names, those of packed ones (1), from what was fetched. */
export function unpacked(
  names: readonly string[],
  packed: PackedOutputs,
  fetched: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  return Object.fromEntries(
    names.map((name): [string, Tensor] => {
      const pack = packOf(name, packed);
      if (pack === undefined) return [name, fetched[name] as Tensor];
      const at = (packed[pack] as readonly string[]).indexOf(name);
      return [name, float32([1], [(fetched[pack] as Tensor<'float32'>).data[at] as number])];
    }),
  );
}

function packOf(name: string, packed: PackedOutputs): string | undefined {
  return Object.keys(packed).find((pack) => packed[pack]?.includes(name));
}
