/** What strangers send to the built program over a real gallery: 4xx and a clear body each time, nothing kept, nothing logged as a failure. */
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asJson, form, problemOf } from '../src/apps/server/testing/serving.js';
import { RetrievalModel } from '../src/models/retrieval/retrieval-model.js';
import { Gallery } from '../src/search/gallery/gallery.js';
import { drawImage, imageBytes } from '../src/search/gallery/testing/tiny-gallery.js';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.js';
import { type Serving, startServing } from './support/serving.js';

const mostPixels = 1_000_000;
let root: string;
let serving: Serving;
const at = (path: string) => `${serving.url}${path}`;
const items = '/v1/galleries/shop/items';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-serve-hostile-'));
  process.env.LIMN_HOME = root;
  const images = join(root, 'pictures');
  await mkdir(images);
  for (let i = 0; i < 6; i++) await drawImage(join(images, `${i}.jpg`), i);
  await writeFile(join(root, 'secret.jpg'), await imageBytes(77));
  await saveTinyModel(join(root, 'model'));
  const model = await RetrievalModel.open(join(root, 'model'));
  const gallery = await Gallery.create({ model, images, out: `memory:${join(root, 'shop')}` });
  await gallery.close();
  await model.close();
  // Since it was indexed, somebody has put a link to another folder in the place of a picture.
  await rm(join(images, '5.jpg'));
  await symlink(join(root, 'secret.jpg'), join(images, '5.jpg'));
  serving = await startServing(
    root,
    '--gallery',
    `shop=memory:${join(root, 'shop')}`,
    '--rate',
    '0',
    '--max-pixels',
    `${mostPixels}`,
  );
});
afterAll(async () => {
  serving.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

const upload = (bytes: Uint8Array) =>
  fetch(at('/v1/search'), {
    method: 'POST',
    body: form({ request: '{"gallery":"shop","references":[{"upload":"a"}]}', a: bytes }),
  });
const put = (id: string, bytes: Uint8Array) => fetch(at(`${items}/${id}`), { method: 'PUT', body: form({ picture: bytes }) });
const blank = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#808080' } });

/** A PNG with one more chunk after its header. */
function withChunk(png: Buffer, type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  const headerEnd = 33;
  return Buffer.concat([png.subarray(0, headerEnd), length, body, sum, png.subarray(headerEnd)]);
}

describe('limn serve', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)(
    'refuses a %s of too many pixels, and takes a small one',
    async (format) => {
      const bomb = await blank(1001, 1000).toFormat(format).toBuffer();
      expect(await problemOf(await upload(bomb), 413, 'TOO_LARGE')).toContain('1001 x 1000');
      await problemOf(await put(`bomb.${format}`, bomb), 413, 'TOO_LARGE');
      const small = await blank(40, 30).toFormat(format).toBuffer();
      expect((await upload(small)).status).toBe(200);
    },
  );

  it('is not filled by what a picture has beside its pixels', async () => {
    const png = await blank(40, 30).png().toBuffer();
    const zeros = deflateSync(Buffer.alloc(256 * 2 ** 20));
    const before = await residentMiB();
    for (const bomb of [
      withChunk(png, 'zTXt', Buffer.concat([Buffer.from('a\0\0', 'latin1'), zeros])),
      withChunk(png, 'iCCP', Buffer.concat([Buffer.from('a\0\0', 'latin1'), zeros])),
    ]) {
      for (let i = 0; i < 3; i++) expect([200, 422]).toContain((await upload(bomb)).status);
    }
    // Decompressed, each of these has 256 MiB.
    expect((await residentMiB()) - before).toBeLessThan(200);
    const frames = await sharp(Buffer.alloc(300 * 30 * 40 * 3), {
      raw: { width: 40, height: 300 * 30, channels: 3, pageHeight: 30 },
    })
      .gif()
      .toBuffer();
    expect((await upload(frames)).status).toBe(200);
  });

  it('refuses documents that lead elsewhere, and files that are two things', async () => {
    const jpeg = await imageBytes(1);
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd" width="9" height="9"/></svg>';
    for (const document of [
      svg,
      `\ufeff${svg}`,
      `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>${svg}`,
      '%PDF-1.7',
      '%!PS',
      '#?RADIANCE',
      'P6 9 9 255 ',
    ]) {
      await problemOf(await upload(Buffer.from(document)), 415, 'IMAGE');
      await problemOf(await put('x.svg', Buffer.from(document)), 415, 'IMAGE');
    }
    // The first bytes of a picture and then a document: damaged, and never read as the document.
    for (const head of [jpeg.subarray(0, 3), Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from('II*\0', 'latin1')])
      await problemOf(await put('two.jpg', Buffer.concat([head, Buffer.from(svg)])), 422, 'IMAGE');
  });

  it('shows no file outside, whatever its ids and links say', async () => {
    await problemOf(await fetch(at(`${items}/5.jpg/picture`)), 404, 'NOT_FOUND');
    await problemOf(
      await fetch(at('/v1/search'), asJson({ gallery: 'shop', references: [{ id: '5.jpg' }], texts: ['red'] })),
      422,
      'IMAGE',
    );
    for (const id of ['..%2Fsecret.jpg', '..%2f..%2fetc%2fpasswd', '%2e%2e%2fsecret.jpg', '.limn%2Fuploads%2Fx', '%00', 'a%0Ab'])
      for (const path of [`${items}/${id}`, `${items}/${id}/picture`])
        expect([400, 404], path).toContain((await fetch(at(path))).status);
    for (const id of ['..%2Fsecret.jpg', '.limn%2Fuploads%2Fx.jpg', 'a%2F..%2Fb.jpg'])
      await problemOf(await put(id, await imageBytes(3)), 400, 'USAGE');
  });

  it('refuses filters, cursors, JSON and URLs that are none', async () => {
    const search = (more: object) => fetch(at('/v1/search'), asJson({ gallery: 'shop', texts: ['red'], ...more }));
    const filters = [
      'a =',
      "a = 'x",
      'a = 1 or',
      '('.repeat(900),
      `${'not '.repeat(400)}a = 1`,
      "a = 'x'; DROP TABLE items",
      'a like "%"',
      'a = 1e999',
      '\0',
    ];
    for (const filter of filters) {
      await problemOf(await search({ filter }), 400, 'USAGE');
      await problemOf(await fetch(at(`${items}?filter=${encodeURIComponent(filter)}`)), 400, 'USAGE');
    }
    for (const cursor of ['x', '%', Buffer.from('[]').toString('base64url'), 'A'.repeat(5000)]) {
      await problemOf(await search({ cursor }), 400, 'USAGE');
      await problemOf(await fetch(at(`${items}?cursor=${encodeURIComponent(cursor)}`)), 400, 'USAGE');
    }
    const deep = `{"gallery":"shop","texts":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    await problemOf(await fetch(at('/v1/search'), { ...asJson({}), body: deep }), 400, 'USAGE');
    for (const url of ['http://127.0.0.1:1/', 'http://[::1]/', 'http://169.254.169.254/', 'file:///etc/passwd'])
      await problemOf(await search({ references: [{ url }] }), 403, 'FORBIDDEN');
    await problemOf(await search({ texts: ['\u0000\uffff'] }), 400, 'USAGE');
    await problemOf(await search({ weights: [1e308, 1e308, 1e308] }), 400, 'USAGE');
  });

  it('serves as before when all that is over', async () => {
    const { client } = serving;
    expect((await client.gallery('shop')).count).toBe(6);
    const { hits } = await client.search({ gallery: 'shop', references: [{ id: '1.jpg' }], texts: ['in red'] });
    expect(hits).toHaveLength(5);
    for (const { score } of hits) expect(Number.isFinite(score)).toBe(true);
    expect(await readdir(join(root, 'pictures'))).toEqual(['0.jpg', '1.jpg', '2.jpg', '3.jpg', '4.jpg', '5.jpg']);
    serving.kill('SIGTERM');
    expect(await serving.ended).toBe(0);
    const statuses = serving
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { status?: number; msg: string });
    expect(statuses.filter(({ status = 0, msg }) => status >= 500 || msg === 'failed')).toEqual([]);
  });
});

async function residentMiB(): Promise<number> {
  const text = await (await fetch(at('/metrics'))).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]) / 2 ** 20;
}
