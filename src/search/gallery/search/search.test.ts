/** Searches against a plain reading of their definition: every picture scored, all sorted. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readImage } from '../../../models/encoders/image/image.js';
import { Embedder, type EmbeddingVectors } from '../embedder.js';
import { Gallery } from '../gallery.js';
import type { SearchRequest } from '../search-types.js';
import { imageBytes, type TinyFolder, tinyFolder } from '../testing/tiny-gallery.js';

let folder: TinyFolder;
let gallery: Gallery;
let embedder: Embedder;
let targets: Map<string, EmbeddingVectors>;
const at = (...parts: string[]) => folder.at(...parts);
const count = 24;

beforeAll(async () => {
  folder = await tinyFolder(count);
  await copyFile(at('pictures', 'p05.jpg'), at('pictures', 'copy-of-p05.jpg'));
  const items = Array.from({ length: count }, (_, i) => ({
    id: `p${String(i).padStart(2, '0')}.jpg`,
    colour: ['red', 'blue', 'green'][i % 3],
    price: i,
  }));
  await writeFile(at('metadata.jsonl'), items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  const { model } = folder;
  gallery = await Gallery.create({
    model,
    images: at('pictures'),
    metadata: at('metadata.jsonl'),
    out: `memory:${at('gallery')}`,
  });
  embedder = new Embedder(model);
  targets = new Map();
  for (const { id } of await gallery.list({ limit: 100 })) {
    const image = await embedder.decode(await readImage(at('pictures', id)), id);
    targets.set(id, (await embedder.targets([image]))[0] as EmbeddingVectors);
  }
});
afterAll(async () => {
  await gallery.close();
  await embedder.close();
  await folder.remove();
});

/** A picture of the folder composed with a text by itself; without a picture, the average one. */
async function composed(text: string, id?: string): Promise<EmbeddingVectors> {
  const images = id ? [await embedder.decode(await readImage(at('pictures', id)), id)] : [];
  const query = { image: id ? 0 : ('average' as const), text };
  const source = await embedder.encode(images);
  return (await embedder.embed(source, { targets: [], queries: [query] })).queries[0] as EmbeddingVectors;
}

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] as number) * (b[i] as number);
    aa += (a[i] as number) ** 2;
    bb += (b[i] as number) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
};
const factor = ({ factors }: EmbeddingVectors, k: number) => factors.subarray(k * 8, (k + 1) * 8);
const sum = (vectors: readonly ArrayLike<number>[]) =>
  Array.from({ length: (vectors[0] as ArrayLike<number>).length }, (_, i) =>
    vectors.reduce((total, vector) => total + (vector[i] as number) / Math.hypot(...Array.from(vector)), 0),
  );

interface Plain {
  queries: EmbeddingVectors[];
  weights?: number[];
  negatives?: { vectors: EmbeddingVectors; weight: number }[];
  without?: string[];
}

