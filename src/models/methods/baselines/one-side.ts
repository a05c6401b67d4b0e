/** Baselines that see one side of the query, as lower bounds: what the picture alone and the text alone tell of the target. */
import { baseline } from './baseline.js';

export const imageOnly = baseline('picture-only', (_context, _config, image) => image, { image: true, text: false });

export const textOnly = baseline('text-only', (_context, _config, _image, text) => text, { image: false, text: true });
