/** Everything that the public entry points export has a docstring: symbols, public methods, and fields of options and results. */
import { expect, it } from 'vitest';
import { doors } from '../scripts/docs/api-pages.js';
import { ExportedDocs } from './support/exported-docs.js';

it('no exported symbol, public method or field is without one', () => {
  const { gaps, symbols } = new ExportedDocs().check(doors.map(({ path }) => path));
  expect(symbols).toBeGreaterThan(1500);
  expect(gaps).toEqual([]);
});

/** Gaps of `a.ts`, beside whose text `b.ts` may stand. */
const gapsOf = (a: string, b = '') => new ExportedDocs((path) => (path === 'a.ts' ? a : b)).check(['a.ts']).gaps;

it.each([
  ['function', 'export function f() {}', ['f']],
  ['constant', 'export const one = 1;', ['one']],
  ['default alone', '/** A. */ export interface A {\n/** @default 1 */\nx?: number }', ['A.x']],
  ['field', '/** An A. */ export interface A { x: number }', ['A.x']],
  ['method', '/** An A. */ export class A { run() {} private hidden() {} #too() {} }', ['A.run']],
  ['parameter property', '/** An A. */ export class A { constructor(readonly x: number, private y: number) {} }', ['A.x']],
  ['option written in place', '/** An f. */ export function f(a: { x?: number }) {}', ['f(x)']],
  ['field of a zod schema', "/** An s. */ export const s = z.object({ x: z.int() }).meta({ id: 'S' });", ['s.x']],
  ['type from a schema', 'const s = z.object({ x: z.int() });\n/** An S. */ export type S = z.infer<typeof s>;', ['s', 's.x']],
  ['options of a function', 'interface O { x: number }\n/** An f. */ export function f(o: O) {}', ['O', 'O.x']],
  ['base of an interface', 'interface B { y: number }\n/** An A. */ export interface A extends B {}', ['B', 'B.y']],
])('finds a %s without a docstring', (_what, text, gaps) => {
  expect(gapsOf(text)).toEqual(gaps.map((gap) => `a.ts: ${gap}`));
});

it.each([
  ['a documented option', '/** An f. @param a.x how many */ export function f(a: { x?: number }) {}'],
  ['what is not exported', 'function f() {}'],
  [
    'a method whose interface tells it',
    '/** B. */ export interface B {\n/** Runs. */\nrun(): void }\n/** A. */ export class A implements B { run() {} }',
  ],
])('passes %s', (_what, text) => {
  expect(gapsOf(text)).toEqual([]);
});

it('follows names through other files', () => {
  expect(gapsOf("export { x as y } from './b.js';", 'export const x = 1; export const z = 1;')).toEqual(['b.ts: x']);
  expect(gapsOf("export * as f from './b.js';", 'export const x = 1;')).toEqual(['b.ts: x']);
  expect(gapsOf("import type { O } from './b.js';\n/** F. */ export function f(o: O) {}", 'export interface O { a: 1 }')).toEqual(
    ['b.ts: O', 'b.ts: O.a'],
  );
});
