import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, test } from 'vitest';
import { Random } from '../../core/random.js';
import { readOwnTriplets } from '../data/own-triplets.js';
import { splitNames } from '../data/triplets.js';
import type { CatalogueRow } from './catalogue-row.js';
import { englishNoun, singularOf, withArticle } from './english/nouns.js';
import { englishWording } from './english/wording.js';
import { type MadeTriplets, makeTriplets } from './make-triplets.js';
import { previewPage } from './preview-page.js';
import { readWording } from './wording.js';
import { writeTriplets } from './write-triplets.js';

const colours = ['red', 'blue', 'green', 'black'];
const types = ['Shirts', 'Dresses', 'Shoes'];

/** A catalogue whose vectors show colour and type; row 3 n + 1 is a variant of row 3 n. */
function catalogue(count: number) {
  const random = new Random(5);
  const rows: CatalogueRow[] = [];
  const width = 16;
  const data = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const [colour, type] = [random.below(4), random.below(3)];
    const product = i % 3 === 1 ? i - 1 : i;
    const values = {
      colour: colours[colour],
      type: types[type],
      kind_of_type: type === 2 ? 'footwear' : 'clothes',
      price: 10 + 40 * type + random.below(30),
      season: random.pick(['fall', 'summer']),
      coin: random.pick(['heads', 'tails']),
      product: `p${product}`,
    };
    rows.push({ id: `${i}.jpg`, path: `/photos/${i}.jpg`, values });
    const row = data.subarray(i * width, (i + 1) * width);
    for (let j = 7; j < width; j++) row[j] = 0.25 * random.normal();
    row[colour] = 1;
    row[4 + type] = 1;
    const length = Math.hypot(...row);
    row.forEach((value, j) => {
      row[j] = value / length;
    });
  }
  return { rows, vectors: { data, width } };
}

const given = catalogue(240);
const make = (options: object = {}): Promise<MadeTriplets> => makeTriplets({ ...given, perImage: 4, ...options });
const valuesOf = (id: string) => given.rows.find((row) => row.id === id)?.values as Record<string, unknown>;

it('tells in one to three changes what differs, and nothing else', async () => {
  const made = await make();
  expect(made.attributes.map(({ name }) => name)).toEqual(['colour', 'type', 'price']);
  expect(made.leftOut.map(({ name }) => name).sort()).toEqual(['coin', 'kind_of_type', 'product', 'season']);
  const all = splitNames.flatMap((name) => made.splits[name]);
  expect(all.length).toBeGreaterThan(600);
  for (const { reference, target, text, provenance } of all) {
    const { changes } = provenance;
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.length).toBeLessThanOrEqual(3);
    expect(text).toBe(text.toLowerCase());
    expect(text).not.toMatch(/[{}]|undefined/);
    const [from, to] = [valuesOf(reference), valuesOf(target)];
    const differing = ['colour', 'type'].filter((name) => from[name] !== to[name]);
    const told = changes.map(({ attribute }) => attribute).filter((name) => name !== 'price');
    expect(told.sort()).toEqual(differing);
    for (const change of changes) {
      if (change.attribute !== 'price') expect(change.to).toBe(String(to[change.attribute]).toLowerCase());
      else expect(Number(change.to) - Number(change.from)).toBe(Number(to.price) - Number(from.price));
    }
  }
  // A colour is told in many ways.
  const toRed = new Set(
    all.flatMap(({ text, provenance }) => (provenance.changes.length === 1 && provenance.changes[0]?.to === 'red' ? [text] : [])),
  );
  expect(toRed.size).toBeGreaterThan(10);
});

it('holds whole products out, and does the same again for the same seed', async () => {
  const [made, again, other] = [await make(), await make(), await make({ seed: 2 })];
  expect(again).toEqual(made);
  expect(other.splits.train).not.toEqual(made.splits.train);
  const productsOf = (name: (typeof splitNames)[number]) => new Set(made.images[name].map((id) => valuesOf(id).product));
  const [train, val, test] = splitNames.map(productsOf) as [Set<unknown>, Set<unknown>, Set<unknown>];
  for (const product of train) expect(val.has(product) || test.has(product)).toBe(false);
  for (const product of val) expect(test.has(product)).toBe(false);
  expect(splitNames.reduce((sum, name) => sum + made.images[name].length, 0)).toBe(240);
  for (const name of splitNames) {
    const own = new Set(made.images[name]);
    for (const { reference, target } of made.splits[name]) expect(own.has(reference) && own.has(target)).toBe(true);
  }
});

it('near pairs are nearer than others', async () => {
  const { splits } = await make({ fields: ['colour', 'type'] });
  const mean = (strategy: string) => {
    const of = splits.train.filter(({ provenance }) => provenance.strategy === strategy);
    return of.reduce((sum, { provenance }) => sum + provenance.similarity, 0) / of.length;
  };
  expect(mean('near')).toBeGreaterThan(mean('attributes'));
});

