/** The file of each bench, by the name that `npm run bench -- NAME` takes. */
export const benchFiles = {
  floor: 'floor.mjs',
  growth: 'growth.mjs',
  serve: 'serve.mjs',
  step: 'training-step.mjs',
  device: 'device.mjs',
  scoring: 'scoring.mjs',
  captioner: 'captioner.mjs',
  encoder: 'encoder.mjs',
  'fine-tune': 'fine-tune.mjs',
  decoding: 'decoding.mjs',
  stores: 'stores.mjs',
  exact: 'exact.mjs',
  indexed: 'indexed.mjs',
  indexing: 'indexing.mjs',
  queries: 'queries.mjs',
  workers: 'workers.mjs',
  attacks: 'attacks.mjs',
};

/** What Node is given to run a bench: some use the sources of tests. */
export const nodeFlags = ['--import', 'tsx'];
