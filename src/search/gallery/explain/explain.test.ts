import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { Gallery } from '../gallery.js';
import { type TinyFolder, tinyFolder } from '../testing/tiny-gallery.js';
import { saveTinyModel } from '../testing/tiny-model.js';

let folder: TinyFolder;
let gallery: Gallery;
const at = (...parts: string[]) => folder.at(...parts);

beforeAll(async () => {
  folder = await tinyFolder(10);
  gallery = await Gallery.create({ model: folder.model, images: at('pictures'), out: at('gallery') });
});
afterAll(async () => {
  await gallery.close();
  await folder.remove();
});

const request = { references: [{ id: 'p03.jpg' }], texts: ['in red'] };

describe('an explanation', () => {
  it('is the hit of the search, with shares and maps over the whole pictures', async () => {
    const { hits } = await gallery.search(request);
    for (const hit of [hits[0], hits[4]]) {
      const why = await gallery.explain(request, hit?.id as string);
      expect(why.hit).toEqual(hit);
      expect(why.factors.map(({ name }) => name)).toEqual(['factor 1', 'factor 2', 'factor 3']);
      expect(why.factors.map(({ share }) => share)).toEqual(hit?.factors);
      for (const { reference, hit: map } of why.factors) {
        // 40 x 30 pixels inside the square of 4 x 4 patches that the encoder sees.
        for (const one of [reference, map]) {
          expect([one?.columns, one?.rows]).toEqual([4, 6]);
          expect(one?.weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
          expect(Math.min(...(one?.weights ?? []))).toBeGreaterThanOrEqual(0);
        }
      }
      const [first, second] = why.factors;
      expect(first?.hit.weights).not.toEqual(second?.hit.weights);
    }
  });

  it('sees the reference through the text, and has none where there is none', async () => {
    const [top] = (await gallery.search(request)).hits;
    const explain = async (more: object) => (await gallery.explain({ ...request, ...more }, top?.id as string)).factors[0];
    const inRed = await explain({});
    expect((await explain({ texts: ['with short sleeves and a blue collar'] }))?.reference).not.toEqual(inRed?.reference);
    expect((await explain({ texts: [] }))?.reference).not.toEqual(inRed?.reference);
    expect((await explain({ references: [] }))?.reference).toBeUndefined();
    expect((await explain({ references: [] }))?.hit).toEqual(inRed?.hit);
  });

  it('is there for pictures that are no hit, behind those that are', async () => {
    const why = await gallery.explain(request, 'p03.jpg');
    const { hits } = await gallery.search({ ...request, k: 100 });
    expect(why.hit.rank).toBe(hits.filter(({ score }) => score >= why.hit.score).length + 1);
    await expect(gallery.explain(request, 'none')).rejects.toThrow('no picture "none"');
    await expect(gallery.explain({}, 'p03.jpg')).rejects.toThrow('nothing to search for');
  });

  it('has one cell where a model has no places', async () => {
    await saveTinyModel(at('global'), 5, { features: 'global' });
    const model = await RetrievalModel.open(at('global'));
    const one = await Gallery.create({ model, images: at('pictures'), out: at('global-gallery') });
    const why = await one.explain(request, 'p01.jpg');
    expect(why.factors.map(({ hit }) => hit)).toEqual(new Array(3).fill({ columns: 1, rows: 1, weights: [1] }));
    await one.close();
    await model.close();
  });
});
