/** The sizes of a training step of LIMN that is measured, as flags and as what the sides are started with. */
import type { StepOptions } from './configs.js';
import { mobileNet } from './drawn-features.js';
import type { Turns } from './sides.js';
import { optimizer, turnFlags, turnsOf } from './step-race.js';

type Sizes = Pick<StepOptions, 'batch' | 'width' | 'words' | 'images' | 'image'>;

const sizes: Readonly<Record<string, Sizes>> = {
  usual: { batch: 64, width: 256, words: 20, images: 256, image: mobileNet },
  // The paper's CLIP ViT-L/14: 16 x 16 patches and the class token; 77 positions of a text.
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
} as const;

type Values = Record<'threads' | 'rounds' | 'steps' | 'warmup' | 'size' | 'dropout', string> & {
  batch?: string | undefined;
  width?: string | undefined;
  words?: string | undefined;
};

/** @param flags the values of {@link stepFlags} @returns what the sides are started with, and what takeTurns is given */
export function stepOptions(flags: Values): { options: StepOptions; turns: Turns } {
  const size = sizes[flags.size];
  if (!size) throw new Error(`there is no size "${flags.size}": give --size ${Object.keys(sizes).join(' or ')}`);
  return {
    options: {
      batch: Number(flags.batch ?? size.batch),
      width: Number(flags.width ?? size.width),
      words: Number(flags.words ?? size.words),
      threads: Number(flags.threads),
      dropout: Number(flags.dropout),
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
