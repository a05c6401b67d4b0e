/** A graph with fewer nodes that computes the same, but for the last bits of sums and of what is multiplied by numbers. */
import type { GraphBuilder, Value } from '../graph.js';
import { cutsOfJoins, gathersAtOnce, joinsOfCuts } from './cuts.js';
import { expandsInPlace } from './expansions.js';
import { type Products, productsIn } from './half-products.js';
import { reshapesAtOnce } from './reshapes.js';
import { type Bound, type Rewritten, type Rule, rewritten } from './rewrite.js';
import { normsOfRows, productsOfRows, rowByRow } from './rows.js';
import { scalesAtOnce, shiftsAtOnce, signsAtOnce } from './scalars.js';
import { sumsBeforeReshapes, sumsInProducts } from './sums.js';

const simplify: readonly Rule[] = [
  reshapesAtOnce,
  rowByRow,
  sumsBeforeReshapes,
  expandsInPlace,
  signsAtOnce,
  scalesAtOnce,
  shiftsAtOnce,
];

const sums: readonly Rule[] = [sumsInProducts];

/** Each round sees who reads what the round before it has left; the last one only joins what has become equal. */
const rounds: readonly (readonly Rule[])[] = [
  [reshapesAtOnce, joinsOfCuts, cutsOfJoins, gathersAtOnce, productsOfRows, normsOfRows],
  ...Array<readonly Rule[]>(3).fill(simplify),
  sums,
  [],
];

/**
 * @param products what matrix products are computed in; anything but float32 costs nodes, and their sums stay nodes of their own
 * @returns the graph written anew, with its inputs and outputs under their names, and which of its values stands for which
 */
export function optimized(graph: GraphBuilder, bound?: Bound, products: Products = 'float32'): Rewritten {
  const all = rounds.map((rules) => (products !== 'float32' && rules === sums ? [productsIn(products)] : rules));
  const [first, ...others] = all as [readonly Rule[], ...(readonly Rule[])[]];
  return others.reduce(
    (before: Rewritten, rules): Rewritten => {
      const after = rewritten(before.graph, rules);
      return { graph: after.graph, of: (value: Value) => after.of(before.of(value)) };
    },
    rewritten(graph, first, bound),
  );
}
