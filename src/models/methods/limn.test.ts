/** LIMN against scripts/reference/limn_torch.py, and its three graphs against each other. */
import { describe, expect, it } from 'vitest';
import { norm, readFixture, relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import type { Graph } from '../../engine/graph/index.js';
import { type Feeds, openGraph } from '../../engine/graph/testing/evaluate.js';
import { drawMasks } from '../../engine/nn/training.js';
import { sizeOf, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import { galleryModel, limnTrainingModel, queryModel } from '../retrieval/retrieval-graphs.js';
import { openModel, traceLoss } from '../testing/traced.js';
import { type ModelConfigInput, modelConfig } from './model-config.js';

const fixture = readFixture('limn');
const parameters = fixture.under('parameter.');
const buffers = fixture.under('buffer.');
const configOf = (changes: Partial<ModelConfigInput> = {}) => modelConfig.parse({ ...fixture.settings, ...changes });
const tolerance = 1e-4;
const batch = 6;

function traced(changes: Partial<ModelConfigInput> = {}) {
  const config = configOf(changes);
  return { ...traceLoss(config, batch, buffers), config };
}

const run = async (graph: Graph, feeds: Feeds = {}) => (await openGraph(graph))({ ...fixture.tensors, ...parameters, ...feeds });

const runModel = async (model: Uint8Array, feeds: Feeds) => (await openModel(model)).run(feeds);

describe('the loss of LIMN', () => {
  it('has the four terms, the embeddings and the gradients of every parameter that PyTorch computes', async () => {
    const { graph, context } = traced();
    expect([...context.parameters.keys()].sort()).toEqual(Object.keys(parameters).sort());
    const result = await run(graph);
    const expected = Object.entries(fixture.tensors).filter(([name]) => /^(loss|term|query|targetEmbedding)\b/.test(name));
    expect(expected).toHaveLength(11);
    for (const [name, value] of expected) expect(relativeError(result[name], value), name).toBeLessThan(tolerance);
    const byParameter = fixture.under('gradient.');
    // The gradient of the keys' bias is 0 but for rounding: it is measured against a thousandth of the whole gradient.
    const floor = 1e-3 * Math.hypot(...Object.values(byParameter).map(norm));
    for (const [name, value] of Object.entries(byParameter)) {
      expect(relativeError(result[`gradient.${name}`], value, floor), name).toBeLessThan(tolerance);
    }
  });

  it('does not count another row that wants the same picture as a negative', async () => {
    const { graph } = traced();
    const apart = tensor('float32', [batch, batch], new Float32Array(batch * batch));
    const [hidden, counted] = [await run(graph), await run(graph, { sameTarget: apart })];
    expect(counted['term.matching']!.data[0]).toBeGreaterThan(hidden['term.matching']!.data[0] as number);
  });

  it('ignores what stands behind a text', async () => {
    expect((fixture.tensors.words as Tensor<'int64'>).data).toContain(0n);
    // Row 0 of the word table is what padding looks up.
    const words = parameters['text.words'] as Tensor<'float32'>;
    const moved = tensor(
      'float32',
      words.shape,
      words.data.map((x, i) => (i < words.shape[1]! ? x + 5 : x)),
    );
    const result = await run(traced().graph, { 'text.words': moved });
    expect(relativeError(result['query.matching'], fixture.tensors['query.matching'])).toBeLessThan(tolerance);
  });

  it('shows a feature that is not finite', async () => {
    const { graph } = traced();
    const local = fixture.tensors['target.local'] as Tensor<'float16'>;
    const data = local.data.slice();
    data[3] = 0x7e00;
    const result = await run(graph, { 'target.local': tensor('float16', local.shape, data) });
    expect(result.loss!.data[0]).toBeNaN();
  });
});

describe('dropout', () => {
  it('takes its masks as inputs, which change the numbers unless they are all 1', async () => {
    const { graph, context, config } = traced({ dropout: 0.2 });
    // Query: text layer 2, input 1, two layers 4, fusion 1, holistic 1; target: input 1, two layers 4, holistic 1.
    expect(context.masks).toHaveLength(15);
    for (const { shape, rate } of context.masks) {
      expect([shape[0], rate]).toEqual([batch, config.dropout]);
      expect(sizeOf(shape)).toBe(batch * shape.at(-1)!);
    }
    const ones = context.masks.map(
      ({ name, shape }) => [name, tensor('float32', shape, new Float32Array(sizeOf(shape)).fill(1))] as const,
    );
    const kept = await run(graph, Object.fromEntries(ones));
    expect(relativeError(kept.loss, fixture.tensors.loss)).toBeLessThan(tolerance);
    const drawn = await run(graph, drawMasks(context.masks, new Random(3)));
    expect(relativeError(drawn.loss, fixture.tensors.loss)).toBeGreaterThan(1e-3);
    for (const [name, one] of ones) {
      const zeros = { [name]: tensor('float32', one.shape, new Float32Array(one.data.length)) };
      const dropped = await run(graph, { ...Object.fromEntries(ones), ...zeros });
      expect(relativeError(dropped.loss, kept.loss), name).toBeGreaterThan(1e-5);
    }
  });

  it('does nothing in the query and gallery encoders', async () => {
    const weights = { ...parameters, ...buffers };
    const feeds = { ...fixture.under('reference.'), words: fixture.tensors.words! };
    const result = await runModel(queryModel(configOf({ dropout: 0.5 }), weights, batch), feeds);
    expect(relativeError(result.matching, fixture.tensors['query.matching'])).toBeLessThan(tolerance);
  });
});

describe('the query and gallery encoders', () => {
  const weights = { ...parameters, ...buffers };

  it.each([
    ['query', 'reference.', queryModel],
    ['targetEmbedding', 'target.', galleryModel],
  ] as const)('give the %s of the training graph', async (name, prefix, build) => {
    const trained = await run(traced().graph);
    const feeds = { ...fixture.under(prefix), words: fixture.tensors.words! };
    const result = await runModel(build(configOf(), weights, batch), feeds);
    for (const part of ['matching', 'factors']) {
      expect(relativeError(result[part], trained[`${name}.${part}`]), part).toBeLessThan(1e-6);
      expect(relativeError(result[part], fixture.tensors[`${name}.${part}`]), part).toBeLessThan(tolerance);
    }
  });

  it('give each picture and query the same whatever else is in the batch', async () => {
    const rowsOf = (from: Record<string, Tensor>, row: number): Feeds =>
      Object.fromEntries(
        Object.entries(from).map(([name, { dtype, shape, data }]) => {
          const size = data.length / batch;
          return [name, tensor(dtype, [1, ...shape.slice(1)], data.slice(row * size, (row + 1) * size) as never)];
        }),
      );
    const one = queryModel(configOf(), weights, 1);
    const feeds = { ...fixture.under('reference.'), words: fixture.tensors.words! };
    const expected = fixture.under('query.');
    for (let row = 0; row < batch; row++) {
      const alone = await runModel(one, rowsOf(feeds, row));
      const { matching } = rowsOf({ matching: expected.matching! }, row);
      expect(relativeError(alone.matching, matching), `query ${row}`).toBeLessThan(tolerance);
    }
  });

  it('name the weight that a model of another config lacks or has in another shape', () => {
    expect(() => galleryModel(configOf({ width: 32 }), weights, 1)).toThrow(
      /Weight picture\.\S+ is \[.*\] but the model's config needs/,
    );
    expect(() => galleryModel(configOf({ layers: 3 }), weights, 1)).toThrow(/lack aggregation\.layer2\./);
  });
});

describe('limnTrainingModel', () => {
  it('trains the parameters of the reference, reports every term, and feeds what a batch has', () => {
    const model = limnTrainingModel(configOf({ dropout: 0.1 }), {
      batchSize: batch,
      optimizer: { learningRate: 1e-3, totalSteps: 10 },
      random: new Random(1),
      buffers,
    });
    expect(model.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(parameters).sort());
    for (const { name, shape } of model.parameters) expect(shape, name).toEqual(parameters[name]!.shape);
    expect(model.reported).toEqual(['loss', 'gradientNorm', 'learningRate', 'matching', 'factors', 'agreement', 'disentangling']);
  });
});
