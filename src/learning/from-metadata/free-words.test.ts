import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import { FreeWords } from './free-words.js';
import { makeTriplets } from './make-triplets.js';

const texts = [
  'a black leather boot with a silver buckle',
  'a black leather boot with laces',
  'a red suede boot with a silver buckle',
  'a red leather sandal with laces',
  'a black suede sandal and a silver buckle',
  'a red leather sandal with zonks',
  undefined,
];
const nobody = texts.map(() => []);

describe('the words of free texts', () => {
  const free = FreeWords.from(texts, nobody) as FreeWords;
  const said = (reference: number, target: number) =>
    Array.from({ length: 60 }, (_, seed) => free.changes(reference, target, new Random(seed)));

  it('tell what the target has and the reference lacks, and now and then what is gone', () => {
    const all = said(1, 4).flat();
    expect(all.filter(({ how }) => how === 'removed').map(({ from }) => from)).toContain('boot');
    const added = new Set(all.filter(({ how }) => how === 'added').map(({ to }) => to));
    // "black" is in both, so that no phrase is "black" alone; "suede" comes twice, "zonks" once.
    expect([...added].sort()).toEqual(['sandal', 'silver buckle']);
    for (const changes of said(1, 4)) expect(changes.length).toBeLessThanOrEqual(3);
  });

  it('are not told of equal texts, nor of none', () => {
    expect(said(0, 0).flat()).toEqual([]);
    expect(said(0, 6).flat()).toEqual([]);
    expect(
      said(5, 3)
        .flat()
        .every(({ to, from }) => `${to}${from}` === 'laces'),
    ).toBe(true);
  });

  it('are none where nothing comes back', () => {
    expect(FreeWords.from(['one red', 'two blue', 'three green'], [[], [], []])).toBeUndefined();
  });

  it('are left out where near images do not share them', () => {
    const many = Array.from(
      { length: 200 },
      (_, row) => `${row % 2 ? 'dotted' : 'floral'} ${row % 4 < 2 ? 'lucky' : 'happy'} soft warm`,
    );
    const near = many.map((_, row) => [2, 4, 6].map((step) => (row + step) % 200));
    // Neighbours are of the same pattern; of the other words half of them are.
    const found = FreeWords.from([...many, 'soft', 'warm'], [...near, [], []]);
    expect(found).toBeUndefined();
    // Where neighbours are not known, nothing speaks against a word.
    expect(FreeWords.from(many, [])?.count).toBe(4);
  });
});

it('a table of one free text teaches its words beside the attributes that come back', async () => {
  const kinds = ['boot', 'sandal', 'pump', 'loafer'];
  const details = ['buckle', 'fringe', 'bow', 'zipper', 'tassel'];
  const rows = Array.from({ length: 200 }, (_, i) => ({
    id: `${i}.jpg`,
    path: `/photos/${i}.jpg`,
    values: { caption: `a ${['red', 'blue'][i % 2]} ${kinds[i % 4]} with a ${details[i % 5]} number ${i}` },
  }));
  const width = 12;
  const data = new Float32Array(rows.length * width);
  const random = new Random(3);
  rows.forEach((_, i) => {
    const row = data.subarray(i * width, (i + 1) * width);
    for (let j = 0; j < width; j++) row[j] = 0.1 * random.normal();
    row[i % 4] = 1;
    row[4 + (i % 5)] = 1;
    const length = Math.hypot(...row);
    for (let j = 0; j < width; j++) row[j] = (row[j] as number) / length;
  });
  const made = await makeTriplets({ rows, vectors: { data, width }, perImage: 8 });
  const ofWords = made.splits.train.filter(({ provenance }) => provenance.changes.some(({ attribute }) => attribute === 'words'));
  expect(ofWords.length / made.splits.train.length).toBeGreaterThan(0.3);
  expect(ofWords.length / made.splits.train.length).toBeLessThan(0.7);
  const captionOf = (id: string) => rows.find((row) => row.id === id)?.values.caption as string;
  for (const { reference, target, text, provenance } of ofWords) {
    for (const { from, to } of provenance.changes) {
      expect(text).toContain(from || to);
      expect(captionOf(to ? target : reference)).toContain(from || to);
    }
  }
  expect(made.notes.join()).toContain('words of the free texts');
});
