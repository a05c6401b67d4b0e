/** Files of PyTorch's exporters, run and differentiated as parts of limn's graphs; numbers by scripts/reference/make_import_fixtures.py. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { norm, readFixture, relativeError } from '../../../../test/fixtures/fixture.js';
import { Random } from '../../../core/random.js';
import { float32, type Tensor } from '../../tensor/tensor.js';
import * as f from '../index.js';
import { Graph, gradients, type ImportedModel, readModel, type Value } from '../index.js';
import { openGraph, openGraphFile, randomTensor } from '../testing/evaluate.js';

const tolerance = 1e-4;

const fixtureFile = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../test/fixtures/${name}.onnx`, import.meta.url)));

/** Splices a model with all of its weights as inputs of the graph. */
function trained(model: ImportedModel, graph: Graph, inputs: Record<string, Value>, outputs: string[]) {
  const weights: Record<string, Value> = {};
  const feeds: Record<string, Tensor> = {};
  const values = model.splice({
    graph,
    inputs,
    outputs,
    weight: (name, weight) => {
      feeds[name] = weight.content();
      const value = graph.input(name, weight.dtype, weight.shape);
      weights[name] = value;
      return value;
    },
  });
  return { values, weights, feeds };
}

/** Runs a graph whose loss is given, with gradients by all of `by`. */
async function differentiate(graph: Graph, loss: Value, by: Record<string, Value>, feeds: Record<string, Tensor>) {
  graph.output('loss', loss);
  gradients(loss, Object.values(by)).forEach((gradient, i) => {
    graph.output(`gradient.${Object.keys(by)[i]}`, gradient);
  });
  return (await openGraph(graph))(feeds);
}

/** Every gradient of the fixture is there and right; one that is 0 but for rounding counts against a thousandth of all of them. */
function expectGradients(actual: Record<string, Tensor>, expected: Record<string, Tensor>): void {
  const names = Object.keys(expected).filter((name) => name.startsWith('gradient.'));
  expect(names.length).toBeGreaterThan(0);
  const floor = 1e-3 * Math.hypot(...names.map((name) => norm(expected[name]!)));
  for (const name of names) expect(relativeError(actual[name], expected[name], floor), name).toBeLessThan(tolerance);
}

describe('a transformer block of CLIP', () => {
  const fixture = readFixture('import-block');
  test.each([11, 14, 17])('exported with opset %i gives the output and gradients of PyTorch', async (opset) => {
    const model = readModel(fixtureFile(`import-block-${opset}`));
    expect(model.opset).toBe(opset);
    const graph = new Graph();
    const { x, weights: factors } = fixture.tensors as Record<string, Tensor>;
    const input = graph.input('x', 'float32', x!.shape);
    const { values, weights, feeds } = trained(model, graph, { x: input }, ['y']);
    expect(Object.keys(weights).sort()).toEqual([...model.weights.keys()].sort());
    const y = values.y as Value;
    graph.output('y', y);
    const loss = f.reduceSum(f.mul(y, graph.input('factors', 'float32', factors!.shape)));
    const result = await differentiate(graph, loss, { x: input, ...weights }, { x: x!, factors: factors!, ...feeds });
    expect(relativeError(result.y, fixture.tensors.y)).toBeLessThan(tolerance);
    expect(relativeError(result['gradient.x'], fixture.tensors['gradient.x'])).toBeLessThan(tolerance);
    expectGradients(result, fixture.under(`${opset}.`));
    expect(Object.keys(fixture.under(`${opset}.`))).toHaveLength(model.weights.size);
  });
});

