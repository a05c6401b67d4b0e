/** The options of the objective and LIMN's factor weights, one by one and all together, against scripts/reference. */
import { describe, expect, it } from 'vitest';
import { norm, readFixture, relativeError } from '../../../test/fixtures/fixture.js';
import { openGraph } from '../../engine/graph/testing/evaluate.js';
import { type Tensor, tensor } from '../../engine/tensor/tensor.js';
import { methods } from '../methods/methods.js';
import { modelConfig } from '../methods/model-config.js';
import { openModel, traceLoss } from '../testing/traced.js';
import { galleryModel, queryModel } from './retrieval-graphs.js';

const tolerance = 1e-4;
const batch = 6;

/** One variant of a fixture: its config, what it is fed, and what PyTorch made of it. */
function variantOf(name: string, variant: string) {
  const fixture = readFixture(`recipe-${name}`);
  const { variants, ...shared } = fixture.settings;
  const config = modelConfig.parse({ ...shared, ...variants[variant] });
  const expected = fixture.under(`${variant}:`);
  return { config, expected, feeds: fixture.tensors, parameters: fixture.under('parameter.'), buffers: fixture.under('buffer.') };
}

type Variant = ReturnType<typeof variantOf>;

async function run({ config, feeds, parameters, buffers }: Variant, changes: Record<string, Tensor> = {}) {
  const { graph, context } = traceLoss(config, batch, buffers);
  const initial = Object.fromEntries([...context.parameters.values()].map(({ name, initial }) => [name, initial]));
  const result = await (await openGraph(graph))({ ...initial, ...feeds, ...parameters, ...changes });
  return { result, names: Object.keys(initial) };
}

const lossOf = async (variant: Variant, changes: Record<string, Tensor> = {}) =>
  (await run(variant, changes)).result.loss!.data[0] as number;

const single = ['reference-negatives', 'symmetric', 'smoothing', 'factor-weights', 'all'];
const cases = [
  ...single.map((variant) => ['limn', variant] as const),
  ...['tirg', 'tg-cir'].flatMap((name) => ['reference-negatives', 'all'].map((variant) => [name, variant] as const)),
  ['text-only', 'all'] as const,
];

describe.each(cases)('%s with %s', (name, variant) => {
  it('has the loss, the terms and the gradients of every parameter that PyTorch computes', async () => {
    const given = variantOf(name, variant);
    const { result, names } = await run(given);
    const { expected } = given;
    const gradients = Object.keys(expected).filter((key) => key.startsWith('gradient.'));
    const floor = 1e-3 * Math.hypot(...gradients.map((key) => norm(expected[key]!)));
    expect(names.map((key) => `gradient.${key}`).sort()).toEqual(gradients.sort());
    for (const [key, value] of Object.entries(expected)) {
      expect(relativeError(result[key], value, key.startsWith('gradient.') ? floor : undefined), key).toBeLessThan(tolerance);
    }
  });
});