it('copies of an image are one product', async () => {
  const { rows, vectors } = catalogue(60);
  const data = vectors.data.slice();
  for (let row = 30; row < 60; row++) data.copyWithin(row * vectors.width, 0, vectors.width);
  const made = await makeTriplets({ rows, vectors: { ...vectors, data } });
  expect(made.notes.join()).toMatch(/30 images are copies/);
  const copies = ['0.jpg', ...rows.slice(30).map(({ id }) => id)];
  expect(splitNames.filter((name) => made.images[name].some((id) => copies.includes(id)))).toHaveLength(1);
});

test.each([
  [
    'images that are all alike',
    { vectors: { data: new Float32Array(240).fill(1), width: 1 } },
    /240 images of 1 different products.*at least 20/,
  ],
  [
    'two images',
    { rows: given.rows.slice(0, 2), vectors: { data: given.vectors.data.slice(0, 32), width: 16 } },
    /2 images of 2 different/,
  ],
  [
    'a column of one value',
    { rows: given.rows.map((row) => ({ ...row, values: { shop: 'ours' } })) },
    /No column tells products apart.*"shop": all of its values are "ours"/,
  ],
  ['no column', { rows: given.rows.map((row) => ({ ...row, values: {} })) }, /no columns beside the images/],
  ['a field that is not there', { fields: ['color'] }, /no column "color"/],
])('%s: says so', async (_, options, message) => {
  await expect(make(options)).rejects.toThrow(message);
});

test('what is written is a dataset that limn reads, with where each line is from', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limn-from-metadata-'));
  try {
    const made = await make();
    await writeTriplets(join(folder, 'data'), made, join(folder, 'photos'));
    const val = await readOwnTriplets({ directory: join(folder, 'data'), split: 'val', onMissing: 'ignore' });
    expect(val.triplets.map(({ text }) => text)).toEqual(made.splits.val.map(({ text }) => text));
    expect(new Set(val.images.map(({ id }) => id))).toEqual(new Set([...made.images.val, ...made.images.test]));
    expect(val.images[0]?.path.startsWith(join(folder, 'photos'))).toBe(true);
    const page = await previewPage({ made, count: 5, imageOf: async () => undefined });
    expect(page.split('<section>')).toHaveLength(6);
    expect(page).toContain('kind_of_type');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a further language by a file of templates; what is wrong in it is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limn-templates-'));
  const file = join(folder, 'de.json');
  const forms = (text: string) => ({ any: { as: [text] } });
  const german = {
    language: 'de',
    joins: [' und '],
    frames: { says: ['{text}'], as: ['bitte {text}'], asks: ['{text}'] },
    changed: forms('{to} statt {from}'),
    added: forms('mit {to}'),
    removed: forms('ohne {from}'),
    more: forms('mehr {name}'),
    less: forms('weniger {name}'),
    values: { red: ['rot'], blue: ['blau'], green: ['grün'], black: ['schwarz'] },
  };
  try {
    await writeFile(file, JSON.stringify(german));
    const made = await make({ wordings: [englishWording, await readWording(file)], fields: ['colour'] });
    const texts = made.splits.train.filter(({ provenance }) => provenance.language === 'de').map(({ text }) => text);
    expect(texts.length).toBeGreaterThan(100);
    for (const text of texts) expect(text).toMatch(/^(bitte )?(rot|blau|grün|schwarz) statt (rot|blau|grün|schwarz)$/);
    await writeFile(file, JSON.stringify({ ...german, changed: forms('{too}') }));
    await expect(readWording(file)).rejects.toThrow('"{too}" in changed.any has {too}');
    await writeFile(file, JSON.stringify({ ...german, more: {} }));
    await expect(readWording(file)).rejects.toThrow('"more" needs "any"');
    await writeFile(file, JSON.stringify({ ...german, frames: { ...german.frames, as: ['{type}, {text}'] } }));
    await expect(readWording(file)).rejects.toThrow('frames.as needs a template without {kept} and {type}');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('English nouns', () => {
  expect(['dresses', 'formal shoes', 'watches', 'jeans', 'accessories', 'dress', 'gas'].map(singularOf)).toEqual([
    'dress',
    'formal shoe',
    'watch',
    'jeans',
    'accessories',
    'dress',
    'gas',
  ]);
  expect(['shirt', 'apron', 'jeans', 'uniform', 'jewellery'].map(withArticle)).toEqual([
    'a shirt',
    'an apron',
    'a pair of jeans',
    'a uniform',
    'jewellery',
  ]);
  expect(englishNoun('boots', 'type')).toEqual({ '': 'boot', a_: 'a boot', one_: 'a boot' });
  expect(englishNoun('trousers', 'type')).toEqual({ '': 'trousers', a_: 'a pair of trousers', one_: 'trousers' });
});
