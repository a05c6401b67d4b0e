/** The baselines against scripts/reference/baselines_torch.py. */
import { describe, expect, it } from 'vitest';
import { openGraph } from '../../../engine/graph/testing/evaluate.js';
import { float32, tensor } from '../../../engine/tensor/tensor.js';
import { expectEncoders, expectReference, methodFixture } from '../../testing/reference.js';
import { traceLoss } from '../../testing/traced.js';
import { methodOf, methods } from '../methods.js';

const baselines = methods.ids.filter((name) => name !== 'limn');
const sides = { 'picture-only': ['global'], 'text-only': ['words'] };

describe.each(baselines)('%s', (name) => {
  const fixture = methodFixture(`baselines-${name}`);
  const { config, batch, buffers, tensors, parameters } = fixture;

  it('has the loss, the embeddings and the gradients of every parameter that PyTorch computes', async () => {
    expect(config.method).toBe(name);
    await expectReference(fixture);
  });

  it('gives the embeddings of its training graph as query and gallery encoder, which read only what it sees', async () => {
    const local = methodOf(config).local(config) ? ['local'] : [];
    const query = sides[name as keyof typeof sides] ?? ['global', 'words', ...local];
    await expectEncoders(fixture, { query, gallery: ['global', ...local] });
  });

  it('does not count another row that wants the same picture as a negative', async () => {
    const run = await openGraph(traceLoss(config, batch, buffers).graph);
    const apart = tensor('float32', [batch, batch], new Float32Array(batch * batch));
    const counted = await run({ ...tensors, ...parameters, sameTarget: apart });
    const of = name === 'tg-cir' ? 'term.classification' : 'loss';
    expect(counted[of]!.data[0]).toBeGreaterThan(tensors[of]!.data[0] as number);
  });
});

describe('the learnable scale of the logits', () => {
  it('is held at 100', async () => {
    const { config, batch, buffers, tensors, parameters } = methodFixture('baselines-sum');
    const run = await openGraph(traceLoss(config, batch, buffers).graph);
    const at = async (scale: number) => {
      const result = await run({ ...tensors, ...parameters, 'loss.matching_scale': float32([], [Math.log(scale)]) });
      return { loss: result.loss!.data[0], gradient: result['gradient.loss.matching_scale']!.data[0] as number };
    };
    const [below, above, farAbove] = [await at(90), await at(101), await at(5000)];
    expect(farAbove).toEqual(above);
    expect(above.gradient).toBe(0);
    expect(above.loss).not.toBeCloseTo(below.loss as number, 2);
    expect(Math.abs(below.gradient)).toBeGreaterThan(1e-3);
  });
});
