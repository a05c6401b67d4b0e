/** The structure that docs/architecture.md draws: which room may import which, type-only imports included, and no cycle anywhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { expect, it } from 'vitest';
import { addingParts } from './support/adding-parts.js';

/** A room may import itself and what stands behind it; a wing's name stands for all of its rooms. */
const allowed: Readonly<Record<string, string>> = {
  core: '',
  'core/redis': 'core',
  'core/webassembly': '',
  'engine/tensor': 'core',
  'engine/graph': 'core engine/tensor',
  'engine/runtime': 'core engine/tensor engine/graph',
  'engine/nn': 'core engine/tensor engine/graph engine/runtime',
  'engine/index': 'core engine',
  'models/encoders': 'core engine',
  'models/backbone': 'core engine models/encoders',
  'models/methods': 'core engine models/backbone',
  'models/retrieval': 'core engine models/encoders models/backbone models/methods',
  'models/captioner': 'core engine models/encoders models/backbone models/retrieval',
  'learning/data': 'core',
  'learning/eval': 'core engine models learning/data',
  'learning/train': 'core engine models learning/data learning/eval',
  'learning/self-training': 'core engine models learning/data learning/eval learning/train',
  'learning/from-metadata': 'core engine models/retrieval learning/data learning/eval',
  'learning/experiment': 'core engine models learning',
  'search/store': 'core',
  'search/choices': 'core',
  'search/gallery': 'core engine models search/store',
  'search/export': 'core engine models search/store search/gallery',
  'search/queue': 'core models search/store search/gallery',
  catalogue: 'core models learning search',
  plugins: 'core models learning search',
  'apps/server': 'core models search',
  'apps/client': 'apps/server',
  'apps/browser': 'core engine/tensor models search apps/server',
  'apps/cli': 'core engine models learning search catalogue plugins apps/server',
  index: 'core engine models learning search catalogue plugins',
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('/testing/'));

/** Static, dynamic, exported and type-only imports alike. */
const importsOf = (file: string) =>
  [...readFileSync(`src/${file}`, 'utf8').matchAll(/(?:from |import ?\(?)'(\.[^']+)\.js'/g)].map(([, path]) =>
    posix.join(dirname(file), `${path}.ts`),
  );
const roomOf = (file: string) =>
  /^(core|catalogue|plugins)\//.test(file) ? dirname(file) : file.split('/').slice(0, 2).join('/').replace(/\.ts$/, '');

it('imports only what the structure allows', () => {
  const broken = files.flatMap((file) => {
    const room = roomOf(file);
    const mayImport = [room, ...(allowed[room]?.split(' ') ?? [])];
    return importsOf(file)
      .filter((target) => !mayImport.some((name) => roomOf(target) === name || target.startsWith(`${name}/`)))
      .map((target) => `${file} imports ${target}`);
  });
  expect(broken).toEqual([]);
});

it('has no cycle of imports', () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const target of importsOf(file)) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

it('gives unit tests that make parts known a process of their own', () => {
  const adds = /\b(methods|encoders|stores|datasets|knownProtocols)\.add\(|\b(usePlugin|loadPlugins)\(/;
  const tests = ['src', 'web/src', 'bench/lib'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => posix.join(folder, file.replaceAll('\\', '/'))),
  );
  expect(tests.filter((file) => adds.test(readFileSync(file, 'utf8'))).sort()).toEqual(addingParts);
});
