/** The commands of README.md and of the guides are ones that the program knows, and their JSON is JSON, or JSON lines. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
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
