import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import type { ProgressEvent } from '../../../core/progress.js';
import { Random } from '../../../core/random.js';
import { readFashionIQ } from '../fashioniq.js';
import { attributesOf, changesBetween, countGarments, type Garment, type Kind, keyOf, kinds } from './attributes.js';
import { writeCaptions } from './captions.js';
import { growCatalogue, writeQueries } from './catalogue.js';
import { drawGarment } from './draw.js';
import { generateSyntheticFashion } from './generate.js';
import { wordingOf } from './wording.js';

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));
async function newFolder() {
  made.push(await mkdtemp(join(tmpdir(), 'limn-wardrobe-')));
  return made.at(-1) as string;
}

test('every pair of values has words, and different values are said differently', () => {
  for (const kind of Object.keys(kinds) as Kind[]) {
    for (const [attribute, values] of Object.entries(attributesOf(kind))) {
      for (const from of values) {
        const targets = values.filter((value) => value !== from);
        const said = targets.flatMap((to) => {
          const { says, as } = wordingOf({ attribute, from, to });
          expect(says.length, `${kind} ${attribute} ${to}`).toBeGreaterThan(1);
          expect(as.length).toBeGreaterThan(0);
          return [...says, ...as];
        });
        expect(new Set(said).size, `${kind} ${attribute} from ${from}`).toBe(said.length);
      }
    }
  }
});

test('the two captions differ and together tell every change', () => {
  const from = { kind: 'trousers', colour: 'blue', pattern: 'plain', length: 'short', cut: 'slim', belt: 'no' } as Garment;
  const to = { ...from, colour: 'red', pattern: 'striped', belt: 'yes' } as Garment;
  for (let seed = 0; seed < 200; seed++) {
    const captions = writeCaptions(from, to, new Random(seed));
    expect(captions[0]).not.toBe(captions[1]);
    const text = captions.join(' and ');
    for (const word of ['red', 'strip', 'belt']) expect(text).toContain(word);
    expect(text).not.toMatch(/undefined|\b(is|has|does|comes)\b/);
    expect(text).toBe(text.toLowerCase());
  }
});

test('a catalogue has at most two garments of equal attributes and a target for every query', () => {
  const garments = growCatalogue(400, new Random(5));
  const equal = new Map<string, number>();
  for (const garment of garments) equal.set(keyOf(garment), (equal.get(keyOf(garment)) ?? 0) + 1);
  expect(Math.max(...equal.values())).toBe(2);
  expect([...equal.values()].filter((count) => count === 2).length).toBeLessThan(40);
  const queries = writeQueries(garments, 2, new Random(6));
  expect(queries.length).toBeGreaterThan(780);
  const changes = queries.map(({ reference, target }) => {
    const [from, to] = [garments[reference]!, garments[target]!];
    if (from.kind === to.kind) return changesBetween(from, to).length;
    expect([to.colour, to.pattern]).toEqual([from.colour, from.pattern]);
    return 0;
  });
  expect(changes.every((count) => count <= 3)).toBe(true);
  expect(changes.filter((count) => count === 0).length).toBeLessThan(queries.length / 8);
  expect(countGarments()).toBe(9720);
});

test('every garment can be drawn, and equal garments give pictures that differ', async () => {
  for (const kind of Object.keys(kinds) as Kind[]) {
    for (const place of [0, 1, 2]) {
      const values = Object.entries(attributesOf(kind)).map(([name, list]) => [name, list[place % list.length]]);
      const garment = { kind, ...Object.fromEntries(values) } as Garment;
      const draw = (seed: number) => drawGarment(garment, 64, new Random(seed));
      expect(draw(1)).toBe(draw(1));
      expect(draw(1)).not.toBe(draw(2));
      expect(draw(1)).not.toMatch(/undefined|NaN|<text/);
      const { width, height } = await sharp(Buffer.from(draw(1))).metadata();
      expect([width, height]).toEqual([64, 64]);
    }
  }
});

