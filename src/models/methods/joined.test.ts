/** Queries and candidates that are embedded at once, against the same in turn: the same loss, terms, gradients and dropout masks. */
import { expect, test } from 'vitest';
import { relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import { type Feeds, openGraph, randomTensor } from '../../engine/graph/testing/evaluate.js';
import { drawMasks } from '../../engine/nn/training.js';
import { sizeOf, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import { tripletInputs } from '../retrieval/retrieval-graphs.js';
import { traceLoss } from '../testing/traced.js';
import { modelConfig } from './model-config.js';

const batch = 3;
const image = { kind: 'features', tokens: 4, channels: 5, globalChannels: 6, colourChannels: 2 } as const;
const base = { image, width: 8, heads: 2, factors: 2, layers: 2, projection: 3, words: 5, vocabularySize: 9, dropout: 0.3 };

const kinds: Record<string, object> = {
  LIMN: {},
  'one layer, without dropout': { layers: 1, dropout: 0 },
  'references as negatives': { referenceNegatives: true },
  'factors that start from global features': { factorStart: 'global' },
  'learned weights of factors': { factorWeights: 'learned' },
  'local features alone': { features: 'local' },
  'global features alone': { features: 'global' },
  'a holistic part alone': { aggregation: 'holistic' },
  'an adaptive part alone': { aggregation: 'adaptive' },
  'images alone': { query: 'picture' },
  'texts alone': { query: 'text' },
  'small images, which are encoded in turn': { image: { kind: 'patch', size: 8, patch: 4, layers: 1 } },
  'a method that embeds in turn': { method: 'tirg', factors: undefined, layers: undefined, projection: undefined },
};

const random = new Random(4);
const filled = (length: number, value: () => number): Tensor => randomTensorOf([length], value);
const randomTensorOf = (shape: number[], value: () => number) =>
  tensor('float32', shape, Float32Array.from({ length: sizeOf(shape) }, value));
const buffers = Object.fromEntries(
  Object.entries({ local: 7, global: 8 }).flatMap(([name, length]) => [
    [`picture.${name}.mean`, filled(length, () => random.uniform())],
    [`picture.${name}.inverse_deviation`, filled(length, () => 1 + random.uniform())],
  ]),
);

/** What a batch feeds: float16 from 1 to 2, words and their ends, and pairs of which some are no negatives. */
function drawn(specs: ReturnType<typeof tripletInputs>): Feeds {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]) => {
      const length = sizeOf(shape);
      if (dtype === 'int64')
        return [
          name,
          tensor(
            dtype,
            shape,
            BigInt64Array.from({ length }, (_, i) => BigInt(i % 5)),
          ),
        ];
      if (dtype === 'float16')
        return [
          name,
          tensor(
            dtype,
            shape,
            Uint16Array.from({ length }, () => 0x3c00 + random.below(1024)),
          ),
        ];
      const isPairs = shape.length === 2;
      return [name, isPairs ? randomTensorOf([...shape], () => Number(random.uniform() < 0.2)) : randomTensor(random, shape)];
    }),
  );
}

test.each(Object.entries(kinds))('%s', async (_, changes) => {
  const config = modelConfig.parse({ ...base, ...changes });
  const [apart, joined] = [false, true].map((joins) => traceLoss(config, batch, buffers, { joins })) as [Traced, Traced];
  const inTurn = config.image.kind !== 'features' || config.query === 'text';
  const norms = ({ graph }: Traced) => graph.nodes.filter(({ type }) => type === 'LayerNormalization').length;
  expect(norms(joined) < norms(apart)).toBe(!inTurn);
  const initial = ({ context }: Traced) =>
    [...context.parameters.values()].map(({ name, initial: value }) => [name, value] as const);
  expect(initial(joined)).toEqual(initial(apart));
  expect(joined.context.masks.map(({ shape, rate }) => [shape, rate])).toEqual(
    apart.context.masks.map(({ shape, rate }) => [shape, rate]),
  );
  const feeds = { ...drawn(tripletInputs(config, batch)), ...Object.fromEntries(initial(apart)) };
  const [expected, actual] = await Promise.all(
    [apart, joined].map(async ({ graph, context }) =>
      (await openGraph(graph))({ ...feeds, ...drawMasks(context.masks, new Random(5)) }),
    ),
  );
  expect(Object.keys(actual!)).toEqual(Object.keys(expected!));
  for (const [name, value] of Object.entries(expected!)) {
    const largest = Math.max(...(value.data as Float32Array).map(Math.abs));
    // What a softmax cancels has a gradient of rounding alone.
    if (largest > 1e-5) expect(relativeError(actual![name], value), name).toBeLessThan(1e-4);
    else expect(Math.max(...(actual![name]!.data as Float32Array).map(Math.abs)), name).toBeLessThan(2e-5);
  }
});

type Traced = ReturnType<typeof traceLoss>;
