/** Six or more positional parameters are an object in their place. Tests and what they share are held to it too, but for rows of `it.each`. */
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';

/** Positions that are an ABI: WebAssembly functions take numbers only, and these declare, call and mirror one. */
const positional = [
  'src/engine/runtime/optimizer/kernels.ts step',
  'src/engine/runtime/optimizer/kernels.ts step',
  'src/engine/runtime/optimizer/testing/plain-kernels.ts step',
];

const files = ['src', 'bench', 'examples', 'test/support', 'web/src'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$|\.d\.ts$|\/(node_modules|dist|proto)\//.test(name)),
);

/** Names of all functions, constructors, methods and function types of a file with six parameters or more. */
function manyParameters(name: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node, owner: string) => {
    const own = (node as ts.NamedDeclaration).name;
    const named = own && ts.isIdentifier(own) ? own.text : owner;
    if (ts.isFunctionLike(node) && node.parameters.length >= 6) found.push(`${name} ${named}`);
    ts.forEachChild(node, (child) => visit(child, named));
  };
  visit(ts.createSourceFile(name, text, ts.ScriptTarget.Latest), '');
  return found;
}

it('no function, constructor or method takes six parameters by position', () => {
  expect(files.length).toBeGreaterThan(500);
  expect(files.flatMap((name) => manyParameters(name, readFileSync(name, 'utf8'))).sort()).toEqual(positional);
});

it.each([
  ['function f(a, b, c, d, e, g) {}', 'f'],
  ['class C { constructor(a, b, c, d, e, g) {} }', 'C'],
  ['class C { m(a, b, c, d, e, g) {} }', 'm'],
  ['interface I { m(a: 1, b: 1, c: 1, d: 1, e: 1, g: 1): void }', 'm'],
  ['const f = (a, b, c, d, e, g) => a;', 'f'],
  ['type F = (a: 1, b: 1, c: 1, d: 1, e: 1, g?: 1) => void;', 'F'],
])('%s has too many', (text, name) => {
  expect(manyParameters('x.ts', text)).toEqual([`x.ts ${name}`]);
  expect(manyParameters('x.ts', text.replace(/, g[^)]*/, ''))).toEqual([]);
});
