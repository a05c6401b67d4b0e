/** Opens encoders' files to be trained with the rest. */

import { LimnError } from '../../core/errors.js';
import { blocksOf, type ImportedModel, type ParameterChoice } from '../../engine/graph/index.js';
import type { TrainableEncoder } from '../backbone/trainable.js';
import { readModelFile } from '../encoders/image/model-file.js';

/**
 * Reads an encoder's ONNX file and chooses what is trained.
 *
 * @param from the first block that is trained, from 0. 0 trains everything; otherwise all that lies before that block, embeddings
 * and stem with it, stays as it is, and all that lies behind it is trained
 * @throws LimnError ENCODER, GRAPH_UNSUPPORTED or IO for a file that cannot be trained; USAGE for a block that it does not have; CONFIG for
 * a description that chooses a weight that is not there
 */
export async function openTrainable<D extends ParameterChoice>(
  description: D,
  weights: string,
  from: number,
): Promise<TrainableEncoder<D>> {
  const model = await readModelFile(weights, description);
  const blocks = blocksOf(model);
  if (from >= Math.max(1, blocks.length)) {
    const last = blocks.length - 1;
    const there = last < 0 ? 'no blocks that limn recognises' : `the blocks 0 to ${last}`;
    const way = last < 1 ? 'Give 0, which trains all of it' : `Give 0 to ${last}`;
    const message = `${weights} has ${there}, so it cannot be trained from block ${from} on. ${way}; "limn encoders check" lists the blocks.`;
    throw new LimnError('USAGE', message, { details: { from, blocks: blocks.length } });
  }
  const cuts = blocks.flatMap(({ output }) => output ?? []);
  return { description, model, trained: trainedWeights(model, blocks, from), cuts };
}

function trainedWeights(model: ImportedModel, blocks: ReturnType<typeof blocksOf>, from: number): Set<string> {
  const names = [...model.weights].flatMap(([name, { dtype }]) => (dtype === 'float32' ? [name] : []));
  if (from === 0) return new Set(names);
  const blockOf = new Map(blocks.flatMap(({ weights }, i) => weights.map((name) => [name, i] as const)));
  const order = new Map<string, number>();
  model.file.nodes.forEach(({ inputs }, place) => {
    for (const name of inputs) if (!order.has(name)) order.set(name, place);
  });
  const first = Math.min(...(blocks[from]?.weights ?? []).map((name) => order.get(name) ?? Number.POSITIVE_INFINITY));
  // A weight outside all blocks, such as a projection's, belongs to what it is used after.
  return new Set(
    names.filter((name) => (blockOf.has(name) ? (blockOf.get(name) as number) >= from : (order.get(name) ?? 0) > first)),
  );
}
