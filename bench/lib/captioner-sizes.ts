/** The captioner that captioner.ts and decoding.ts measure. */
import type { CaptionerSizes } from './configs.js';
import { mobileNet } from './drawn-features.js';

export const captionerSizes: CaptionerSizes = {
  width: 256,
  layers: 2,
  heads: 8,
  words: 24,
  vocabulary: 400,
  images: 128,
  image: mobileNet,
};
