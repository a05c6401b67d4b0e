/** The parts of an encoder that a training changes, as `limn encoders check` shows them. */
import { messageOf } from '../../core/errors.js';
import type { HubEncoder } from '../../models/encoders/hub/encoder-folder.js';
import { type TrainedParts, trainedParts } from '../../models/encoders/hub/trained-parts.js';

type Tower = 'images' | 'texts';

/** The parts of each tower, or why it cannot be trained. */
export async function partsOfEncoder({ image, text }: HubEncoder): Promise<Partial<Record<Tower, TrainedParts | string>>> {
  const parts = async (weights: string, description: object) => trainedParts(weights, description).catch(messageOf);
  return {
    ...(image ? { images: await parts(image.weights, image.description) } : {}),
    ...(text ? { texts: await parts(text.files.weights, text.description) } : {}),
  };
}

const counted = (count: number, one: string) => `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;

/**
 * One line for each block, and one each for what is outside all blocks and for what stays as it is.
 *
 * @param names whether to list the names of all weights too
 */
export function partLines(tower: string, parts: TrainedParts | string, names = false): string[] {
  if (typeof parts === 'string') return [`${tower}: cannot be trained: ${parts}`];
  const { blocks, others, fixed } = parts;
  const inside = (list: readonly string[]) => (names ? list.map((name) => `              ${name}`) : []);
  const reasons = [...new Set(fixed.map(({ reason }) => reason))];
  return [
    `${tower}: ${counted(blocks.length, 'block')} for --train-from`,
    ...blocks.flatMap(({ name, parameters, weights }, number) => [
      `  block ${String(number).padEnd(4)} ${counted(parameters, 'parameter').padStart(22)}  ${name}`,
      ...inside(weights),
    ]),
    `  outside    ${counted(others.parameters, 'parameter').padStart(22)}  in ${counted(others.weights.length, 'weight')}`,
    ...inside(others.weights),
    ...reasons.flatMap((reason) => {
      const tensors = fixed.filter((each) => each.reason === reason);
      const line = `  not trained ${counted(tensors.length, 'tensor').padStart(21)}  ${reason}`;
      return [line, ...inside(tensors.map(({ name }) => name))];
    }),
  ];
}
