/** Baselines that see one side of the query: what the picture alone and the text alone tell of the target. */
import { baseline } from './baseline.js';

const none = 'a lower bound';

export const pictureOnly = {
  ...baseline('picture only', none, (_context, _config, picture) => picture),
  sees: () => ({ picture: true, text: false }),
};

export const textOnly = {
  ...baseline('text only', none, (_context, _config, _picture, text) => text),
  sees: () => ({ picture: false, text: true }),
};