describe('a whole CLIP', () => {
  const fixture = readFixture('import-clip');
  const { input_ids, pixel_values, attention_mask, scale } = fixture.tensors as Record<string, Tensor>;
  const rows = input_ids!.shape[0] as number;

  test.each(['script', 'dynamo'])('of the %s exporter gives the contrastive loss and gradients of PyTorch', async (kind) => {
    const model = readModel(fixtureFile(`import-clip-${kind}`));
    const graph = new Graph();
    const given = { input_ids: input_ids!, pixel_values: pixel_values!, attention_mask: attention_mask! };
    const inputs = Object.fromEntries(
      Object.entries(given).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]),
    );
    const { values, weights, feeds } = trained(model, graph, inputs, [...model.outputs]);
    for (const [name, value] of Object.entries(values)) graph.output(name, value);
    const logits = f.mul(
      f.matmul(values.text_embeds!, values.image_embeds!, { transB: true }),
      graph.input('scale', 'float32', []),
    );
    const diagonal = graph.constant(
      float32(
        [rows, rows],
        Array.from({ length: rows * rows }, (_, i) => Number(i % (rows + 1) === 0)),
      ),
    );
    const likelihood = f.add(f.logSoftmax(logits, 0), f.logSoftmax(logits, 1));
    const loss = f.mul(f.reduceSum(f.mul(likelihood, diagonal)), -0.5 / rows);
    const result = await differentiate(graph, loss, weights, { ...given, scale: scale!, ...feeds });
    for (const name of ['loss', 'text_embeds', 'image_embeds', 'image_tokens'])
      expect(relativeError(result[name], fixture.tensors[name]), name).toBeLessThan(tolerance);
    expectGradients(result, fixture.under(`${kind}.`));
    const checked = Object.keys(fixture.under(`${kind}.`)).map((name) => name.replace('gradient.', ''));
    expect([...model.weights.keys()].sort()).toEqual(checked.sort());
  });

  test('computes one tower alone, without the inputs of the other', async () => {
    const model = readModel(fixtureFile('import-clip-script'));
    const graph = new Graph();
    const pixels = graph.input('pixel_values', 'float32', pixel_values!.shape);
    const { image_embeds } = model.splice({ graph, inputs: { pixel_values: pixels }, outputs: ['image_embeds'] });
    graph.output('image_embeds', image_embeds!);
    const result = await (await openGraph(graph))({ pixel_values: pixel_values! });
    expect(relativeError(result.image_embeds, fixture.tensors.image_embeds)).toBeLessThan(tolerance);
  });
});

describe('a ResNet with attention pooling', () => {
  const fixture = readFixture('import-resnet');
  const { x, weights: factors } = fixture.tensors as Record<string, Tensor>;

  test.each(['import-resnet', 'import-resnet-folded'])('(%s) gives the output and gradients of PyTorch', async (name) => {
    const model = readModel(fixtureFile(name));
    const graph = new Graph();
    const input = graph.input('x', 'float32', x!.shape);
    const { values, weights, feeds } = trained(model, graph, { x: input }, ['y']);
    graph.output('y', values.y as Value);
    const loss = f.reduceSum(f.mul(values.y as Value, graph.input('factors', 'float32', factors!.shape)));
    const result = await differentiate(graph, loss, { x: input, ...weights }, { x: x!, factors: factors!, ...feeds });
    expect(relativeError(result.y, fixture.tensors.y)).toBeLessThan(tolerance);
    expect(relativeError(result['gradient.x'], fixture.tensors['gradient.x'])).toBeLessThan(tolerance);
    expect(Object.keys(weights).some((weight) => weight.includes('running'))).toBe(false);
    if (name === 'import-resnet') expectGradients(result, fixture.tensors);
    else expect(relativeError(result['gradient.c.weight'], fixture.tensors['gradient.c.weight'])).toBeLessThan(tolerance);
  });
});

const shared = process.env.LIMN_SHARED_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const mobileNet = `${shared}/weights/mobilenetv2_imagenet.onnx`;

describe.skipIf(!existsSync(mobileNet))('MobileNetV2', () => {
  test('spliced gives the numbers of its own file, and has gradients', async () => {
    const bytes = readFileSync(mobileNet);
    const image = randomTensor(new Random(3), [2, 3, 224, 224], -2, 2);
    const expected = await (await openGraphFile(bytes))({ image });
    const model = readModel(bytes);
    const graph = new Graph();
    const { values, weights, feeds } = trained(model, graph, { image: graph.input('image', 'float32', image.shape) }, [
      ...model.outputs,
    ]);
    for (const [name, value] of Object.entries(values)) graph.output(name, value);
    const loss = f.reduceMean(f.mul(values.pooled as Value, values.pooled as Value));
    const result = await differentiate(graph, loss, weights, { image, ...feeds });
    for (const name of model.outputs) expect(relativeError(result[name], expected[name]), name).toBeLessThan(tolerance);
    const norms = Object.keys(weights).map((name) => norm(result[`gradient.${name}`] as Tensor));
    expect(norms.length).toBeGreaterThan(100);
    expect(norms.every(Number.isFinite)).toBe(true);
    // All but the classifier's, which comes after the pooling.
    expect(norms.filter((size) => size > 0).length).toBe(norms.length - 2);
  }, 60_000);
});
