import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readChoices } from '../../../search/choices/choice-files.js';
import { LimnClient } from '../../client/client.js';
import { createLog } from '../log.js';
import { asJson, problemOf, serveFake } from '../testing/serving.js';

let folder: string;
let server: Awaited<ReturnType<typeof serveFake>>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-served-choices-'));
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const choice = { references: [{ id: 'red.jpg' }], texts: ['in blue'], shown: ['blue.jpg', 'green.jpg'], chosen: 'blue.jpg' };
const address = () => server.at('/v1/galleries/shop/choices');

it('are kept by their ids and texts, with nothing of uploads and of who chose', async () => {
  const keepChoices = join(folder, 'choices');
  server = await serveFake({ keepChoices, limits: { rate: 0 } });
  const client = new LimnClient({ url: server.at('/') });
  expect((await client.gallery('shop')).keepsChoices).toBe(true);
  expect(await client.choose('shop', { ...choice, filter: 'price < 5', turn: 2 })).toBe(true);
  const box = { left: 0, top: 0, width: 0.5, height: 1 };
  const others = [{ upload: true as const }, { id: 'red.jpg', box }];
  expect(await client.choose('shop', { ...choice, references: others, negatives: ['green.jpg'] })).toBe(true);
  const { choices, damaged, torn } = await readChoices(keepChoices);
  const kept = { format: 'limn-choice-1', day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), gallery: 'shop', texts: ['in blue'] };
  const shown = { shown: choice.shown, chosen: 'blue.jpg' };
  expect(choices).toEqual([
    { ...kept, ...shown, references: ['red.jpg'], otherReferences: 0, negatives: [], filter: 'price < 5', turn: 2 },
    { ...kept, ...shown, references: [], otherReferences: 2, negatives: ['green.jpg'] },
  ]);
  expect([damaged, torn]).toEqual([0, false]);
  const metrics = await (await fetch(server.at('/metrics'))).text();
  expect(metrics).toContain('limn_choices_total{outcome="kept"} 2');

  for (const wrong of [
    {},
    { ...choice, chosen: 'red.jpg' },
    { ...choice, shown: [] },
    { ...choice, chosen: 'none.jpg', shown: ['none.jpg'] },
    { ...choice, references: [{ id: 'none.jpg' }] },
    { ...choice, references: [{ upload: 'aGVsbG8=' }] },
    { ...choice, texts: ['x'.repeat(1001)] },
    { ...choice, address: '127.0.0.1' },
  ])
    await problemOf(await fetch(address(), asJson(wrong)), 400, 'USAGE');
  await problemOf(await fetch(server.at('/v1/galleries/none/choices'), asJson(choice)), 404, 'NOT_FOUND');
  expect((await readChoices(keepChoices)).choices).toHaveLength(2);
});

it('are not kept unless that is wanted', async () => {
  server = await serveFake({ limits: { rate: 0 } });
  const description = (await (await fetch(server.at('/v1/galleries/shop'))).json()) as object;
  expect(description).not.toHaveProperty('keepsChoices');
  expect(await problemOf(await fetch(address(), asJson(choice)), 404, 'NOT_FOUND')).toContain('--keep-choices');
  expect(await readdir(folder)).toEqual([]);
});

it('that cannot be written stop no search: the loss is counted, and said once', async () => {
  const lines: string[] = [];
  const stream = new Writable({ write: (chunk, _, done) => done(void lines.push(String(chunk))) });
  await writeFile(join(folder, 'file'), '');
  server = await serveFake({ keepChoices: join(folder, 'file'), log: createLog('warn', stream), limits: { rate: 0 } });
  for (let i = 0; i < 3; i++) expect(await (await fetch(address(), asJson(choice))).json()).toEqual({ kept: false });
  const found = await fetch(
    server.at('/v1/search'),
    asJson({ gallery: 'shop', references: [{ id: 'red.jpg' }], texts: ['in blue'] }),
  );
  expect(found.status).toBe(200);
  expect(lines.filter((line) => line.includes('Choices are lost'))).toHaveLength(1);
  expect(await (await fetch(server.at('/metrics'))).text()).toContain('limn_choices_total{outcome="lost"} 3');
});
