/** Run as a process of its own by the tests, which kill it: fills a feature cache slowly. Arguments: pictures, cache, memo. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFeatures } from '../cache/feature-cache.js';
import { fakeEncoder } from './fake-encoder.js';

const [imageFolder = '', directory = '', memoFile = '', pauseMs = '0'] = process.argv.slice(2);
const images = readdirSync(imageFolder)
  .sort()
  .map((file) => ({ id: file, path: join(imageFolder, file) }));
const table = await openFeatures({
  encoder: fakeEncoder({ pauseMs: Number(pauseMs) }),
  images,
  directory,
  memoFile,
  batchSize: 4,
  onProgress: ({ done }) => process.stdout.write(`${done}\n`),
});
await table.close();
