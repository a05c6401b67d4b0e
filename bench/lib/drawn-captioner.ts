/** A captioner with random weights, and random image features, in a file that both sides of decoding.ts read. */
import { writeFile } from 'node:fs/promises';
import { encodeSafetensors, Random, type Tensor, tensor } from 'limn/engine';
import { endId, startId } from '#limn/models/captioner/captioner.js';
import { captionerTrainingModel } from '#limn/models/captioner/captioner-graphs.js';
import { type CaptionerSizes, captionerConfigOf } from './configs.js';
import { drawFloats, drawHalves } from './drawn-features.js';
import { optimizer } from './step-race.js';

const buckets = 8;

/** Weights that are drawn wider than a new model's, so that words change from position to position and from pair to pair. */
const spread: [pattern: RegExp, factor: number][] = [
  [/^decoder\.positions$/, 40],
  [/\.(query|key)\.weight$/, 4],
  [/^decoder\.layer.*\.weight$/, 3],
];

/** @param file where weights and features go */
export async function drawCaptioner<Options extends CaptionerSizes>(options: Options, file: string) {
  const random = new Random(11);
  const { image, vocabulary, images } = options;
  const config = captionerConfigOf(options);
  const total = image.channels + image.colourChannels;
  const buffers: Record<string, Tensor> = Object.fromEntries(
    ['local', 'global'].flatMap((side) => [
      [`picture.${side}.mean`, drawFloats([total], () => 0.1 * random.normal())],
      [`picture.${side}.inverse_deviation`, drawFloats([total], () => 0.5 + random.uniform())],
    ]),
  );
  const training = captionerTrainingModel(config, { batchSize: 1, optimizer, random, buffers });
  const weights = Object.fromEntries(
    training.parameters.map(({ name, shape }) => {
      const { data } = training.initialState[name] as Tensor<'float32'>;
      const factor = spread.find(([pattern]) => pattern.test(name))?.[1] ?? 1;
      return [
        name,
        tensor(
          'float32',
          shape,
          data.map((value) => factor * value),
        ),
      ];
    }),
  );
  // No text ends before its greatest length.
  weights['decoder.bias']!.data[endId(config)] = -1000;
  const features = {
    'features.local': drawHalves(random, [images, image.tokens, total]),
    'features.global': drawHalves(random, [images, total]),
  };
  await writeFile(file, encodeSafetensors({ ...weights, ...buffers, ...features }));
  const words = Array.from({ length: vocabulary - 1 - buckets }, (_, i) => `w${i}`);
  return {
    ...options,
    file,
    /** Ids that no text may have. */
    forbidden: [...Array.from({ length: 1 + buckets }, (_, id) => id), startId(config)],
    vocabularyFile: { format: 'limn-vocabulary-1', buckets, words },
  };
}

export type DrawnCaptioner = Awaited<ReturnType<typeof drawCaptioner<CaptionerSizes>>>;
