import { expect, it } from 'vitest';
import { encodeModel, Graph, mul } from '../graph/index.js';
import { float32 } from '../tensor/tensor.js';
import { Session } from './session.js';

it('gives memory that it was given back after the run, with what was in it, to be used again', async () => {
  const graph = new Graph('double');
  graph.output('y', mul(graph.input('x', 'float32', [3]), graph.constant(float32([], [2]))));
  const session = await Session.open(encodeModel(graph));
  try {
    let memory = float32([3], [1, 2, 3]);
    for (const first of [1, 10]) {
      (memory.data as Float32Array)[0] = first;
      let back: Float32Array | undefined;
      const given = memory;
      const { y } = await session.run(
        { x: given },
        {
          transfer: true,
          giveBack: (feeds) => {
            back = feeds.x?.data as Float32Array;
          },
        },
      );
      expect([...y!.data]).toEqual([2 * first, 4, 6]);
      expect(given.data.length, 'the memory was given away').toBe(0);
      expect([...back!]).toEqual([first, 2, 3]);
      memory = float32([3], back!);
    }
  } finally {
    await session.close();
  }
});
