/** Baselines that see one side of the query, as lower bounds: what the picture alone and the text alone tell of the target. */
import { baseline } from './baseline.js';

export const pictureOnly = baseline('picture-only', (_context, _config, picture) => picture, { picture: true, text: false });

export const textOnly = baseline('text-only', (_context, _config, _picture, text) => text, { picture: false, text: true });
