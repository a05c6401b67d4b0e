/** A process of growth.ts: one epoch of a small LIMN on so many triplets with drawn features, by the training loop that limn trains with. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type DatasetImage, type ImageEncoderRuntime, type Split, train } from 'limn';
import { Random } from 'limn/engine';
import { FeatureTable } from '#limn/models/encoders/cache/feature-cache.js';
import { RecordStore } from '#limn/models/encoders/cache/record-store.js';
import { featureSource } from '#limn/models/retrieval/image-features.js';
import type { FeatureForm } from '../lib/drawn-features.js';
import { peakBytes } from '../lib/peak-memory.js';
import { givenOptions } from './options.js';

const { triplets, folder } = givenOptions<{ triplets: number; folder: string }>();
const image: FeatureForm = { kind: 'features', tokens: 16, channels: 128, globalChannels: 128, colourChannels: 0 };
const random = new Random(1);
const recordLength = image.tokens * image.channels + image.globalChannels;
const colours = ['red', 'green', 'blue', 'black', 'white'];

/** Half as many images as triplets, as each is a reference and a target several times. */
function split(name: 'train' | 'val', count: number): Split {
  const images = Array.from({ length: Math.ceil(count / 2) }, (_, i) => ({ id: `${name}-${i}`, path: '' }));
  const any = () => random.pick(images).id;
  const drawn = Array.from({ length: count }, (_, i) => {
    const caption = `is ${random.pick(colours)} and less ${random.pick(colours)}`;
    return { reference: any(), targets: [any()], text: caption, captions: [caption], source: `row ${i + 1}` };
  });
  return { name, images, triplets: drawn, missing: [] };
}

/** Drawn features on the disk, in the cache that a frozen encoder's would be in. */
async function writeFeatures(images: readonly DatasetImage[]): Promise<FeatureTable> {
  const store = await RecordStore.open(join(folder, `features-${images[0]!.id}`), 2 * recordLength);
  const places = new Float64Array(images.length);
  const slab = 512;
  for (let from = 0; from < images.length; from += slab) {
    const records = images.slice(from, from + slab).map(() => ({
      key: randomBytes(32).toString('hex'),
      bytes: new Uint8Array(Uint16Array.from({ length: recordLength }, () => 0x3c00 | (random.uint32() & 0x83ff)).buffer),
    }));
    await store.append(records);
    records.forEach(({ key }, i) => {
      places[from + i] = store.placeOf(key)!;
    });
  }
  const cached = { ids: images.map(({ id }) => id), places, broken: [] };
  return new FeatureTable(store, cached, 'drawn', image, { channels: image.globalChannels });
}

const splits = { train: split('train', triplets), val: split('val', 64) };
const tables = { train: await writeFeatures(splits.train.images), val: await writeFeatures(splits.val.images) };
/** What training asks of a reader. */
const reader: Pick<ImageEncoderRuntime, 'config' | 'id' | 'identity' | 'texts' | 'read'> = {
  config: image,
  id: 'drawn',
  identity: { id: 'drawn' },
  texts: () => [],
  read: async ({ images }) => featureSource(images === splits.train.images ? tables.train : tables.val, image),
};
const started = performance.now();
let milliseconds = Number.NaN;
await train({
  ...splits,
  reader: reader as ImageEncoderRuntime,
  out: join(folder, 'run'),
  dataset: { name: 'drawn' },
  model: { width: 64, factors: 4, layers: 1, heads: 4, projection: 16, words: 8 },
  training: { epochs: 1, batchSize: 64, protocol: 'fashioniq-original-ref-excluded' },
  // What comes behind the last step, a validation and a model on the disk, is the same for any number of triplets.
  onProgress: ({ stage }) => {
    if (stage === 'train') milliseconds = performance.now() - started;
  },
});
process.stdout.write(`${JSON.stringify({ milliseconds, peakMiB: Math.round(peakBytes() / 2 ** 20) })}\n`);
