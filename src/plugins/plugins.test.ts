/** Plug-ins: parts that others define come through the doors that limn's own come through, or are refused in one line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markOf, type Part, partContract } from '../core/part.js';
import { defineDataset } from '../learning/data/dataset-format.js';
import { datasets, findDataset } from '../learning/data/datasets.js';
import { knownProtocols } from '../learning/eval/protocols/index.js';
import { defineProtocol } from '../learning/eval/protocols/protocol.js';
import { defineMethod } from '../models/methods/define-method.js';
import { methods } from '../models/methods/methods.js';
import { defineStore } from '../search/store/define-store.js';
import { openStore, stores } from '../search/store/open-store.js';
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
const store = (id: string) =>
  defineStore({
    id,
    schemes: [id],
    locations: `${id}:NAME`,
    open: async (location) => ({ location }) as never,
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
    ['no part', () => ({ id: 'x' }), /no part of limn\. Make it with defineMethod/],
    ['nothing', () => [], /defines nothing/],
    ['a function', () => () => 1, /no part of limn/],
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
    ['no object', () => defineStore(null as never), /it is no object/],
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

  it('a file that is not there', async () => {
    await expect(loadPlugins(['./absent.mjs'], folder)).rejects.toThrow(/There is no plug-in \.\/absent\.mjs/);
  });
});
