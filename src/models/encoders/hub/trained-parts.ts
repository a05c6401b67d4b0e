/** What a training would change in an encoder: its blocks, the weights outside them, and the numbers that stay as they are. */
import { blocksOf, type ParameterChoice } from '../../../engine/graph/index.js';
import { sizeOf } from '../../../engine/tensor/tensor.js';
import { readModelFile } from '../image/model-file.js';

export interface TrainedPart {
  /** Numbers in all of its weights. */
  parameters: number;
  /** Names in the ONNX file. */
  weights: string[];
}

export interface TrainedParts {
  /** In the order of `--train-from`, by the names of PyTorch's modules where the file has them. */
  blocks: (TrainedPart & { name: string })[];
  /** Weights outside all blocks, such as embeddings, stem and projection. */
  others: TrainedPart;
  /** Float tensors that are never trained, and why. */
  fixed: { name: string; parameters: number; reason: string }[];
}

/**
 * Looks through an encoder's ONNX file.
 *
 * @throws LimnError as `readModelFile` does
 */
export async function trainedParts(weights: string, choice: ParameterChoice = {}): Promise<TrainedParts> {
  const model = await readModelFile(weights, choice);
  const part = (names: readonly string[]): TrainedPart => ({
    parameters: names.reduce((sum, name) => sum + sizeOf(model.weights.get(name)?.shape ?? []), 0),
    weights: [...names],
  });
  const blocks = blocksOf(model).map(({ name, weights: own }) => ({ name, ...part(own) }));
  const inBlocks = new Set(blocks.flatMap((block) => block.weights));
  return {
    blocks,
    others: part([...model.weights.keys()].filter((name) => !inBlocks.has(name))),
    fixed: [...model.fixed].map(([name, reason]) => {
      const content = model.file.tensors.get(name);
      return { name, parameters: content ? sizeOf(content.shape) : 0, reason };
    }),
  };
}
