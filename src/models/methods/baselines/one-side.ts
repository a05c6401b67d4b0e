/** Baselines that see one side of the query, as lower bounds: what the picture alone and the text alone tell of the target. */
import { baseline } from './baseline.js';

export const pictureOnly = {
  ...baseline((_context, _config, picture) => picture),
  sees: () => ({ picture: true, text: false }),
};

export const textOnly = {
  ...baseline((_context, _config, _picture, text) => text),
  sees: () => ({ picture: false, text: true }),
};
