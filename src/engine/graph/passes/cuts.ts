/** Values that are joined only to be cut again, or cut to be joined. */
import { sizeOf } from '../../tensor/tensor.js';
import { concat, gather } from '../functions.js';
import type { Value } from '../graph.js';
import type { Draft, Rule } from './rewrite.js';

const axisIn = ({ attributes: { axis = 0 } }: Pick<Draft, 'attributes'>, { shape }: { shape: readonly number[] }) =>
  (axis as number) < 0 ? (axis as number) + shape.length : (axis as number);

/** Concat of all parts of a Split, in their order, is what was split. */
export const joinsOfCuts: Rule = (draft) => {
  const { type, inputs, output, graph } = draft;
  const cut = inputs[0]?.producer;
  if (type !== 'Concat' || cut?.type !== 'Split' || inputs[0]?.graph !== graph) return undefined;
  const isWhole = cut.outputs.length === inputs.length && cut.outputs.every((part, i) => part === inputs[i]);
  return isWhole && axisIn(draft, output) === axisIn(cut, output) ? cut.inputs[0] : undefined;
};

/** Split of a Concat into what it was joined of. */
export const cutsOfJoins: Rule = (draft) => {
  const { type, inputs, outputs, graph } = draft;
  const [x] = inputs as [Value];
  const join = x?.producer;
  if (type !== 'Split' || join?.type !== 'Concat' || x.graph !== graph) return undefined;
  const parts = join.inputs as readonly Value[];
  const isSame = parts.length === outputs.length && parts.every(({ shape }, i) => shape.join() === outputs[i]?.shape.join());
  return isSame && axisIn(draft, x) === axisIn(join, x) ? parts : undefined;
};

/** Rows of one table that are joined are gathered at once. */
export const gathersAtOnce: Rule = (draft) => {
  const { type, inputs, output, graph, isOnlyRead } = draft;
  if (type !== 'Concat' || axisIn(draft, output) !== 0) return undefined;
  const gathers = (inputs as Value[]).map((input) =>
    input.producer?.type === 'Gather' && input.graph === graph && isOnlyRead(input) ? input.producer : undefined,
  );
  const [table, first] = gathers[0]?.inputs ?? [];
  const fits = gathers.every(
    (each) => each && each.inputs[0] === table && axisIn(each, output) === 0 && sizeOf(each.inputs[1]?.shape ?? [0]) > 0,
  );
  if (!fits || !table || (first?.shape.length ?? 0) === 0) return undefined;
  return gather(
    table,
    concat(
      gathers.map((each) => each?.inputs[1] as Value),
      0,
    ),
  );
};
