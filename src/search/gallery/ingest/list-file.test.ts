import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parquetFile } from '../testing/parquet-file.js';
import type { ListedImage } from './image-list.js';
import { listFile, metadataFile } from './list-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-list-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(name: string, content: string | Uint8Array): Promise<ListedImage[]> {
  await writeFile(join(folder, name), content);
  const list = await listFile(join(folder, name), folder);
  const images: ListedImage[] = [];
  for await (const image of list.images()) images.push(image);
  expect(list.total).toBe(images.length);
  return images;
}

describe('listFile', () => {
  it('reads CSV, and finds out what its columns hold', async () => {
    const text = [
      'id,path,title,price,code,sale,size',
      'a,sub/../x.jpg,"A ""red"" dress, long",12.50,007,true,10',
      `b,${join(folder, 'y.jpg')},Plain,-3e1,12,FALSE,M`,
      ',./z.jpg,,,,,',
    ].join('\r\n');
    expect(await read('list.csv', text)).toEqual([
      {
        id: 'a',
        location: 'x.jpg',
        metadata: { title: 'A "red" dress, long', price: 12.5, code: '007', sale: true, size: '10' },
      },
      { id: 'b', location: 'y.jpg', metadata: { title: 'Plain', price: -30, code: '12', sale: false, size: 'M' } },
      { id: 'z.jpg', location: 'z.jpg', metadata: {} },
    ]);
    expect(await read('list.tsv', 'path\tn\na,b.jpg\t1\n')).toEqual([{ id: 'a,b.jpg', location: 'a,b.jpg', metadata: { n: 1 } }]);
  });

  it('reads JSON lines with their own types', async () => {
    const text =
      '\uFEFF{"url":"https://example.com/a.jpg","n":"1","m":null,"ok":true}\n\n{"id":7,"path":"b.jpg","url":"https://x.org"}\n';
    expect(await read('list.jsonl', text)).toEqual([
      { id: 'https://example.com/a.jpg', location: 'https://example.com/a.jpg', metadata: { n: '1', m: null, ok: true } },
      { id: '7', location: 'b.jpg', metadata: { url: 'https://x.org' } },
    ]);
  });

  it('reads Parquet, in parts', async () => {
    const count = 4500;
    const of = <T>(value: (i: number) => T) => Array.from({ length: count }, (_, i) => value(i));
    const file = parquetFile([
      { name: 'path', type: 'text', values: of((i) => `${i}.jpg`) },
      { name: 'price', type: 'double', values: of((i) => (i === 3 ? Number.NaN : i / 4)) },
      { name: 'stock', type: 'int64', values: of((i) => (i === 1 ? 2n ** 60n : BigInt(i))) },
      { name: 'sale', type: 'boolean', values: of((i) => i % 3 === 0) },
    ]);
    const images = await read('list.parquet', file);
    expect(images[1]).toEqual({
      id: '1.jpg',
      location: '1.jpg',
      metadata: { price: 0.25, stock: '1152921504606846976', sale: false },
    });
    expect(images[3]?.metadata).toEqual({ stock: 3, sale: true });
    expect(images[4499]).toEqual({
      id: '4499.jpg',
      location: '4499.jpg',
      metadata: { price: 1124.75, stock: 4499, sale: false },
    });
    await writeFile(join(folder, 'cut.parquet'), file.subarray(0, 900));
    await expect(listFile(join(folder, 'cut.parquet'), folder)).rejects.toThrow(
      /Cannot read the list .*cut\.parquet.*whole Parquet file/,
    );
  });

  it.each([
    ['path\n../a.jpg\n', /list line 2: the path "\.\.\/a\.jpg" leads out of .*--images/],
    ['path\n/etc/passwd\n', /leads out of/],
    ['id,colour\na,red\n', /line 2 has neither a "path" nor a "url"/],
    ['url\nfile:///etc/passwd\n', /is not a URL that starts with http/],
    ['path\na.jpg\na.jpg\n', /line 3: the id "a\.jpg" is there twice/],
    ['path,path\na,b\n', /line 1: the column "path" is there twice/],
    ['path,Sale Price\na.jpg,3\n', /the column "Sale Price" cannot be a field\. Name it with letters/],
    ['path,n\na.jpg\n', /line 2 has 1 fields, but the first line names 2 columns/],
    ['path\n"a.jpg\n', /the quote is never closed/],
    ['path\na\u0007.jpg\n', /is not a valid id/],
    ['path\n', /has no pictures/],
    ['', /has no pictures/],
  ])('says what is wrong with %j', async (text, message) => {
    await writeFile(join(folder, 'list.csv'), text);
    const failed = listFile(join(folder, 'list.csv'), folder);
    await expect(
      failed.catch((error: Error) => Promise.reject(new Error(error.message.replace('list.csv', 'list')))),
    ).rejects.toThrow(message);
  });

  it.each([
    ['{"path": "a.jpg"', /line 1 is not valid JSON/],
    ['["a.jpg"]', /line 1 is not an object/],
    ['{"path": 3}', /"path" must be a text/],
    ['{"path": "a.jpg", "tags": ["x"]}', /"tags" is a list, an object or bytes/],
  ])('says what is wrong with the JSON line %s', async (text, message) => {
    await writeFile(join(folder, 'bad.jsonl'), text);
    await expect(read('bad.jsonl', text)).rejects.toThrow(message);
  });

  it('knows no other files, and says which one is not there', async () => {
    await expect(listFile(join(folder, 'list.xls'), folder)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(listFile(join(folder, 'none.csv'), folder)).rejects.toMatchObject({ code: 'IO' });
    await expect(listFile(join(folder, 'none.jsonl'), folder)).rejects.toMatchObject({ code: 'IO' });
    await expect(listFile(join(folder, 'none.parquet'), folder)).rejects.toMatchObject({ code: 'IO' });
  });
});

describe('lists as people write them', () => {
  const notesOf = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return ((await listFile(join(folder, name), folder)).notes ?? []).map((note) => note.replace(`${folder}/`, ''));
  };

  it('counts all wrong rows, with their lines', async () => {
    const text = 'id,path,n\na,1.jpg\na,1.jpg,1\na,2.jpg,2\n,,3\nb,../x.jpg,4\nc,3.jpg,5\n';
    await writeFile(join(folder, 'wrong.csv'), text);
    await expect(listFile(join(folder, 'wrong.csv'), folder)).rejects.toThrow(
      /line 2 has 2 fields, but .* needs quotes\. 3 more rows are wrong: line 4, line 5, line 6\.$/,
    );
    await writeFile(join(folder, 'wrong.jsonl'), '{"path":"a.jpg"}\n{\n[]\n{"path":"a.jpg"}\n');
    await expect(listFile(join(folder, 'wrong.jsonl'), folder)).rejects.toThrow(
      /line 2 is not valid JSON .* 2 more rows are wrong: line 3, line 4\.$/,
    );
  });

  it.each([
    ['list.csv', ' ID ,Path,Colour\n7,a.jpg,red\n'],
    ['list.jsonl', '{"ID":"7","PATH":"a.jpg","Colour":"red"}\n'],
  ])('finds the columns of %s in any case, and says so', async (name, text) => {
    expect(await read(name, text)).toEqual([{ id: '7', location: 'a.jpg', metadata: { Colour: 'red' } }]);
    expect((await notesOf(name, text)).join()).toMatch(/: read the column "ID" as "id", "(Path|PATH)" as "path"\./);
    // One that is there as it should be wins.
    expect(await read('both.csv', 'path,Path\na.jpg,b.jpg\n')).toEqual([
      { id: 'a.jpg', location: 'a.jpg', metadata: { Path: 'b.jpg' } },
    ]);
  });

  it('names the columns that are there, and a separator that was not taken for one', async () => {
    await expect(read('list.csv', 'file,colour\na.jpg,red\n')).rejects.toThrow('(its columns: file, colour)');
    await expect(read('list.csv', 'path;colour\na.jpg;red\n')).rejects.toThrow('separated by ";" and not by commas?');
  });

  it('reads numbers among words for "no value" as numbers', async () => {
    const text = ['path,price,sale,note', 'a.jpg,12,true,x', 'b.jpg,n/a,-,y', 'c.jpg,7.5,NULL,z', 'd.jpg,,false,n/a'].join('\n');
    const images = await read('list.csv', text);
    expect(images.map(({ metadata }) => metadata)).toEqual([
      { price: 12, sale: true, note: 'x' },
      { note: 'y' },
      { price: 7.5, note: 'z' },
      { sale: false, note: 'n/a' },
    ]);
    expect(await notesOf('list.csv', text)).toEqual([
      'list.csv: the column "price" has 2 numbers and 1 without a value: "n/a" (line 3).',
      'list.csv: the column "sale" has 2 true and false and 2 without a value: "-" (line 3), "NULL" (line 4).',
    ]);
    const json = '{"path":"a.jpg","price":3}\n{"path":"b.jpg","price":"n/a"}\n{"path":"c.jpg","price":null}\n';
    expect((await read('list.jsonl', json)).map(({ metadata }) => metadata)).toEqual([{ price: 3 }, {}, { price: null }]);
  });

  it('says of a column of numbers why it is text', async () => {
    const text = 'path,price,code\na.jpg,12,1\nb.jpg,about 30,007\nc.jpg,9,3\n';
    expect(await notesOf('list.csv', text)).toEqual([
      'list.csv: the column "price" is text, since 1 of its 3 values are not numbers, so "price < 50" would find nothing: "about 30" (line 3). To compare them, write only numbers in this column.',
    ]);
  });

  it('says what is left out of columns without a name', async () => {
    expect(await notesOf('list.csv', 'path,,\na.jpg,,\nb.jpg,,x\nc.jpg,,y\n')).toEqual([
      'list.csv: the column 3 has no name, so its 2 values are left out, the first in line 3.',
    ]);
  });

  it('takes ids as they are, and none that addresses cannot have', async () => {
    const ids = ['women\\dress\\1.jpg', './a', '/a', 'a/../b', ' a '];
    expect(
      (await read('list.jsonl', ids.map((id) => JSON.stringify({ id, path: 'a.jpg' })).join('\n'))).map(({ id }) => id),
    ).toEqual(ids);
    for (const id of ['.', '..', 'a\tb', 'x'.repeat(513), '\ud800']) {
      await expect(read('list.jsonl', JSON.stringify({ id, path: 'a.jpg' }))).rejects.toThrow(
        /line 1: .* is not a valid id, because it/,
      );
    }
    await expect(read('list.jsonl', '{"path":"a.jpg","__proto__":1}')).rejects.toThrow(
      'the column "__proto__" cannot be a field',
    );
    await expect(read('list.jsonl', JSON.stringify({ id: 'a', path: 'x'.repeat(5000) }))).rejects.toThrow(
      'at most 4096 characters',
    );
  });
});

describe('metadataFile', () => {
  it('gives metadata by id or path, once each', async () => {
    await writeFile(join(folder, 'more.csv'), 'path,colour\n./a.jpg,red\nb/c.jpg,blue\n');
    expect(await metadataFile(join(folder, 'more.csv'))).toEqual(
      new Map([
        ['a.jpg', { colour: 'red' }],
        ['b/c.jpg', { colour: 'blue' }],
      ]),
    );
    await writeFile(join(folder, 'more.csv'), 'colour\nred\n');
    await expect(metadataFile(join(folder, 'more.csv'))).rejects.toThrow('has neither an "id" nor a "path"');
    await writeFile(join(folder, 'more.csv'), 'id,colour\na,red\na,blue\n');
    await expect(metadataFile(join(folder, 'more.csv'))).rejects.toThrow('"a" is there twice');
  });
});
