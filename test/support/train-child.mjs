// Trains a tiny LIMN in a process that a test may kill: node train-child.mjs DATA OUT SETTINGS-JSON [resume]
import { readFashionIQ } from '../../dist/learning/data/fashioniq.js';
import { train } from '../../dist/learning/train/train.js';
import { ImageEncoderRuntime } from '../../dist/models/retrieval/image-encoder-runtime.js';

const [directory, out, training, resume] = process.argv.slice(2);
const read = (split) => readFashionIQ({ directory, category: 'wardrobe', split });
await train({
  train: await read('train'),
  val: await read('val'),
  reader: ImageEncoderRuntime.patch(32, 8, 1),
  out,
  dataset: { name: 'wardrobe' },
  model: { width: 32, heads: 4, factors: 4, projection: 16, expansion: 2, textLayers: 1 },
  training: JSON.parse(training),
  resume: resume === 'resume',
  onProgress: ({ stage, done }) => stage === 'train' && process.stdout.write(`${done}\n`),
});
