import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TinyFolder, tinyFolder } from '../../../search/gallery/testing/tiny-gallery.js';
import { LivePage, type LivePageOptions } from './live-page.js';

let folder: TinyFolder;
let options: Omit<LivePageOptions, 'onOpen'>;

beforeAll(async () => {
  folder = await tinyFolder(4);
  await writeFile(folder.at('list.csv'), 'path,title\np00.jpg,Scarf\np01.jpg,Hat\np02.jpg,Sock\n');
  options = { out: folder.at('demo'), images: folder.at('pictures'), list: folder.at('list.csv'), port: 0 };
});
afterAll(() => folder.remove());

it('can be searched from the first model on, says which one answers, and leaves nothing behind', async () => {
  const opened: string[] = [];
  const page = await LivePage.start({ ...options, onOpen: (url) => opened.push(url) });
  try {
    expect(page.isOpen).toBe(false);
    await page.show(folder.at('model'), { epoch: 1, epochs: 2 });
    await page.show(folder.at('model'), { epoch: 2, epochs: 2 });
    expect(opened).toHaveLength(1);
    const url = opened[0] as string;
    const described = await (await fetch(`${url}/v1/galleries/wardrobe`)).json();
    expect(described).toMatchObject({ count: 3, training: { epoch: 2, epochs: 2, ended: false } });
    await expect.poll(() => existsSync(folder.at('demo', 'live', 'epoch-1'))).toBe(false);
    const body = JSON.stringify({ gallery: 'wardrobe', references: [{ id: 'p00.jpg' }], texts: ['in red'] });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/v1/search`, { method: 'POST', headers, body });
    const { hits } = (await answer.json()) as { hits: { metadata: { title: string } }[] };
    expect(hits.map(({ metadata }) => metadata.title).sort()).toEqual(['Hat', 'Sock']);
    page.end();
    expect(await (await fetch(`${url}/v1/galleries/wardrobe`)).json()).toMatchObject({ training: { ended: true } });
  } finally {
    await page.close();
  }
  expect(existsSync(folder.at('demo', 'live'))).toBe(false);
});

it('refuses a port that was asked for and is taken, before there is anything to show', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => other.once('listening', listening));
  const { port } = other.address() as AddressInfo;
  try {
    await expect(LivePage.start({ ...options, port, onOpen: () => {} })).rejects.toMatchObject({ code: 'IO' });
  } finally {
    other.close();
  }
});
