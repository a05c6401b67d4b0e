/** Plug-ins: parts that others define come through the doors that limn's own come through, or are refused in one line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markOf, type Part, partContract } from '../core/part.js';
import { defineDataset, readFormat } from '../learning/data/dataset-format.js';
import { datasets, findDataset } from '../learning/data/datasets.js';
import { knownProtocols, protocols } from '../learning/eval/protocols/index.js';
import { defineProtocol } from '../learning/eval/protocols/protocol.js';
import { defineMethod } from '../models/methods/define-method.js';
import { fitting } from '../models/methods/fitting.js';
import { methods } from '../models/methods/methods.js';
import { Gallery } from '../search/gallery/gallery.js';
import { defineStore } from '../search/store/define-store.js';
import { createStore, openStore, stores } from '../search/store/open-store.js';
import { loadPlugins } from './load-plugins.js';
import { type Plugin, usePlugin } from './use-plugin.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-plugins-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const dataset = (id: string) =>
  defineDataset({
    id,
    description: 'd',
    layout: 'l',
    images: 'p',
    defaultProtocol: 'triplets',
    splits: async () => ['train'],
    read: async () => ({ name: 'train', images: [], triplets: [], missing: [] }) as never,
  });
const nothing = async () => undefined;
const whole = {
  info: { model: { hash: 'h', encoder: 'e' }, gamma: 1, sizes: { width: 2, factors: 0, projection: 0 } },
  ...{ upsert: nothing, delete: nothing, get: nothing, vectors: nothing, list: nothing },
  ...{ count: nothing, search: nothing, optimise: nothing, close: nothing },
};
const store = (id: string) =>
  defineStore({
    id,
    schemes: [id],
    locations: `${id}:NAME`,
    open: async (location) => Object.assign(Object.create(whole), { location }),
    create: async () => ({}) as never,
  });

it('what limn ships is marked like what a plug-in defines', () => {
  for (const part of [...methods.all, ...datasets.all, ...knownProtocols.all, ...stores.all]) {
    expect(markOf(part)).toMatchObject({ contract: partContract });
  }
});

it('a part is found by its id, and a store by its scheme', async () => {
  const method = defineMethod({ ...methods.find('sum'), id: 'mine' });
  usePlugin([dataset('mine'), store('heap'), method]);
  expect(methods.find('mine')).toBe(method);
  expect(findDataset('mine').id).toBe('mine');
  expect(await openStore('heap:x')).toEqual({ location: 'heap:x' });
});

describe('refused in one line', () => {
  const otherContract = () => {
    const part = { id: 'future' };
    Object.defineProperty(part, Symbol.for('limn.part'), { value: { kind: 'dataset', contract: 99 } });
    return part;
  };
  it.each<[string, () => unknown, RegExp]>([
    ['no part', () => ({ id: 'x' }), /not a limn plug-in\. Create it with defineMethod/],
    ['nothing', () => [], /defines nothing/],
    ['a function', () => () => 1, /not a limn plug-in/],
    ['another version', otherContract, /version 99 .* this limn has version 1/],
    ['an id of limn', () => dataset('cirr'), /defines the dataset "cirr", an id that another part has/],
    ['an id twice', () => [dataset('twin'), dataset('twin')], /"twin", an id that another part of it has/],
  ])('%s', (_name, plugin, message) => {
    const before = datasets.ids;
    expect(() => usePlugin(plugin() as Plugin)).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(message) }),
    );
    expect(datasets.ids).toEqual(before);
  });

  it.each<[string, () => Part, RegExp]>([
    ['a bad id', () => dataset('Mine!'), /"id" must have/],
    ['a missing function', () => defineProtocol({ id: 'p' } as never), /"p" has no function "gallery"/],
    ['no object', () => defineStore(null as never), /it is not an object/],
    [
      'a store without schemes',
      () => defineStore({ ...stores.find('memory'), id: 's', schemes: undefined as never }),
      /"schemes"/,
    ],
    [
      'a protocol without ks',
      () => defineProtocol({ ...protocols[0]!, id: 'p', ks: [0.5] }),
      /"ks" of "p" must be a list of whole/,
    ],
  ])('%s', (_name, define, message) => {
    expect(define).toThrow(expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(message) }));
  });

  it.each([
    ['empty.mjs', 'export const x = 1;', /has no default export/],
    ['broken.mjs', 'export default {', /cannot be loaded/],
    ['throws.mjs', 'throw new Error("no database");', /cannot be loaded: no database/],
    ['typed.ts', 'export default 1;', /is TypeScript: compile it/],
  ])('%s', async (name, content, message) => {
    await writeFile(join(folder, name), content);
    await expect(loadPlugins([name], folder)).rejects.toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(message) }),
    );
  });

  it('a scheme that another store has, and nothing of the plug-in with it', () => {
    const method = defineMethod({ ...methods.find('sum'), id: 'beside-the-store' });
    const store = defineStore({ ...stores.find('memory'), id: 'other', schemes: ['memory'] });
    expect(() => usePlugin([method, store])).toThrow(/has the scheme "memory:", which is that of the store "memory"/);
    expect(methods.get('beside-the-store')).toBeUndefined();
  });

  it('a store that lacks a function, opened by its location or given', async () => {
    const { info } = whole;
    const half = { info, upsert: async () => {}, delete: async () => 0 } as never;
    const store = defineStore({
      id: 'half',
      schemes: ['half'],
      locations: 'half:',
      open: async () => half,
      create: async () => half,
    });
    usePlugin(store);
    const complaint = expect.objectContaining({ code: 'STORE', message: expect.stringMatching(/has no function "get"/) });
    await expect(openStore('half:')).rejects.toThrow(complaint);
    await expect(createStore('half:', info as never)).rejects.toThrow(complaint);
    await expect(Gallery.open(half)).rejects.toThrow(complaint);
  });

  it.each([
    ['nothing', undefined, /is nothing/],
    ['no images', { triplets: [], missing: [] }, /has no list "images"/],
    ['no triplets', { images: [], missing: [] }, /has no list "triplets"/],
    ['an image without a path', { images: [{ id: 'a' }], triplets: [], missing: [] }, /number 1\)/],
    [
      'a triplet with one target',
      { images: [], missing: [], triplets: [{ reference: 'a', targets: 'b' }] },
      /triplet \(number 1\)/,
    ],
    [
      'an unknown image',
      { images: [], missing: [], triplets: [{ reference: 'a', targets: [], text: 't', captions: ['t'], source: 'row 1' }] },
      /\(row 1\) with the image "a", which is not among its images/,
    ],
  ])('a dataset that gives %s', async (_name, split, message) => {
    const broken = { ...dataset('broken'), read: async () => split as never };
    await expect(readFormat(broken, { directory: '.', split: 'train' })).rejects.toThrow(
      expect.objectContaining({ code: 'DATA', message: expect.stringMatching(message) }),
    );
  });

  it.each([
    ['sees', { sees: () => undefined }, /sees: it gives undefined/],
    ['sees', { sees: () => ({ image: false, text: false }) }, /sees: it sees neither/],
    ['factors', { factors: () => 1.5 }, /factors: it gives 1\.5/],
    ['local', { local: () => 'yes' }, /local: it gives yes/],
    ['score', { score: () => 2 }, /score: it gives 2/],
    ['embedQuery', { embedQuery: async () => ({}) }, /embedQuery: it gives no embedding, .* but a promise .*leave out "async"/],
    ['embedQuery', { embedQuery: () => undefined }, /embedQuery: it gives no embedding, .* but undefined/],
    ['loss', { loss: async () => ({}) }, /loss: it gives no loss, .* but a promise/],
  ])('a method whose %s does not fit', (name, wrong, message) => {
    const method = fitting({ ...methods.find('sum'), id: 'unfit', ...wrong } as never);
    const image = { global: { shape: [2, 4] } };
    const embedding = { matching: { shape: [2, 4] } };
    const call = {
      sees: [{}],
      factors: [{}],
      local: [{}],
      score: [{}],
      embedQuery: [{}, {}, image],
      loss: [{}, {}, embedding, embedding],
    };
    const ask = (method as unknown as Record<string, (...given: unknown[]) => unknown>)[name]!;
    expect(() => ask(...(call as Record<string, unknown[]>)[name]!)).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(message) }),
    );
  });

  it('CommonJS is a plug-in like any other, as a compiler writes it, too', async () => {
    const mark =
      "Object.defineProperty({ id: 'ID', splits() {}, read() {} }, Symbol.for('limn.part'), { value: { kind: 'dataset', contract: 1 } })";
    await writeFile(join(folder, 'plain.cjs'), `module.exports = ${mark.replace('ID', 'plain-cjs')};`);
    await writeFile(
      join(folder, 'compiled.cjs'),
      `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = ${mark.replace('ID', 'compiled-cjs')};`,
    );
    await loadPlugins(['./plain.cjs', './compiled.cjs'], folder);
    expect([datasets.get('plain-cjs'), datasets.get('compiled-cjs')].map(Boolean)).toEqual([true, true]);
  });

  it('a file that is not there', async () => {
    await expect(loadPlugins(['./absent.mjs'], folder)).rejects.toThrow(/There is no plug-in \.\/absent\.mjs/);
  });
});
