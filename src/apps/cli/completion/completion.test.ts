import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newProgram } from '../program.js';
import { type CompletedCommand, definitionOf } from './definition.js';
import { fishCompletion } from './fish.js';
import { bashCompletion, zshCompletion } from './posix.js';

const run = promisify(execFile);
const hasBash = process.platform !== 'win32';

let folder: string;
let definition: CompletedCommand[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-completion-'));
  definition = definitionOf(await newProgram());
  await writeFile(join(folder, 'limn.bash'), bashCompletion(definition));
  await writeFile(join(folder, 'shop.csv'), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What bash offers behind these words; the last one is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const script = [
    'source ./limn.bash',
    'COMP_WORDS=("$@")',
    'COMP_CWORD=$(($# - 1))',
    '_limn',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  const { stdout, stderr } = await run('bash', ['-c', script, 'bash', 'limn', ...words], { cwd: folder });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

describe.skipIf(!hasBash)('completion in bash', () => {
  it.each<[string[], string[]]>([
    [['se'], ['search', 'serve', 'self-train']],
    [['data', 'ch'], ['check']],
    [['data', 'check', '--de'], ['--deep']],
    [['serve', 'keys', 'ad'], ['add']],
    [
      ['train', '--task', ''],
      ['retrieval', 'caption'],
    ],
    [['train', '--seed', '3', '--task', 're'], ['retrieval']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['index', '--list', 'sh'], ['shop.csv']],
    [['train', '--epochs', ''], []],
    [['--ver'], ['--version']],
  ])('%j', async (words, expected) => {
    expect((await offered(...words)).sort()).toEqual([...expected].sort());
  });

  it('offers every command, and every option of one', async () => {
    const [program] = definition as [CompletedCommand];
    expect((await offered('')).sort()).toEqual(program.commands.map(({ name }) => name).sort());
    for (const path of ['limn search', 'limn serve', 'limn data check']) {
      const flags = definition.find((one) => one.path === path)?.options.flatMap((option) => option.flags);
      expect(await offered(...path.split(' ').slice(1), '-')).toEqual(flags);
    }
  });
});

it('knows what the commands say of themselves', () => {
  const train = definition.find(({ path }) => path === 'limn train');
  const named = (flag: string) => train?.options.find(({ flags }) => flags.includes(flag));
  expect(named('--out')?.value).toEqual({ kind: 'folder' });
  expect(named('--config')?.value).toEqual({ kind: 'file' });
  expect(named('--resume')?.value).toBeUndefined();
  expect(named('--epochs')?.value).toEqual({ kind: 'other' });
  expect(named('--task')?.value).toEqual({ kind: 'choices', choices: ['retrieval', 'caption'] });
});

it('names every command and option for zsh and fish, with quotes in their texts', () => {
  const [zsh, fish] = [zshCompletion(definition), fishCompletion(definition)];
  for (const { path, options } of definition) {
    expect(zsh).toContain(`"${path}")`);
    for (const { flags } of options) {
      for (const flag of flags) {
        expect(zsh).toContain(flag);
        expect(fish).toContain(flag.startsWith('--') ? ` -l ${flag.slice(2)} ` : ` -s ${flag.slice(1)} `);
      }
    }
  }
  expect(fish).toContain("the gallery\\'s model");
  for (const line of fish.split('\n')) expect((line.replace(/\\'/g, '').match(/'/g) ?? []).length % 2, line).toBe(0);
});