/** All pictures by the definition: cosines of summed unit vectors. */
function plainRanking({ queries, weights = [1 / 3, 1 / 3, 1 / 3], negatives = [], without = [] }: Plain) {
  const score = (asked: EmbeddingVectors[], target: EmbeddingVectors) => {
    const matching = cosine(sum(asked.map((query) => query.matching)), target.matching);
    const factors = weights.map((weight, k) => weight * cosine(sum(asked.map((query) => factor(query, k))), factor(target, k)));
    return { matching, factors, total: matching + factors.reduce((a, b) => a + b, 0) };
  };
  return [...targets]
    .filter(([id]) => !without.includes(id))
    .map(([id, target]) => {
      const { matching, factors, total } = score(queries, target);
      const negative = negatives.reduce((cost, one) => cost + one.weight * Math.max(0, score([one.vectors], target).total), 0);
      return { id, matching, factors, negative, score: total - negative };
    })
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

async function expectPlain(request: SearchRequest, plain: Plain): Promise<void> {
  const { hits } = await gallery.search({ ...request, k: 100 });
  const expected = plainRanking(plain);
  expect(hits.length).toBe(expected.length);
  const byId = new Map(expected.map((hit) => [hit.id, hit]));
  for (const [i, hit] of hits.entries()) {
    const wanted = byId.get(hit.id);
    expect(hit.score).toBeCloseTo(wanted?.score as number, 5);
    expect(hit.score).toBeCloseTo(expected[i]?.score as number, 5);
    expect(hit.matching).toBeCloseTo(wanted?.matching as number, 5);
    expect(hit.negative).toBeCloseTo(wanted?.negative as number, 5);
    hit.factors.forEach((share, k) => {
      expect(share).toBeCloseTo(wanted?.factors[k] as number, 5);
    });
    expect(hit.rank).toBe(i + 1);
  }
}

const id = (name: string) => ({ id: `${name}.jpg` });

describe('a search', () => {
  it('composes a reference with the texts, joined', async () => {
    const query = await composed('in red and with short sleeves', 'p03.jpg');
    const texts = ['in red ', 'with short sleeves'];
    await expectPlain({ references: [id('p03')], texts }, { queries: [query], without: ['p03.jpg'] });
    const bytes = await readFile(at('pictures', 'p03.jpg'));
    await expectPlain({ references: [{ bytes }], texts }, { queries: [query], without: ['p03.jpg'] });
    await expectPlain({ references: [{ bytes }], texts, excludeReferences: false }, { queries: [query] });
  });

  it('averages several references, each composed with the text', async () => {
    const queries = [await composed('in red', 'p03.jpg'), await composed('in red', 'p08.jpg')];
    const references = [id('p03'), { path: at('pictures', 'p08.jpg') }];
    await expectPlain({ references, texts: ['in red'] }, { queries, without: ['p03.jpg', 'p08.jpg'] });
  });

  it('of a text alone composes it with the average picture', async () => {
    await expectPlain({ texts: ['in red'] }, { queries: [await composed('in red')] });
  });

  it('of pictures alone takes them as targets', async () => {
    const queries = [targets.get('p03.jpg') as EmbeddingVectors, targets.get('p04.jpg') as EmbeddingVectors];
    const without = ['p03.jpg', 'p04.jpg'];
    await expectPlain({ references: [id('p03'), id('p04')] }, { queries, without });
    const bytes = await imageBytes(3);
    const [own] = (await gallery.search({ references: [{ bytes }], excludeReferences: false, k: 1 })).hits;
    expect(own).toMatchObject({ id: 'p03.jpg', matching: expect.closeTo(1, 5), score: expect.closeTo(2, 5) });
  });

  it('weighs factors, and makes resembling a negative cost', async () => {
    const query = await composed('in red', 'p03.jpg');
    const request = { references: [id('p03')], texts: ['in red'] };
    const plain = { queries: [query], without: ['p03.jpg'] };
    await expectPlain({ ...request, weights: [0, 2, 0.5] }, { ...plain, weights: [0, 2, 0.5] });
    for (const hit of (await gallery.search({ ...request, weights: [0, 0, 0] })).hits) expect(hit.score).toBe(hit.matching);
    const vectors = targets.get('p09.jpg') as EmbeddingVectors;
    await expectPlain({ ...request, negatives: [id('p09')] }, { ...plain, negatives: [{ vectors, weight: 0.5 }] });
    // Two share the weight, so that the second does not cost as much again.
    const two = [vectors, targets.get('p10.jpg') as EmbeddingVectors].map((one) => ({ vectors: one, weight: 1.25 / 2 }));
    const negatives = [id('p09'), { path: at('pictures', 'p10.jpg') }];
    await expectPlain({ ...request, negatives, negativeWeight: 1.25 }, { ...plain, negatives: two });
    const cost = (await gallery.search({ ...request, negatives: [id('p09')], k: 100 })).hits.find((hit) => hit.id === 'p09.jpg');
    expect(cost?.negative).toBeCloseTo(0.5 * 2, 5);
  });

  it('of a part of a picture is that of the part as a picture of its own, and leaves out the whole', async () => {
    const file = await readFile(at('pictures', 'p03.jpg'));
    const { width, height } = await sharp(file).metadata();
    const box = { left: 0.25, top: 0.5, width: 0.5, height: 0.25 };
    const pixels = [box.left * width, box.top * height, box.width * width, box.height * height].map(Math.round);
    const [left, top, across, down] = pixels as [number, number, number, number];
    const bytes = await sharp(file).extract({ left, top, width: across, height: down }).png().toBuffer();
    const decoded = await embedder.decode(bytes, 'the part');
    const query = (
      await embedder.embed(await embedder.encode([decoded]), { targets: [], queries: [{ image: 0, text: 'in red' }] })
    ).queries[0] as EmbeddingVectors;
    const texts = ['in red'];
    await expectPlain({ references: [{ ...id('p03'), box }], texts }, { queries: [query], without: ['p03.jpg'] });
    await expectPlain({ references: [{ bytes: file, box }], texts }, { queries: [query], without: ['p03.jpg'] });
    const score = async (request: SearchRequest) =>
      (await gallery.search({ ...request, k: 1, excludeReferences: false })).hits[0]?.score;
    // Without a text too, and nothing that is remembered of the whole is taken for the part.
    expect(await score({ references: [{ ...id('p03'), box }] })).not.toBe(await score({ references: [id('p03')] }));
    const why = await gallery.explain({ references: [{ ...id('p03'), box }], texts }, 'p04.jpg');
    expect(why.hit.id).toBe('p04.jpg');
    for (const wrong of [
      { ...box, left: 0.6 },
      { ...box, width: 0 },
      { ...box, top: Number.NaN },
    ]) {
      await expect(gallery.search({ references: [{ ...id('p03'), box: wrong }], texts })).rejects.toThrow(
        'is not part of the image',
      );
    }
  });

  it('leaves out references and copies of them', async () => {
    const request = { references: [id('p05')], texts: ['in red'], k: 100 };
    const found = async (more: Partial<SearchRequest>) =>
      (await gallery.search({ ...request, ...more })).hits.map((hit) => hit.id);
    const without = await found({});
    expect([without.length, without.includes('p05.jpg'), without.includes('copy-of-p05.jpg')]).toEqual([count - 1, false, false]);
    expect(await found({ references: [{ path: at('pictures', 'copy-of-p05.jpg') }] })).toEqual(without);
    expect(await found({ excludeReferences: false })).toHaveLength(count + 1);
  });

  it('keeps to a filter', async () => {
    const query = await composed('in red', 'p03.jpg');
    const all = plainRanking({ queries: [query], without: ['p03.jpg'] });
    const request = { references: [id('p03')], texts: ['in red'], filter: "colour = 'blue' and price < 20" };
    const { hits } = await gallery.search({ ...request, k: 50 });
    const wanted = all.filter(({ id: name }) => Number(name.slice(1, 3)) % 3 === 1 && Number(name.slice(1, 3)) < 20);
    expect(hits.map((hit) => hit.id)).toEqual(wanted.map((hit) => hit.id));
    expect(hits[0]?.metadata).toEqual({ colour: 'blue', price: expect.any(Number) });
    expect((await gallery.search({ ...request, filter: "colour = 'pink'" })).hits).toEqual([]);
  });

  it('gives the same hits in pages, equal scores in the order of their ids', async () => {
    const request = { references: [id('p03')], texts: ['in red'], excludeReferences: false };
    const whole = (await gallery.search({ ...request, k: 100 })).hits;
    const paged = [];
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      const page: Awaited<ReturnType<Gallery['search']>> = await gallery.search({ ...request, k: 7, offset });
      paged.push(...page.hits);
      offset = page.next;
    }
    expect(paged).toEqual(whole);
    const places = ['copy-of-p05.jpg', 'p05.jpg'].map((name) => whole.findIndex((hit) => hit.id === name));
    expect(whole[places[1] as number]?.score).toBe(whole[places[0] as number]?.score);
    expect((places[1] as number) - (places[0] as number)).toBe(1);
    expect(await gallery.search({ ...request, offset: 900, k: 5 })).toEqual({ hits: [] });
  });

  it('with many others gives each its own answer or error', async () => {
    const requests: SearchRequest[] = [
      { references: [id('p01')], texts: ['in red'] },
      { references: [id('none')], texts: ['in red'] },
      { texts: ['blue collar'] },
      { references: [{ bytes: Buffer.from('no picture') }], texts: ['in red'] },
      { references: [id('p02')], k: 0 },
      { references: [id('p02'), id('p03')] },
    ];
    const settled = await gallery.searchAll(requests);
    expect(settled.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, false, false, true]);
    expect(settled.map((one) => (one.status === 'rejected' ? (one.reason as Error).message : ''))).toEqual([
      '',
      expect.stringContaining('no picture "none.jpg"'),
      '',
      expect.stringContaining('The query picture is not a picture'),
      expect.stringContaining('k is 0'),
      '',
    ]);
    for (const i of [0, 2, 5]) {
      const one = settled[i] as PromiseFulfilledResult<unknown>;
      expect(one.value).toEqual(await gallery.search(requests[i] as SearchRequest));
    }
    await expect(gallery.searchMany(requests)).rejects.toThrow('no picture "none.jpg"');
  });

  it('reads a picture once for all that is said about it, and finds the same, also beside new pictures', async () => {
    const about = (name: string, text: string): SearchRequest => ({ references: [id(name)], texts: [text] });
    const open = () => Gallery.open(`memory:${at('gallery')}`, { model: folder.model });
    const fresh = await open();
    const wanted = await fresh.search(about('p04', 'blue collar'));
    await fresh.close();
    const again = await open();
    const decode = vi.spyOn(Embedder.prototype, 'decode');
    await again.searchMany([about('p03', 'in red'), about('p04', 'in red')]);
    expect(decode).toHaveBeenCalledTimes(2);
    const [, answer] = await again.searchMany(['p06', 'p04', 'p03'].map((name) => about(name, 'blue collar')));
    expect(decode).toHaveBeenCalledTimes(3);
    decode.mockRestore();
    expect(answer?.hits.map((hit) => hit.id)).toEqual(wanted.hits.map((hit) => hit.id));
    answer?.hits.forEach(({ score }, i) => {
      expect(score).toBeCloseTo(wanted.hits[i]?.score as number, 5);
    });
    await again.close();
  });
});
