/** What the demo draws and trains: sizes that ended after 2 min 44 s on two cores. */
export const seed = 1;
export const images = 2000;
export const patchEncoder = { size: 48, patch: 8, layers: 1 };
export const model = { width: 96, factors: 8, layers: 2, heads: 4, projection: 32, expansion: 2 };
export const training = { batchSize: 64, learningRate: 1e-3, epochs: 6 };
export const protocolId = 'fashioniq-original-ref-excluded';

/** LIMN first, for its model can be searched with while the others are trained. */
export const contestants = [
  { folder: 'limn', name: 'LIMN, image and text', query: 'both' },
  { folder: 'text-only', name: 'text only', query: 'text' },
  { folder: 'image-only', name: 'image only', query: 'picture' },
] as const;

export type Contestant = (typeof contestants)[number];

/** What a demo consists of, so that another one is kept elsewhere. */
export const recipe = JSON.stringify({ seed, images, patchEncoder, model, training, contestants });

/** One line: what comes, in how many steps, and how long it takes. */
export const announcement = `Five steps, about 3 minutes on 2 cores: draw ${images.toLocaleString('en')} garments, train LIMN (searchable after half a minute), train two models that see one side of a query, compare, search.`;
