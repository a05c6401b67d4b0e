/** Whole blocks against PyTorch's own modules, computed in float64 by scripts/reference/make_fixtures.py. */
import { describe, expect, it } from 'vitest';
import { type Fixture, norm, readFixture, relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import * as f from '../graph/functions.js';
import { Graph, gradients, type Value } from '../graph/index.js';
import { openGraph } from '../graph/testing/evaluate.js';
import { Session } from '../runtime/session.js';
import { type Tensor, tensor, zeros } from '../tensor/tensor.js';
import { TrainingContext } from './context.js';
import { attention, embedding, layerNorm, linear, maskBias, transformerLayer } from './layers.js';
import { crossEntropy } from './losses.js';
import { type TrainingModel, trainingModel } from './training.js';

const tolerance = 1e-4;

/** Inputs of `graph` for tensors of a fixture. */
function inputs(graph: Graph, fixture: Fixture, ...names: string[]): Value[] {
  return names.map((name) => graph.input(name, 'float32', fixture.tensors[name]!.shape));
}

/** Makes outputs of `y`, and of the gradients of sum(y * weights) by the named inputs and all parameters. */
async function evaluate(context: TrainingContext, fixture: Fixture, y: Value, weights: Value, by: Record<string, Value>) {
  const { graph } = context;
  const parameters = [...context.parameters.values()].map(({ name, value }) => [name, value] as const);
  const all = [...Object.entries(by), ...parameters];
  graph.output('output', y);
  gradients(
    f.reduceSum(f.mul(y, weights)),
    all.map(([, value]) => value),
  ).forEach((gradient, i) => {
    graph.output(`gradient.${all[i]![0]}`, gradient);
  });
  return (await openGraph(graph))(fixture.tensors);
}

/** A gradient that is 0 but for rounding, such as that of the keys' bias, is measured against a thousandth of all of them. */
function expectGradients(actual: Record<string, Tensor>, expected: Record<string, Tensor>): void {
  const names = (record: Record<string, Tensor>) => Object.keys(record).filter((name) => name.startsWith('gradient.'));
  expect(names(actual).sort()).toEqual(names(expected).sort());
  const floor = 1e-3 * Math.hypot(...names(expected).map((name) => norm(expected[name]!)));
  for (const name of names(expected)) expect(relativeError(actual[name], expected[name], floor), name).toBeLessThan(tolerance);
}

const training = (graph: Graph) => new TrainingContext(graph, new Random(1));

describe('LayerNorm', () => {
  it('and its gradients are those of torch.nn.LayerNorm', async () => {
    const fixture = readFixture('layer-norm');
    const graph = new Graph();
    const [x, weights] = inputs(graph, fixture, 'x', 'weights') as [Value, Value];
    const context = training(graph);
    const result = await evaluate(context, fixture, layerNorm(context, 'norm', x), weights, { x });
    expect(relativeError(result.output, fixture.tensors.y)).toBeLessThan(tolerance);
    expectGradients(result, fixture.tensors);
  });
});

describe('attention', () => {
  it('across two sequences with hidden tokens, and its gradients, are those of torch.nn.MultiheadAttention', async () => {
    const fixture = readFixture('attention');
    const graph = new Graph();
    const [x, y, mask, weights] = inputs(graph, fixture, 'x', 'y', 'mask', 'weights') as [Value, Value, Value, Value];
    const context = training(graph);
    const output = attention(context, 'attention', x, { memory: y, heads: fixture.settings.heads, bias: maskBias(mask) });
    const result = await evaluate(context, fixture, output, weights, { x, y });
    expect(relativeError(result.output, fixture.tensors.output)).toBeLessThan(tolerance);
    expectGradients(result, fixture.tensors);
  });
});

describe('transformerLayer', () => {
  const fixture = readFixture('transformer-layer');
  const { heads, only } = fixture.settings as { heads: number; only: number };

  async function layer(options: { only?: number } = {}) {
    const graph = new Graph();
    const [x, mask, weights] = inputs(graph, fixture, 'x', 'mask', 'weights') as [Value, Value, Value];
    const context = training(graph);
    const y = transformerLayer(context, 'layer', x, { heads, bias: maskBias(mask), ...options });
    return evaluate(context, fixture, y, f.slice(weights, 1, 0, options.only ?? 6), { x });
  }

  it('and its gradients are those of a pre-norm torch.nn.TransformerEncoderLayer', async () => {
    const result = await layer();
    const expected = fixture.under('all.');
    expect(relativeError(result.output, expected.output)).toBeLessThan(tolerance);
    expectGradients(result, expected);
  });

  it('of the first positions only has the numbers and gradients of these positions of the whole layer', async () => {
    const result = await layer({ only });
    const expected = fixture.under('first.');
    expect(relativeError(result.output, expected.output)).toBeLessThan(tolerance);
    expectGradients(result, expected);
    const whole = (await layer()).output as Tensor<'float32'>;
    const size = whole.shape[1]! * whole.shape[2]!;
    const first = whole.data.filter((_, i) => i % size < only * whole.shape[2]!);
    expect(relativeError(result.output, tensor('float32', [whole.shape[0]!, only, whole.shape[2]!], first))).toBeLessThan(1e-6);
  });

  it('takes one dropout mask an item and channel from outside, after the attention and after the feed-forward part', async () => {
    const graph = new Graph();
    const [x, mask] = inputs(graph, fixture, 'x', 'mask') as [Value, Value];
    const context = training(graph);
    graph.output('y', transformerLayer(context, 'layer', x, { heads, bias: maskBias(mask), dropout: 0.25 }));
    expect(context.masks.map(({ shape, rate }) => [shape, rate])).toEqual([
      [[3, 1, 16], 0.25],
      [[3, 1, 16], 0.25],
    ]);
    const run = await openGraph(graph);
    const masked = (value: number) =>
      Object.fromEntries(
        context.masks.map(({ name, shape }) => [name, tensor('float32', shape, new Float32Array(3 * 16).fill(value))]),
      );
    const kept = await run({ ...fixture.tensors, ...masked(1) });
    expect(relativeError(kept.y, fixture.tensors['all.output'])).toBeLessThan(tolerance);
    const dropped = await run({ ...fixture.tensors, ...masked(0) });
    expect(dropped.y?.data).toEqual(fixture.tensors.x?.data);
  });
});

describe('crossEntropy', () => {
  it.each([
    ['plain', {}],
    ['smooth', { labelSmoothing: 0.1 }],
    ['weighted', { labelSmoothing: 0.2, weighted: true }],
  ])(
    '%s, and its gradient, are those of torch.nn.functional.cross_entropy',
    async (name, {
      weighted,
      ...options
    }: {
      labelSmoothing?: number;
      weighted?: boolean;
    }) => {
      const fixture = readFixture('cross-entropy');
      const graph = new Graph();
      const [logits, oneHot] = inputs(graph, fixture, 'logits', 'oneHot') as [Value, Value];
      const weights = weighted ? { weights: inputs(graph, fixture, 'rowWeights')[0] as Value } : {};
      const loss = crossEntropy(logits, oneHot, { ...options, ...weights });
      graph.output('loss', loss);
      graph.output('gradient', gradients(loss, [logits])[0] as Value);
      const result = await (await openGraph(graph))(fixture.tensors);
      expect(relativeError(result.loss, fixture.tensors[name])).toBeLessThan(tolerance);
      expect(relativeError(result.gradient, fixture.tensors[`${name}.gradient`])).toBeLessThan(tolerance);
    },
  );
});

describe('AdamW', () => {
  const fixture = readFixture('adamw');
  const { x, y, ids } = fixture.tensors as { x: Tensor<'float32'>; y: Tensor<'float32'>; ids: Tensor<'int64'> };
  const names = Object.keys(fixture.under('initial.'));

  const build = (stepsPerRun: number) =>
    trainingModel({
      inputs: {
        x: { dtype: 'float32', shape: [10, 6] },
        y: { dtype: 'float32', shape: [10, 3] },
        ids: { dtype: 'int64', shape: [10] },
      },
      trace: (context, batch) => {
        const hidden = f.gelu(linear(context, 'in', batch.x!, 8));
        const weight = context.parameter('out.weight', [8, 3], (_, shape) => new Float32Array(shape[0]! * shape[1]!), {
          learningRateScale: 0.5,
        });
        const output = f.add(f.matmul(hidden, weight), embedding(context, 'table', batch.ids!, { count: 4, width: 3, std: 1 }));
        const error = f.sub(output, batch.y!);
        return { loss: f.reduceMean(f.mul(error, error)), metrics: { largest: f.reduceMax(output) } };
      },
      optimizer: fixture.settings,
      random: new Random(1),
      stepsPerRun,
    });

  /** The feeds of steps [from, from + count): rows of the stacked batches. */
  const feeds = (from: number, count: number) =>
    Object.fromEntries(
      Object.entries({ x, y, ids }).map(([name, { dtype, shape, data }]) => {
        const size = data.length / shape[0]!;
        const part = data.slice(from * size, (from + count) * size) as never;
        return [name, tensor(dtype, count > 1 ? [count, ...shape.slice(1)] : shape.slice(1), part)];
      }),
    );

  /** Trains 20 steps; returns what was reported, and the parameters after each run. */
  async function train(model: TrainingModel, inPlace: readonly string[] = []) {
    const session = await Session.open(model.model, { threads: 1, carry: model.carry, inPlace });
    await session.setResident({ ...model.initialState, ...fixture.under('initial.') });
    const reported: Record<string, number[]> = Object.fromEntries(model.reported.map((name) => [name, []]));
    const after: Record<string, Tensor>[] = [];
    for (let step = 0; step < 20; step += model.stepsPerRun) {
      const report = await session.run(feeds(step, model.stepsPerRun), { fetch: model.reported });
      for (const name of model.reported) reported[name]!.push(...(report[name]!.data as Float32Array));
      after[step + model.stepsPerRun] = await session.getResident(Object.keys(model.initialState));
    }
    await session.close();
    return { reported, after };
  }

  function expectTorch({ reported, after }: Awaited<ReturnType<typeof train>>): void {
    for (const name of ['loss', 'gradientNorm', 'learningRate']) {
      const actual = tensor('float32', [20], Float32Array.from(reported[name]!));
      expect(relativeError(actual, fixture.tensors[name]), name).toBeLessThan(tolerance);
    }
    for (const step of [1, 2, 5, 10, 20]) {
      const expected = fixture.under(`step${step}.`);
      if (!after[step]) continue;
      for (const name of names) {
        expect(relativeError(after[step][name], expected[name]), `${name} after step ${step}`).toBeLessThan(tolerance);
      }
    }
  }

  it('takes 20 steps as torch.optim.AdamW does: clipping, warm-up and cosine, decay on matrices only, a slower group', async () => {
    const model = build(1);
    expect(model.parameters.map(({ name }) => name).sort()).toEqual([...names].sort());
    expectTorch(await train(model));
  });

  it('writes its whole state over itself, to the same bits', async () => {
    const model = build(1);
    expect([...model.inPlace].sort()).toEqual(Object.keys(model.carry).sort());
    expect(build(4).inPlace).toEqual([]);
    expect(await train(model, model.inPlace)).toEqual(await train(model));
  });

  it.each([4, 10])('takes the same steps %i at a time in an ONNX Loop, to nearly the same bits', async (stepsPerRun) => {
    const looped = await train(build(stepsPerRun));
    expectTorch(looped);
    const flat = await train(build(1));
    for (const name of Object.keys(looped.after[20]!)) {
      expect(relativeError(looped.after[20]![name], flat.after[20]![name]), name).toBeLessThan(1e-6);
    }
    expect(looped.reported.largest).toHaveLength(20);
  });

  it('shows a batch that is not finite in the loss and in the gradient norm', async () => {
    const model = build(1);
    const session = await Session.open(model.model, { threads: 1, carry: model.carry });
    await session.setResident({ ...model.initialState, ...fixture.under('initial.') });
    const broken = { ...feeds(0, 1), x: tensor('float32', [10, 6], zeros('float32', [10, 6]).data.fill(Number.NaN)) };
    const report = await session.run(broken, { fetch: model.reported });
    await session.close();
    expect(report.loss?.data[0]).toBeNaN();
    expect(report.gradientNorm?.data[0]).toBeNaN();
  });
});
