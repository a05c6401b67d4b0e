import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStore } from '../../store/open-store.js';
import type { GalleryStore } from '../../store/store.js';
import { infoOf } from '../../store/testing/items.js';
import { learnFacts, readFacts, saveFacts } from './facts.js';
import type { Field } from './fields.js';

/** More than are looked at where not all are counted. */
const size = 4300;
let folder: string;
let store: GalleryStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-facts-'));
  store = await createStore(`memory:${folder}`, infoOf({ width: 2, factors: 0, projection: 0 }));
  const colourOf = (i: number) => (i % 10 === 0 ? 'red' : 'blue');
  await store.upsert(
    Array.from({ length: size }, (_, i) => ({
      id: `${String(i).padStart(5, '0')}.jpg`,
      content: `c${i}`,
      location: `${i}.jpg`,
      metadata: { colour: colourOf(i), ...(i === size - 1 ? { rare: 'yes' } : {}) },
      matching: Float32Array.from([Math.cos(i), Math.sin(i)]),
      factors: new Float32Array(0),
    })),
  );
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const colour = ({ fields }: { fields: readonly Field[] }) => fields.find(({ name }) => name === 'colour');

describe('facts of a gallery of more than 4,000 images', () => {
  it('are exact counts where they are kept, of fields that one image has, too', async () => {
    const saved = await saveFacts(store, `memory:${folder}`);
    expect(colour(saved)).toEqual({ name: 'colour', type: 'string', values: ['blue', 'red'], counts: [3870, 430] });
    expect(saved.fields.find(({ name }) => name === 'rare')?.counts).toEqual([1]);
    expect(await readFacts(store, `memory:${folder}`)).toEqual(saved);
  });

  it('are estimates that add up to the gallery where it is too large to be counted', async () => {
    const found = colour(await learnFacts(store, { countAll: size - 1 }));
    expect(found).toMatchObject({ values: ['blue', 'red'], approximate: true });
    const [blue = 0, red = 0] = found?.counts ?? [];
    expect(Math.abs(blue + red - size)).toBeLessThanOrEqual(1);
    expect(blue / red).toBeGreaterThan(5);
  });
});
