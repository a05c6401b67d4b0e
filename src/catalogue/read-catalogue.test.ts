import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { listFile } from '../search/gallery/ingest/list-file.js';
import { writeGalleryList } from './gallery-list.js';
import { ImageKeys } from './image-keys.js';
import { type CatalogueOptions, readCatalogue } from './read-catalogue.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-catalogue-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let made = 0;
/** A folder of empty files with these paths, and a table beside it. */
async function shop(paths: readonly string[], table?: string | Uint8Array, name = 'shop.csv') {
  const place = join(folder, String(made++));
  const images = join(place, 'photos');
  for (const path of paths) {
    await mkdir(dirname(join(images, path)), { recursive: true });
    await writeFile(join(images, path), '');
  }
  if (table === undefined) return { images };
  await writeFile(join(place, name), table);
  return { images, list: join(place, name) };
}
const read = async (paths: readonly string[], table?: string | Uint8Array, options: Partial<CatalogueOptions> = {}) =>
  readCatalogue({ ...(await shop(paths, table)), ...options });

describe('the column that names the image', () => {
  it.each([
    ['an id that is the name without its ending', ['1.jpg', '2.jpg'], 'sku,colour\n1,red\n2,blue\n', 'sku'],
    ['a path', ['a/1.jpg', 'b/1.jpg'], 'picture,id\na/1.jpg,7\nb\\1.jpg,8\n', 'picture'],
    ['a file name in other letters', ['A/One.JPG', 'B/Two.jpg'], 'image,n\none.jpg,1\nTWO.JPG,2\n', 'image'],
    ['an address', ['1.jpg', '2.jpg'], 'link,n\nhttps://shop.example/i/1.jpg?w=3,x\nhttps://shop.example/i/2.jpg,y\n', 'link'],
    ['views of a product', ['11_1.jpg', '11_2.jpg', '22_1.jpg'], 'id,c\n11,red\n22,blue\n', 'id'],
    ['a folder a product', ['11/a.jpg', '22/a.jpg'], 'id,c\n11,red\n22,blue\n', 'id'],
  ])('%s', async (_, paths, table, column) => {
    const found = await read(paths, table);
    expect(found.imageColumn).toBe(column);
    expect(found.counts.matched).toBe(2);
    expect(found.rows.map(({ values }) => column in values)).toEqual([false, false]);
  });

  it('two images of one name are not guessed between', () => {
    const keys = new ImageKeys(['a/1.jpg', 'b/1.jpg']);
    expect([keys.find('1'), keys.find('1.jpg'), keys.find('a/1.jpg'), keys.find('')]).toEqual([
      undefined,
      undefined,
      'a/1.jpg',
      undefined,
    ]);
  });
});

describe('what does not fit is counted and shown', () => {
  it('rows without an image, images without a row, rows of one image', async () => {
    const { notes, counts, rows } = await read(['1.jpg', '2.jpg', '9.jpg'], 'id,c\n1,red\n5,x\n2,blue\n6,y\n1,again\n');
    expect(counts).toEqual({ rows: 5, matched: 2, images: 3 });
    expect(rows.map(({ values }) => values.c)).toEqual(['red', 'blue']);
    expect(notes.join('\n')).toMatch(/2 rows fit no image: "5", "6"\./);
    expect(notes.join('\n')).toMatch(/1 images have no row \(9.jpg\)/);
    expect(notes.join('\n')).toMatch(/1 rows name an image that an earlier row has/);
  });

  it.each([
    [
      'no id fits',
      'id,c\nx1,red\nx2,blue\n',
      /None of the 2 rows of .*shop.csv fits one of the 1 images .*1.jpg.*id: "x1", "x2"/,
    ],
    ['another separator', 'id;c\n1;red\n', /Is the table separated by ";"\?/],
    ['no rows', 'id,c\n', /has no rows/],
    ['nothing', '', /has no rows/],
    ['a broken row', 'id,c\n1,red,more\n', /line 2 has 3 fields/],
    ['Latin-1', Buffer.from('id,c\n1,gr\u00fcn\n', 'latin1'), /line 2.*Latin-1/],
  ])('%s', async (_, table, message) => {
    await expect(read(['1.jpg'], table)).rejects.toThrow(message);
  });
});

