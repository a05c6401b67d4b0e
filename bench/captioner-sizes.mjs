/** The captioner that captioner.mjs and decoding.mjs measure. */
import { mobileNet } from './drawn-features.mjs';

export const captionerSizes = { width: 256, layers: 2, heads: 8, words: 24, vocabulary: 400, images: 128, image: mobileNet };
