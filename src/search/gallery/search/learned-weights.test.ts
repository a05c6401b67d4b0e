/** Searching with a model whose queries weigh their factors themselves. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32 } from '../../../engine/tensor/tensor.js';
import { readImage } from '../../../models/encoders/image/image.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { Embedder, type EmbeddingVectors } from '../embedder.js';
import { Gallery } from '../gallery.js';
import { type TinyFolder, tinyFolder } from '../testing/tiny-gallery.js';
import { saveTinyModel } from '../testing/tiny-model.js';
import { averaged, dot } from './vectors.js';

const [factors, projection] = [3, 8];
let folder: TinyFolder;
let gallery: Gallery;
let model: RetrievalModel;
let embedder: Embedder;

beforeAll(async () => {
  folder = await tinyFolder(8);
  // The last layer of the weights starts at 0, where they are equal.
  const energy = float32(
    [16, 1],
    Array.from({ length: 16 }, (_, i) => Math.sin(3 * i)),
  );
  await saveTinyModel(folder.at('learned'), 4, { factorWeights: 'learned' }, { 'factor_weights.energy.weight': energy });
  model = await RetrievalModel.open(folder.at('learned'));
  embedder = new Embedder(model);
  gallery = await Gallery.create({ model, images: folder.at('pictures'), out: folder.at('learned-gallery') });
});
afterAll(async () => {
  await gallery.close();
  await embedder.close();
  await model.close();
  await folder.remove();
});

const vectorOf = (vectors: EmbeddingVectors, k: number) => vectors.factors.slice(k * projection, (k + 1) * projection);
const lengthsOf = (vectors: EmbeddingVectors) => Array.from({ length: factors }, (_, k) => Math.hypot(...vectorOf(vectors, k)));

async function embedded(name: string, text?: string): Promise<EmbeddingVectors> {
  const source = await embedder.encode([await embedder.decode(await readImage(folder.at('pictures', name)), name)]);
  if (text === undefined) return (await embedder.embed(source, { targets: [0], queries: [] })).targets[0] as EmbeddingVectors;
  return (await embedder.embed(source, { targets: [], queries: [{ image: 0, text }] })).queries[0] as EmbeddingVectors;
}

describe('learned factor weights', () => {
  it('are different for a query, and the gallery stores none', async () => {
    const weights = lengthsOf(await embedded('p03.jpg', 'in red'));
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(factors, 4);
    expect(Math.max(...weights) - Math.min(...weights)).toBeGreaterThan(0.1);
    for (const length of lengthsOf(await embedded('p03.jpg'))) expect(length).toBeCloseTo(1, 4);
  });

  it.each([[undefined], [[0.5, 0.25, 0]]])('are in the shares of a hit, times the weights of the user: %j', async (given) => {
    const query = await embedded('p03.jpg', 'in red');
    const request = { references: [{ id: 'p03.jpg' }], texts: ['in red'], ...(given ? { weights: given } : {}) };
    const { hits } = await gallery.search(request);
    const learned = lengthsOf(query);
    for (const hit of hits) {
      const target = await embedded(hit.id);
      hit.factors.forEach((share, k) => {
        const [a, b] = [vectorOf(query, k), vectorOf(target, k)];
        const cosine = dot(a, 0, b, 0, projection) / (Math.hypot(...a) * Math.hypot(...b));
        expect(share).toBeCloseTo((given?.[k] ?? 1 / factors) * (learned[k] as number) * cosine, 4);
      });
      expect(hit.score).toBeCloseTo(
        hit.factors.reduce((sum, share) => sum + share, hit.matching),
        5,
      );
      const why = await gallery.explain(request, hit.id);
      expect(why.factors.map(({ share }) => share)).toEqual(hit.factors);
    }
  });

  it('of several references are averaged', async () => {
    const queries = [await embedded('p03.jpg', 'in red'), await embedded('p05.jpg', 'in red')];
    const [first, second] = queries.map(lengthsOf) as [number[], number[]];
    lengthsOf(averaged(queries, factors)).forEach((length, k) => {
      expect(length).toBeCloseTo(((first[k] as number) + (second[k] as number)) / 2, 5);
    });
    expect(averaged([queries[0] as EmbeddingVectors], factors)).toBe(queries[0]);
  });
});