test('of a long table as many rows as asked for are kept, drawn by the seed over the whole', async () => {
  const count = 500;
  const paths = Array.from({ length: count }, (_, i) => `${i}.jpg`);
  const table = `id,c\n${paths.map((_, i) => `${i},${i % 3}`).join('\n')}\n`;
  const place = await shop(paths, table);
  const [one, again, other] = await Promise.all([1, 1, 2].map((seed) => readCatalogue({ ...place, most: 50, seed })));
  expect(again).toEqual(one);
  expect(one?.rows).toHaveLength(50);
  const ids = one?.rows.map(({ id }) => Number.parseInt(id, 10)) as number[];
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  expect(Math.max(...ids)).toBeGreaterThan(count / 2);
  expect(other?.rows).not.toEqual(one?.rows);
});

describe('without a table', () => {
  it.each([
    ['folders', ['red-dress/123.jpg', 'blue_shirt/4.jpg'], ['red dress', 'blue shirt']],
    ['names', ['red-dress_123.jpg', 'BlueShirt4.jpg'], ['blue shirt', 'red dress']],
  ])('%s are titles', async (_, paths, titles) => {
    expect((await read(paths)).rows.map(({ values }) => values.title).sort()).toEqual([...titles].sort());
  });

  it('folders of unknown words are kinds', async () => {
    const { rows, notes } = await read(['zorp/1.jpg', 'zorp/2.jpg', 'blim/3.jpg', 'blim/4.jpg']);
    expect(rows.map(({ values }) => values.type)).toEqual(['blim', 'blim', 'zorp', 'zorp']);
    expect(notes.join()).toMatch(/each of the 2 folders counts as a type/);
  });

  it('names that say nothing are refused with what would help', async () => {
    await expect(read(['IMG_001.jpg', 'IMG_002.jpg'])).rejects.toThrow(/do not describe them.*--list.*limn self-train --pool/);
  });
});

test('the list of the gallery has every image, under names that filters know', async () => {
  const table = 'id,Base Colour,Größe,Preis\n1,red,"a,""b",3.5\n2,blue,x,4\n7,none,y,5\n';
  const place = await shop(['1.jpg', '2.jpg', '9.jpg'], table);
  const catalogue = await readCatalogue(place);
  const written = await writeGalleryList(dirname(place.images), place, catalogue);
  expect(written?.notes.join()).toMatch(/"Base Colour" as Base_Colour, "Größe" as Gro_e/);
  expect(await readFile(written?.file as string, 'utf8')).toBe(
    'path,id,Base_Colour,Gro_e,Preis\n1.jpg,1,red,"a,""b",3.5\n2.jpg,2,blue,x,4\n9.jpg,,,,\n',
  );
  const list = await listFile(written?.file as string, place.images);
  const listed: unknown[] = [];
  for await (const { id, metadata } of list.images()) listed.push([id, metadata.Preis]);
  expect(listed).toEqual([
    ['1', 3.5],
    ['2', 4],
    ['9.jpg', undefined],
  ]);
});

test('numbers as people write them are numbers in the gallery, and codes stay as they are', async () => {
  const table =
    'id,price,weight,code,year,version,card\n1,"1.299,00 €",1.5,007,12.5,1.2.3,n/a\n2,"89,95 €",n/a,"1,5",2,"1,5",12345678901234567\n3,,2,9,abc,2,1\n4,"45,00 €",-,"2,5",3,3,2\n';
  const place = await shop(['1.jpg', '2.jpg', '3.jpg', '4.jpg'], table);
  const written = await writeGalleryList(dirname(place.images), place, await readCatalogue(place));
  expect(await readFile(written?.file as string, 'utf8')).toBe(
    'path,id,price,weight,code,year,version,card\n1.jpg,1,1299,1.5,007,12.5,1.2.3,n/a\n2.jpg,2,89.95,,"1,5",2,"1,5",12345678901234567\n3.jpg,3,,2,9,abc,2,1\n4.jpg,4,45,,"2,5",3,3,2\n',
  );
  expect(written?.notes.join()).toMatch(/price, weight are plain numbers/);
});
