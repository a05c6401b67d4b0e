import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutBatches } from './batches.js';

const cut = async (ids: readonly string[], size: number): Promise<string[][]> => {
  async function* images() {
    for (const id of ids) yield { id };
  }
  const batches = [];
  for await (const batch of cutBatches(images(), size)) batches.push(batch.map(({ id }) => id));
  return batches;
};
const ids = (count: number) => Array.from({ length: count }, (_, i) => `p${i}.jpg`);

describe('batches', () => {
  it('hold every picture once, in order, half to twice as many as wanted, and as many on average', async () => {
    for (const size of [1, 2, 7, 32]) {
      const batches = await cut(ids(5000), size);
      expect(batches.flat()).toEqual(ids(5000));
      for (const batch of batches.slice(0, -1)) {
        expect(batch.length).toBeGreaterThanOrEqual(size / 2);
        expect(batch.length).toBeLessThanOrEqual(2 * size);
      }
      expect(5000 / batches.length / size).toBeGreaterThan(0.8);
      expect(5000 / batches.length / size).toBeLessThan(1.2);
    }
  });

  it('stay as they were when some of them are done', async () => {
    const batches = await cut(ids(400), 8);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: batches.length, maxLength: batches.length }), async (done) => {
        const left = batches.filter((_, i) => !done[i]);
        // The last batch of the list has no end of its own.
        if (!left.includes(batches.at(-1)!)) left.push(batches.at(-1)!);
        expect(await cut(left.flat(), 8)).toEqual(left);
      }),
      { numRuns: 30 },
    );
  });

  it('are cut elsewhere only around a picture that has come', async () => {
    const before = await cut(ids(1000), 16);
    const after = await cut([...ids(500), 'new.jpg', ...ids(1000).slice(500)], 16);
    const known = new Set(before.map((batch) => batch.join()));
    const changed = after.filter((batch) => !known.has(batch.join()));
    expect(changed.some((batch) => batch.includes('new.jpg'))).toBe(true);
    expect(changed.length).toBeLessThan(after.length / 4);
  });
});
