/** The script of each bench in bench/races, by the name that `npm run bench -- NAME` takes. */
import { fileURLToPath } from 'node:url';

export const benchFiles: Readonly<Record<string, string>> = {
  browser: 'browser',
  'browser-agreement': 'browser-agreement',
  floor: 'floor',
  growth: 'growth',
  serve: 'serve',
  step: 'training-step',
  device: 'device',
  scoring: 'scoring',
  captioner: 'captioner',
  encoder: 'encoder',
  'fine-tune': 'fine-tune',
  decoding: 'decoding',
  stores: 'stores',
  exact: 'exact',
  indexed: 'indexed',
  indexing: 'indexing',
  queries: 'queries',
  workers: 'workers',
  attacks: 'attacks',
  profiles: 'profiles',
};

/** @param file of {@link benchFiles}, or "all" */
export const benchScript = (file: string): string => fileURLToPath(new URL(`../races/${file}.js`, import.meta.url));
