/** limn index and limn search on a list with metadata, as a person would use them. */
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TinyFolder, tinyFolder } from '../src/search/gallery/testing/tiny-gallery.js';

const program = resolve(import.meta.dirname, '../dist/apps/cli/main.js');
let folder: TinyFolder;

beforeAll(async () => {
  folder = await tinyFolder(9);
  const rows = Array.from({ length: 9 }, (_, i) => `p0${i}.jpg,${i % 2 ? 'red' : 'blue'},${i},${i > 6 ? '' : `Scarf ${i}`}`);
  await writeFile(folder.at('list.csv'), ['path,colour,price,title', ...rows].join('\n'));
});
afterAll(() => folder.remove());

function limn(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  const env = { ...process.env, LIMN_HOME: folder.at('home'), LIMN_THREADS: '1' };
  return new Promise((done) => {
    execFile(process.execPath, [program, ...words], { env, cwd: folder.at() }, (failure, out, error) => {
      done({ code: failure ? Number(failure.code) : 0, out, error });
    });
  });
}

const index = ['index', '--model', 'model', '--images', 'pictures', '--list', 'list.csv', '--store', 'memory:gallery'];

it('indexes a list, says what changed, and prunes when told to', async () => {
  const first = await limn(...index);
  expect(first, first.error).toMatchObject({ code: 0, out: 'memory:gallery: 9 pictures\n' });
  const text = await readFile(folder.at('list.csv'), 'utf8');
  await writeFile(folder.at('list.csv'), text.replace('p08.jpg,blue,8,', '').replace('p01.jpg,red,1,', 'p01.jpg,red,2,'));
  expect((await limn(...index)).out).toBe('memory:gallery: 9 pictures, 1 updated, 7 unchanged\n');
  const pruned = JSON.parse((await limn(...index, '--prune', '--json')).out);
  expect(pruned).toEqual({
    gallery: 'memory:gallery',
    pictures: 8,
    added: 0,
    replaced: 0,
    updated: 0,
    unchanged: 8,
    removed: 1,
    skipped: [],
  });
});

it('says on stderr what is passed over, what fits nothing, and why a search finds nothing', async () => {
  await writeFile(folder.at('pictures', 'phone.heic'), 'x');
  await writeFile(folder.at('other.csv'), 'id,price\nNOBODY,3\n');
  const words = ['index', '--model', 'model', '--images', 'pictures', '--out', 'told', '--metadata', 'other.csv'];
  const indexed = await limn(...words, '--json');
  expect(indexed.code, indexed.error).toBe(0);
  expect(indexed.error).toContain('1 .heic');
  expect(indexed.error).toContain('other.csv: 0 of 1 rows fit an image');
  expect(JSON.parse(indexed.out)).toMatchObject({ passedOver: [{ kind: '.heic' }], metadata: { rows: 1, matched: 0 } });
  await rm(folder.at('pictures', 'phone.heic'));
  const found = await limn('search', '--gallery', 'memory:gallery', '--text', 'in red', '--filter', "color = 'red'");
  expect(found).toMatchObject({ code: 0, out: '' });
  expect(found.error).toMatch(/0 of \d+ pictures match the filter; there is no field color, did you mean colour\?/);
  const hinted = await limn('search', '--gallery', 'memory:gallery', '--text', 'in red', '--text', 'a price over 3');
  expect(hinted.error).toContain(`"red" can be a filter: --filter "colour = 'red'"`);
  expect(hinted.error).toContain(`All of them: --filter "colour = 'red' and price > 3"`);
});

it('searches with several pictures and texts, negatives, a filter, pages and explanations', async () => {
  const search = ['search', '--gallery', 'memory:gallery', '--image', 'pictures/p00.jpg', '--image', 'pictures/p02.jpg'];
  const words = [...search, '--text', 'in red', '--text', 'with short sleeves', '--negative', 'pictures/p03.jpg'];
  const more = ['--filter', "colour = 'red' or price > 3", '-k', '2', '--offset', '1', '--json', '--explain'];
  const ended = await limn(...words, ...more, '--html', 'hits.html');
  expect(ended.code, ended.error).toBe(0);
  const { hits, next, text } = JSON.parse(ended.out);
  expect([text, next]).toEqual([['in red', 'with short sleeves'], 3]);
  expect(hits.map((hit: { rank: number }) => hit.rank)).toEqual([2, 3]);
  for (const hit of hits) {
    expect(hit.metadata.colour === 'red' || hit.metadata.price > 3).toBe(true);
    expect(hit.explanation.factors).toHaveLength(3);
    expect(hit.path).toBe(folder.at('pictures', hit.id));
  }
  const page = await readFile(folder.at('hits.html'), 'utf8');
  expect(page.match(/<details class="heat">/g)).toHaveLength(2);
  // A reference's and a hit's map for each of three factors.
  expect(page.match(/<div class="map"/g)).toHaveLength(12);
  expect(page).toContain('in red and with short sleeves');
  const plain = await limn(...search, '-k', '1', '--explain');
  expect(plain.out).toMatch(/^ {2}1 {2}-?\d\.\d{4} {2}.*\.jpg\n {5}factor \d -?\d\.\d{3}, factor \d -?\d\.\d{3}, factor \d /);
  const textOnly = await limn('search', '--gallery', 'memory:gallery', '--text', 'in red', '-k', '3');
  expect(textOnly.out.split('\n')).toHaveLength(4);
});

it('takes ids of the gallery as references, and shows titles and chosen fields', async () => {
  const search = ['search', '--gallery', 'memory:gallery', '--image', 'p03.jpg', '--text', 'in red'];
  const found = await limn(...search, '--show', 'price,colur', '-k', '7', '--html', 'shown.html');
  expect(found.code, found.error).toBe(0);
  expect(found.error).toContain('--show names the field colur, which no image has. Did you mean "colour"?');
  const lines = found.out.trimEnd().split('\n');
  // As with a file of the gallery, the reference itself is no hit.
  expect(lines).toHaveLength(7);
  for (const line of lines) {
    const [, , said, path] = line.trim().split(/ {2,}/);
    const number = /p0(\d)\.jpg$/.exec(path as string)?.[1];
    expect(number).not.toBe('3');
    const price = number === '1' ? 2 : number;
    expect(said).toBe(number === '7' ? `price ${price}` : `Scarf ${number}, price ${price}`);
  }
  const page = await readFile(folder.at('shown.html'), 'utf8');
  expect(page).toContain('<figcaption class="name">Scarf 3</figcaption>');
  expect(page).toContain('<span>price</span><span>5</span>');
  const byFile = await limn(
    'search',
    '--gallery',
    'memory:gallery',
    '--image',
    'pictures/p03.jpg',
    '--text',
    'in red',
    '-k',
    '7',
  );
  const paths = (text: string) => text.match(/p0\d\.jpg$/gm);
  expect(paths(byFile.out)).toEqual(paths(found.out));
  const neither = await limn('search', '--gallery', 'memory:gallery', '--image', 'p99.jpg', '--text', 'in red');
  expect(neither.code).toBe(1);
  expect(neither.error).toContain('p99.jpg does not exist. Check the path. The gallery has no image of that id either.');
});
