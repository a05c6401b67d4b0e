/** The arithmetic of a joint embedding space: the sum of the normalised picture and text vectors. */
import { add, l2Normalize } from '../../../engine/graph/functions.js';
import { baseline } from './baseline.js';

export const sum = baseline('sum', (_context, _config, image, text) => add(l2Normalize(image), l2Normalize(text)));