describe('reference negatives', () => {
  const zeros = tensor('float32', [batch, batch], new Float32Array(batch * batch));

  it('leave out a reference that is what another row wants', async () => {
    const given = variantOf('limn', 'reference-negatives');
    expect(given.feeds.referenceAnswers!.data).toContain(1);
    expect(await lossOf(given, { referenceAnswers: zeros })).toBeGreaterThan(await lossOf(given));
  });

  it('are what the gallery would store of the references, whatever the method sees of a query', async () => {
    for (const method of methods.ids) {
      const given = variantOf('limn', 'reference-negatives');
      const config = modelConfig.parse({ ...given.config, method });
      const { graph, context } = traceLoss(config, batch, given.buffers);
      const weights = Object.fromEntries([...context.parameters.values()].map(({ name, initial }) => [name, initial]));
      const result = await (await openGraph(graph))({ ...weights, ...given.feeds });
      const candidates = result['targetEmbedding.matching'] as Tensor<'float32'>;
      const gallery = await openModel(galleryModel(config, { ...weights, ...given.buffers }, batch));
      for (const [at, side] of ['target.', 'reference.'].entries()) {
        const alone = await gallery.run(
          Object.fromEntries(gallery.inputs.map((input) => [input, given.feeds[side + input] as Tensor])),
        );
        const [rows, width] = alone.matching!.shape as [number, number];
        const part = candidates.data.slice(at * rows * width, (at + 1) * rows * width);
        expect(relativeError(tensor('float32', [rows, width], part), alone.matching), `${method} ${side}`).toBeLessThan(1e-5);
      }
    }
  });

  it('work with captions and pixels in place of features', async () => {
    const images = [
      { kind: 'captions', words: 5 },
      { kind: 'patch', size: 8, patch: 4, layers: 1 },
    ] as const;
    for (const image of images) {
      const given = variantOf('limn', 'all');
      const config = modelConfig.parse({ ...given.config, image });
      const inputs =
        image.kind === 'captions'
          ? (seed: number) => ({
              caption: tensor(
                'int64',
                [batch, 5],
                BigInt64Array.from({ length: 5 * batch }, (_, i) => BigInt((i * seed) % 19)),
              ),
            })
          : (seed: number) => ({
              pixels: tensor(
                'float32',
                [batch, 8, 8, 3],
                Float32Array.from({ length: batch * 192 }, (_, i) => ((i * seed) % 101) / 101),
              ),
            });
      const { graph, context } = traceLoss(config, batch, {});
      const weights = Object.fromEntries([...context.parameters.values()].map(({ name, initial }) => [name, initial]));
      const prefixed = (side: string, values: Record<string, Tensor>) =>
        Object.fromEntries(Object.entries(values).map(([key, value]) => [side + key, value]));
      const [references, targets] = [inputs(7), inputs(11)];
      const { words, sameTarget, referenceAnswers } = given.feeds as Record<string, Tensor>;
      const result = await (await openGraph(graph))({
        ...weights,
        ...{ words: words!, sameTarget: sameTarget!, referenceAnswers: referenceAnswers! },
        ...prefixed('reference.', references),
        ...prefixed('target.', targets),
      });
      const candidates = result['targetEmbedding.matching'] as Tensor<'float32'>;
      const gallery = await openModel(galleryModel(config, weights, batch));
      const alone = await gallery.run(references);
      const second = candidates.data.slice(candidates.data.length / 2);
      expect(relativeError(tensor('float32', alone.matching!.shape, second), alone.matching), image.kind).toBeLessThan(1e-5);
      expect(result.loss!.data[0]).toBeGreaterThan(0);
    }
  });
});

describe('learned factor weights', () => {
  const given = variantOf('limn', 'factor-weights');
  const { config, feeds, parameters, buffers } = given;
  const imageOf = (side: string) =>
    Object.fromEntries(['local', 'global'].map((part) => [part, feeds[`${side}.${part}`] as Tensor]));

  /** The lengths of the factor vectors (B, K). */
  const lengths = ({ shape, data }: Tensor) => {
    const [rows, factors, width] = shape as [number, number, number];
    return Array.from({ length: rows }, (_, row) =>
      Array.from({ length: factors }, (_, k) =>
        Math.hypot(...(data as Float32Array).slice((row * factors + k) * width, (row * factors + k + 1) * width)),
      ),
    );
  };

  it('are the lengths of the factor vectors of a query, K in sum and different for each query; a gallery stores length 1', async () => {
    const weights = { ...parameters, ...buffers };
    const query = await openModel(queryModel(config, weights, batch));
    const made = lengths((await query.run({ ...imageOf('reference'), words: feeds.words! })).factors!);
    for (const row of made) expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(config.factors as number, 4);
    expect(Math.max(...made.flat()) - Math.min(...made.flat())).toBeGreaterThan(0.05);
    expect(made[0]![0]).not.toBeCloseTo(made[1]![0]!, 4);
    const gallery = await openModel(galleryModel(config, weights, batch));
    for (const one of lengths((await gallery.run(imageOf('target'))).factors!).flat()) expect(one).toBeCloseTo(1, 4);
  });

  it('start as equal ones', async () => {
    const { result } = await run(given, {
      'factor_weights.energy.weight': tensor('float32', [config.width, 1], new Float32Array(config.width)),
    });
    const plain = { ...given, config: modelConfig.parse({ ...config, factorWeights: 'equal' }) };
    expect(relativeError(result.loss, (await run(plain)).result.loss)).toBeLessThan(1e-5);
    const { context } = traceLoss(config, batch, buffers);
    expect(norm(context.parameters.get('factor_weights.energy.weight')!.initial)).toBe(0);
  });

  it('are a setting of LIMN alone', () => {
    expect(() => modelConfig.parse({ ...config, method: 'tirg' })).toThrow('is a setting of LIMN');
    expect(modelConfig.parse({ ...config, method: 'tirg', factorWeights: 'equal' }).method).toBe('tirg');
  });
});

it('leaves a config without these options as it is, so that older runs can be gone on with', () => {
  const parsed = modelConfig.parse({ vocabularySize: 3, image: { kind: 'captions', words: 2 } });
  for (const key of ['referenceNegatives', 'symmetric', 'labelSmoothing', 'factorWeights'])
    expect(parsed).not.toHaveProperty(key);
});
