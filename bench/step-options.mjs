/** The sizes of a training step of LIMN that is measured, as flags and as what the sides are started with. */
import { mobileNet } from './drawn-features.mjs';
import { optimizer, turnFlags, turnsOf } from './step-race.mjs';

const sizes = {
  usual: { batch: 64, width: 256, words: 20, images: 256, image: mobileNet },
  // The paper's CLIP ViT-L/14: 16 x 16 patches and the class token; 77 places of a text.
  paper: {
    batch: 16,
    width: 512,
    words: 77,
    images: 64,
    image: { kind: 'features', tokens: 257, channels: 1024, globalChannels: 768, colourChannels: 0 },
  },
};

export const stepFlags = {
  ...turnFlags,
  /** usual or paper; the next three override what it says. */
  size: { type: 'string', default: 'usual' },
  batch: { type: 'string' },
  width: { type: 'string' },
  words: { type: 'string' },
  dropout: { type: 'string', default: '0.1' },
};

/** @param flags the values of {@link stepFlags} @returns what the sides are started with, and what takeTurns is given */
export function stepOptions(flags) {
  const size = sizes[flags.size];
  if (!size) throw new Error(`there is no size "${flags.size}": give --size ${Object.keys(sizes).join(' or ')}`);
  const number = (name) => Number(flags[name] ?? size[name]);
  return {
    options: {
      batch: number('batch'),
      width: number('width'),
      words: number('words'),
      threads: number('threads'),
      dropout: number('dropout'),
      factors: 8,
      layers: 2,
      heads: 8,
      projection: 64,
      vocabulary: 400,
      images: size.images,
      image: size.image,
      optimizer,
    },
    turns: turnsOf(flags),
  };
}
