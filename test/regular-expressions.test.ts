/**
 * No regular expression of the product takes longer than in proportion to its text: an expression with nested or adjacent repeats lets a few
 * kilobytes from outside stop the process. A checker looks for texts on which each one is slow.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { check } from 'recheck';
import ts from 'typescript';
import { expect, it } from 'vitest';

const repository = resolve(import.meta.dirname, '..');

/** What `new RegExp` makes, by file, as it comes out. */
const made: Readonly<Record<string, readonly string[]>> = {
  'src/search/gallery/uploads.ts': ['/^\\.limn-uploads\\/[0-9a-f]{2}\\/[0-9a-f]{32}-[0-9a-f]{16}\\.[a-z]{2,5}$/'],
  'src/core/display-width.ts': ['/(\\u001b\\[[ -?]*[@-~]|\\u001b\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\))/'],
  'src/core/redis/check-redis.ts': ['/^redis_version:(.*?)\\r?$/m'],
  'src/engine/tensor/npy.ts': ['/[\'"]shape[\'"]\\s*:\\s*\\(([\\d\\s,]*)\\)/'],
  'src/core/image-format.ts': ['/\\.(jpg|jpeg|jpe|jfif|pjpeg|pjp|png|webp|gif|tif|tiff|avif)$/i'],
  'src/learning/data/spelling.ts': [
    "/^[\\p{L}\\p{M}\\p{N}'’]+$/u",
    "/(?<![\\p{L}\\p{M}\\p{N}'’])(?:t\\-shrit|a lot of|[\\p{L}\\p{M}\\p{N}'’]+)(?![\\p{L}\\p{M}\\p{N}'’])/giu",
  ],
};

/** Slow ones that are left, with the reason. */
const known: Readonly<Record<string, string>> = {
  "src/learning/data/spelling.ts /(?<![\\p{L}\\p{M}\\p{N}'’])(?:t\\-shrit|a lot of|[\\p{L}\\p{M}\\p{N}'’]+)(?![\\p{L}\\p{M}\\p{N}'’])/giu":
    'the checker cannot read it; a match begins at the first letter of a word alone',
  'src/learning/data/synthetic-fashion/shapes.ts /(-?[\\d.]+) (-?[\\d.]+)/g': 'the program applies it to its own drawings only',
};

interface Found {
  file: string;
  /** A literal, or undefined for one that is made while the program runs. */
  literal: string | undefined;
}

function expressionsIn(file: string): Found[] {
  const source = ts.createSourceFile(file, readFileSync(join(repository, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) found.push({ file, literal: node.getText(source) });
    const makes = ts.isNewExpression(node) || ts.isCallExpression(node);
    if (makes && node.expression.getText(source) === 'RegExp') found.push({ file, literal: undefined });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function productFiles(): string[] {
  const files = ['src', 'web/src'].flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  return files.filter((file) => /\.tsx?$/.test(file) && !file.includes('.test.') && !file.includes('/testing/')).sort();
}

/** Why an expression is slow, or undefined. */
async function slowness(literal: string): Promise<string | undefined> {
  const end = literal.lastIndexOf('/');
  const result = await check(literal.slice(1, end), literal.slice(end + 1), { timeout: 120_000 });
  if (result.status === 'safe') return undefined;
  return result.status === 'vulnerable' ? `${result.complexity.type} on ${result.attack.pattern}` : result.error.kind;
}

it('tells slow expressions from others', async () => {
  expect(await slowness('/^(a+)+$/')).toContain('exponential');
  expect(await slowness('/^([a-z]+):[ \\t]*(.*?)[ \\t]*$/')).toContain('polynomial');
  expect(await slowness('/^[a-z]+$/')).toBeUndefined();
});

it('every regular expression of the product is linear in its text', { timeout: 600_000 }, async () => {
  const found = productFiles().flatMap(expressionsIn);
  expect(found.length).toBeGreaterThan(100);
  const dynamic = found.filter(({ literal }) => literal === undefined).map(({ file }) => file);
  const expected = Object.entries(made).flatMap(([file, patterns]) => patterns.map(() => file));
  expect(dynamic.sort(), 'list what new RegExp makes').toEqual(expected.sort());
  const slow: string[] = [];
  const used = new Set<string>();
  const verdicts = new Map<string, Promise<string | undefined>>();
  const literals = [...found, ...Object.entries(made).flatMap(([file, texts]) => texts.map((literal) => ({ file, literal })))];
  for (const { file, literal } of literals) {
    if (literal === undefined) continue;
    if (!verdicts.has(literal)) verdicts.set(literal, slowness(literal));
    const why = await verdicts.get(literal);
    if (why === undefined) continue;
    if (`${file} ${literal}` in known) used.add(`${file} ${literal}`);
    else slow.push(`${file} ${literal}: ${why}`);
  }
  expect(slow).toEqual([]);
  expect([...used].sort(), 'take out what is slow no longer, or is gone').toEqual(Object.keys(known).sort());
});