test('the folder reads as FashionIQ, equal seeds give equal files, and a whole folder is reused', async () => {
  const [first, second] = [await newFolder(), await newFolder()];
  const options = { images: 100, seed: 3, size: 32 };
  const events: ProgressEvent[] = [];
  const wardrobe = await generateSyntheticFashion({ ...options, directory: first, onProgress: (event) => events.push(event) });
  expect(events.at(-1)).toEqual({ stage: 'draw the wardrobe', done: 100, total: 100 });
  const splits = await Promise.all(
    (['train', 'val'] as const).map((split) => readFashionIQ({ directory: first, category: 'wardrobe', split })),
  );
  expect(splits.map((split) => split.images.length)).toEqual([65, 35]);
  expect(splits.map((split) => split.triplets.length)).toEqual([wardrobe.counts.train.triplets, wardrobe.counts.val.triplets]);
  expect(new Set(splits.flatMap((split) => split.images.map((image) => image.id))).size).toBe(100);
  const attributes = JSON.parse(await readFile(join(first, 'attributes.json'), 'utf8')) as Record<string, Record<string, string>>;
  expect(Object.keys(attributes).length).toBe(100);
  const [header = '', ...rows] = (await readFile(join(first, 'metadata.val.csv'), 'utf8')).trim().split('\n');
  expect(rows).toHaveLength(wardrobe.counts.val.images);
  for (const row of rows) {
    const cells = row.split(',');
    const named = header
      .split(',')
      .flatMap((name, i): [string, string | undefined][] => (i > 0 && cells[i] ? [[name, cells[i]]] : []));
    expect(Object.fromEntries(named)).toEqual(attributes[cells[0]?.replace('.jpg', '') as string]);
  }

  const titles = (await readFile(join(first, 'titles.val.csv'), 'utf8')).trim().split('\n').slice(1);
  expect(titles).toHaveLength(wardrobe.counts.val.images);
  for (const row of titles) {
    const [path = '', title = ''] = row.split(',');
    const { colour, kind } = attributes[path.replace('.jpg', '')] as Record<string, string>;
    expect(title.toLowerCase()).toContain(`${colour} `);
    expect(title.endsWith(kind as string)).toBe(true);
  }

  await generateSyntheticFashion({ ...options, directory: second });
  for (const file of [
    'captions/cap.wardrobe.train.json',
    'attributes.json',
    'wardrobe.json',
    'images/w00001.jpg',
    'images/w00100.jpg',
  ]) {
    expect(await readFile(join(first, file)), file).toEqual(await readFile(join(second, file)));
  }
  expect(await generateSyntheticFashion({ ...options, directory: first })).toEqual({ ...wardrobe, reused: true });
});

test('an interrupted wardrobe is finished by the next call, with the same pictures', async () => {
  const [whole, directory] = [await newFolder(), await newFolder()];
  const options = { images: 60, seed: 4, size: 32 };
  await generateSyntheticFashion({ ...options, directory: whole });
  const controller = new AbortController();
  const onProgress = ({ done }: ProgressEvent) => done >= 20 && controller.abort();
  const interrupted = generateSyntheticFashion({ ...options, directory, signal: controller.signal, onProgress });
  await expect(interrupted).rejects.toMatchObject({ code: 'INTERRUPTED', message: 'Interrupted while drawing the wardrobe.' });
  await writeFile(join(directory, 'images', 'w00001.jpg'), '');
  const finished = await generateSyntheticFashion({ ...options, directory });
  expect(finished.reused).toBe(false);
  const images = (await readdir(join(whole, 'images'))).sort();
  expect((await readdir(join(directory, 'images'))).filter((name) => name.endsWith('.jpg')).sort()).toEqual(images);
  for (const name of images) {
    expect(await readFile(join(directory, 'images', name))).toEqual(await readFile(join(whole, 'images', name)));
  }
});

test("options out of range and another's folder are errors that say what to do", async () => {
  const directory = await newFolder();
  await expect(generateSyntheticFashion({ directory, images: 3 })).rejects.toThrow(
    /^The wardrobe cannot be made: images is out of range/,
  );
  await generateSyntheticFashion({ directory, images: 50, size: 16 });
  await expect(generateSyntheticFashion({ directory, images: 60, size: 16 })).rejects.toThrow(
    /holds another wardrobe \(pictures 50, not 60\); choose another folder or delete this one\.$/,
  );
  const other = await newFolder();
  await writeFile(join(other, 'notes.txt'), 'mine');
  await expect(generateSyntheticFashion({ directory: other })).rejects.toThrow(
    'is not empty; choose a new folder for the wardrobe.',
  );
});
