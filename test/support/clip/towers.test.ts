import { describe, expect, it } from 'vitest';
import { Graph } from '../../../src/engine/graph/index.js';
import { openGraph } from '../../../src/engine/graph/testing/evaluate.js';
import { InferenceContext } from '../../../src/engine/nn/context.js';
import { fromFloat16 } from '../../../src/engine/tensor/float16.js';
import { float32, type Tensor } from '../../../src/engine/tensor/tensor.js';
import { readFixture, relativeError } from '../../fixtures/fixture.js';
import { modifiedResNet, type Tower, textTransformer, visionTransformer } from './towers.js';

const golden = readFixture('clip-towers');

/** A context with the weights of a tower, and the tower's inputs and outputs as PyTorch has them. */
function towerOf(name: string) {
  const weights: Record<string, Tensor> = {};
  for (const [key, { shape, data }] of Object.entries(golden.under(`${name}.weights.`))) {
    weights[key] = float32(shape, fromFloat16(data as Uint16Array));
  }
  expect(Object.keys(weights).length).toBeGreaterThan(30);
  return { context: new InferenceContext(new Graph(), weights), values: golden.under(`${name}.`) };
}

async function expectGolden({ local, global }: Tower, values: Record<string, Tensor>, feeds: Record<string, Tensor>) {
  local.graph.output('local', local);
  local.graph.output('global', global);
  const outputs = await (await openGraph(local.graph))(feeds);
  expect(relativeError(outputs.global, values.global)).toBeLessThan(1e-5);
  return outputs;
}

describe('CLIP towers against PyTorch (scripts/reference/make_clip_fixtures.py)', () => {
  it('vision Transformer of transformers', async () => {
    const { context, values } = towerOf('vision');
    const pixels = context.graph.input('pixels', 'float32', values.pixels!.shape);
    const tower = visionTransformer(context, pixels, { patch: 8, width: 16, layers: 2, heads: 2 }, 6);
    const { local } = await expectGolden(tower, values, { pixels: values.pixels! });
    expect(relativeError(local, values.local)).toBeLessThan(1e-5);
  });

  it('text Transformer of transformers', async () => {
    const { context, values } = towerOf('text');
    const [ids, mask] = [context.graph.input('ids', 'int64', [2, 7]), context.graph.input('mask', 'int64', [2, 7])];
    const tower = textTransformer(context, ids, mask, { width: 16, layers: 2, heads: 2, vocabulary: 40 }, 6);
    const { local } = await expectGolden(tower, values, { ids: values.ids!, mask: values.mask! });
    expect(relativeError(local, values.local)).toBeLessThan(1e-5);
  });

  it('ModifiedResNet of open_clip', async () => {
    const { context, values } = towerOf('resnet');
    const pixels = context.graph.input('pixels', 'float32', values.pixels!.shape);
    const tower = modifiedResNet(context, pixels, { width: 2, blocks: [2, 1, 1, 1], heads: 4 }, 6);
    const { local } = await expectGolden(tower, values, { pixels: values.pixels! });
    expect(relativeError(local, values.local)).toBeLessThan(1e-5);
  });
});
