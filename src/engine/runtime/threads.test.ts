/** However many threads compute a run, it gives the same to the last bits but one. */
import { expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import * as f from '../graph/index.js';
import { float32, type Tensor } from '../tensor/tensor.js';
import { Session } from './session.js';

it('computes with several threads what one computes, forwards and backwards', async () => {
  const graph = new f.Graph();
  const x = graph.input('x', 'float32', [96, 192]);
  const w = graph.input('w', 'float32', [192, 320]);
  const y = f.softmax(f.matmul(x, w), -1);
  const loss = f.reduceSum(f.mul(y, y));
  graph.output('y', y);
  for (const [i, gradient] of f.gradients(loss, [x, w]).entries()) graph.output(`gradient.${i}`, gradient as f.Value);
  const model = f.encodeModel(graph);
  const random = new Random(3);
  const drawn = (...shape: [number, number]) =>
    float32(
      shape,
      Float32Array.from({ length: shape[0] * shape[1] }, () => random.normal() / 4),
    );
  const feeds = { x: drawn(96, 192), w: drawn(192, 320) };
  const results: Record<string, Tensor>[] = [];
  for (const threads of [1, 2, 5]) {
    const session = await Session.open(model, { threads, device: 'cpu' });
    for (let run = 0; run < 3; run++) results.push(await session.run(feeds));
    await session.close();
  }
  const [one, ...others] = results;
  for (const other of others) {
    for (const [name, { data }] of Object.entries(one as Record<string, Tensor>)) {
      const found = other[name]?.data as Float32Array;
      const worst = (data as Float32Array).reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] as number))), 0);
      expect(worst, name).toBeLessThan(1e-6);
    }
  }
});
