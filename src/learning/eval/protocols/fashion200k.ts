/**
 * Fashion200K as TIRG's published evaluation has it (Vo et al., "Composing Text and Image for Image Retrieval", CVPR 2019):
 * every test picture is in the gallery, the query's own picture is removed from its ranking, and a picture is a right answer
 * when its caption is the target's, word for word.
 */
import { LimnError } from '../../../core/errors.js';
import type { Split, Triplet } from '../../data/triplets.js';
import { allImages, commonParts, defineProtocol } from './protocol.js';

export const fashion200k = defineProtocol({
  ...commonParts,
  id: 'fashion200k',
  description: "gallery: all pictures of the split; any picture with the target's caption is right; the reference is removed",
  datasets: ['fashion200k'],
  split: 'test',
  excludeReference: true,
  gallery: allImages,
  answers(split) {
    const positionsOf = sameCaption(split);
    return (triplet) => positionsOf(triplet).map((position) => split.images[position]?.id as string);
  },
  answerPlaces: sameCaption,
});

/** Places of pictures: one that is listed again is another picture, with a caption of its own. Queries mean the last of a name. */
function sameCaption(split: Split): (triplet: Triplet) => number[] {
  const captions = new Map(split.images.map(({ id, label }) => [id, label]));
  const images = new Map<string, number[]>();
  for (const [position, { label }] of split.images.entries()) {
    if (label === undefined) continue;
    const known = images.get(label);
    if (known) known.push(position);
    else images.set(label, [position]);
  }
  return ({ targets, source }) =>
    targets.flatMap((target) => {
      const caption = captions.get(target);
      if (caption !== undefined) return images.get(caption) as number[];
      const message = `${source}: the target ${target} has no caption, and fashion200k compares captions; give it a label, or choose another protocol.`;
      throw new LimnError('DATA', message, { details: { source, target } });
    });
}
