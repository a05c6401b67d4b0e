/** The commands of README.md and of the guides are ones that the program knows, and their JSON is JSON, or JSON lines. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { newProgram } from '../src/apps/cli/program.js';

const pages = [
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** The fenced blocks of a language, each with its page. */
const blocks = (language: string) =>
  pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
      ([, code = '']) => ({
        page,
        code,
      }),
    ),
  );

/** The command that words call, and the first of its options that does not exist. */
function unknownIn(program: Command, words: readonly string[]): string | undefined {
  let command = program;
  for (const word of words) {
    if (word.startsWith('-')) {
      const flag = word.split('=')[0] as string;
      const known = [command, program].some(({ options }) => options.some(({ short, long }) => flag === short || flag === long));
      if (!known && !['--help', '-h', '--version'].includes(flag)) return `${command.name()} ${flag}`;
    } else {
      const inner = command.commands.find((one) => one.name() === word);
      if (!inner && command === program) return word;
      command = inner ?? command;
    }
  }
  return undefined;
}

it('commands and options exist', async () => {
  const program = await newProgram();
  expect(unknownIn(program, ['train', '--outt', 'x'])).toBe('train --outt');
  expect(unknownIn(program, ['trian'])).toBe('trian');
  const calls = blocks('sh').flatMap(({ page, code }) =>
    [...code.replace(/\\\n/g, ' ').matchAll(/^(?:npx )?limn (.*?)(?:\s#.*)?$/gm)].map(([, line = '']) => ({
      page,
      // A quoted text is one value, whatever it holds.
      words: line.replace(/"[^"]*"|'[^']*'/g, 'text').split(/\s+/),
    })),
  );
  expect(calls.length).toBeGreaterThan(15);
  const wrong = calls.flatMap(({ page, words }) => {
    const unknown = unknownIn(program, words);
    return unknown ? [`${page}: ${unknown}`] : [];
  });
  expect(wrong).toEqual([]);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

it('JSON parses', () => {
  expect(blocks('json').length).toBeGreaterThan(3);
  for (const { page, code } of blocks('json')) expect(isJson(code) || code.trim().split('\n').every(isJson), page).toBe(true);
});

/** What the compiler says of blocks that a user pastes as modules of their own, with the types that the package has. */
function typeFaults(sources: readonly { name: string; code: string }[]): string[] {
  const files = new Map(sources.map(({ name, code }) => [join(process.cwd(), name), code]));
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    allowJs: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const code = files.get(path);
    return code === undefined ? getSourceFile(path, ...rest) : ts.createSourceFile(path, code, ts.ScriptTarget.ES2022);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (!file || start === undefined) return text;
    return `${relative(process.cwd(), file.fileName)}:${file.getLineAndCharacterOfPosition(start).line + 1}: ${text}`;
  });
}

it('TypeScript has the types of the package', () => {
  const [wrong] = typeFaults([{ name: 'wrong.ts', code: "import { Lamn } from 'limn';\n" }]);
  expect(wrong).toMatch(/^wrong\.ts:1: .*Lamn/);
  // JavaScript is read, but its types are its own affair.
  const endings = { ts: 'mts', js: 'mjs' };
  const found = (['ts', 'js'] as const).flatMap((language) =>
    blocks(language).map(({ page, code }, at) => ({
      name: `${page.replace(/\W/g, '-')}-${at}.${endings[language]}`,
      // A block without an import or export is a module all the same.
      code: `${code}\nexport {};\n`,
    })),
  );
  expect(found.length).toBeGreaterThan(15);
  expect(typeFaults(found)).toEqual([]);
});
