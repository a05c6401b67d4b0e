import { describe, expect, it } from 'vitest';
import { type ListedImage, listOf } from './image-list.js';
import { MetadataKeeper } from './keep-metadata.js';
import { fitMetadata } from './metadata-fit.js';

const images = (...names: (string | [string, string])[]) =>
  listOf(
    names.map((name): ListedImage => {
      const [id, location] = typeof name === 'string' ? [name, name] : name;
      return { id, location, metadata: {} };
    }),
  );
const rows = (...names: string[]) => new Map(names.map((name) => [name, { of: name }]));

async function fitted(list: ReturnType<typeof listOf>, of: ReadonlyMap<string, { of: string }>) {
  const found = await fitMetadata(list, of, 'more.csv');
  const metadata: unknown[] = [];
  for await (const image of found.images()) metadata.push(image.metadata.of);
  return { metadata, fit: found.metadata, notes: found.notes };
}

describe('fitMetadata', () => {
  it.each([
    [['a.jpg', 'b.jpg'], ['A.JPG', 'B.jpg', 'C.jpg'], 'they differ in case'],
    [['a.jpg', 'b.jpg'], ['a', 'b', 'z'], 'they have no extension (.jpg)'],
    [['a.jpg', 'b.jpg'], ['a.png'], 'they have another extension (.png)'],
    [['x/a.jpg'], ['a.jpg'], 'they lack the folder'],
    [['a.jpg'], ['images/a.jpg'], 'they have a folder in front'],
    [['x/a.jpg'], ['X\\A'], 'they have backslashes in place of "/" and they differ in case and they have no extension (.jpg)'],
    [['caf\u00e9.jpg'], ['cafe\u0301.jpg'], 'their accents are encoded in another way'],
    [['a.jpg'], [' a.jpg '], 'they have spaces at an end'],
  ])('%j and %j: says why no row fits', async (ids, keys, reason) => {
    const { fit, notes, metadata } = await fitted(images(...ids), rows(...keys));
    expect(metadata.every((value) => value === undefined)).toBe(true);
    expect(fit).toMatchObject({ rows: keys.length, matched: 0, examples: keys, reason: expect.stringContaining(reason) });
    expect(notes?.[0]).toMatch(`more.csv: 0 of ${keys.length} rows fit an image; without one: `);
  });

  it('counts what fits, by id and else by path', async () => {
    const found = await fitted(images(['1', 'a.jpg'], ['2', 'b.jpg'], ['b.jpg', 'c.jpg']), rows('1', 'b.jpg', 'd.jpg'));
    // "b.jpg" is the id of the third, so it is not the path of the second.
    expect(found.metadata).toEqual(['1', undefined, 'b.jpg']);
    expect(found.fit).toEqual({ rows: 3, matched: 2, examples: ['d.jpg'] });
    expect((await fitted(images(['1', 'a.jpg']), rows('a.jpg'))).metadata).toEqual(['a.jpg']);
    expect((await fitted(images('a.jpg'), rows('a.jpg'))).notes).toEqual([]);
  });
});

describe('MetadataKeeper', () => {
  const image = { id: 'a', location: 'a', metadata: { colour: 'red', constructor: 'x' } };
  const stored = { id: 'a', location: 'a', content: '', metadata: { colour: 'blue', price: 3, toString: 'y' } };

  it('keeps what a run does not give, and counts it', () => {
    const keeper = new MetadataKeeper();
    expect(keeper.keep(image, stored).metadata).toEqual({ colour: 'red', constructor: 'x', price: 3, toString: 'y' });
    expect(keeper.keep(image, undefined)).toBe(image);
    expect(keeper.keep(image, { ...stored, metadata: { colour: 'blue' } })).toBe(image);
    expect(keeper.kept).toEqual({ pictures: 1, fields: ['price', 'toString'] });
  });

  it('erases it where that is asked for', () => {
    const keeper = new MetadataKeeper(true);
    expect(keeper.keep(image, stored)).toBe(image);
    expect(keeper.kept).toEqual({ pictures: 0, fields: [] });
  });
});
