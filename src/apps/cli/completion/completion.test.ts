import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newProgram } from '../program.js';
import { type CompletedCommand, definitionOf } from './definition.js';
import { fishCompletion } from './fish.js';
import { bashCompletion, zshCompletion } from './posix.js';

const run = promisify(execFile);
const has = (shell: string) => process.platform !== 'win32' && spawnSync(shell, ['--version']).status === 0;
const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

let folder: string;
let definition: CompletedCommand[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-completion-'));
  definition = definitionOf(await newProgram());
  await writeFile(join(folder, 'limn.bash'), bashCompletion(definition));
  await writeFile(join(folder, 'limn.zsh'), zshCompletion(definition));
  await writeFile(join(folder, 'limn.fish'), fishCompletion(definition));
  await writeFile(join(folder, 'shop.csv'), '');
  await mkdir(join(folder, 'shop'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What each shell is told to run: it prints what it offers behind the words of its arguments, the last of which is being typed. */
const scripts: Record<Shell, string[]> = {
  bash: ['source ./limn.bash', 'COMP_WORDS=("$@")', 'COMP_CWORD=$(($# - 1))', '_limn', `printf '%s\\n' "\${COMPREPLY[@]}"`],
  // What is offered to zsh's own completion, which knows a line only while somebody types it, comes to these in its place.
  zsh: [
    'compdef() { : }',
    'compadd() { shift; for offer in "$@"; do [[ "$offer" == "$words[CURRENT]"* ]] && print -r -- "$offer"; done; true }',
    '_files() { if [[ "$1" == -/ ]]; then compadd -- *(N/); else compadd -- *(N); fi }',
    'source ./limn.zsh',
    'words=("$@")',
    'CURRENT=$#',
    '_limn',
  ],
  fish: ['source ./limn.fish', 'complete -C "$argv"'],
};
const start: Record<Shell, string[]> = { bash: ['--norc', '-c'], zsh: ['-f', '-c'], fish: ['--no-config', '-c'] };

/** What a shell offers behind these words; the last one is being typed. */
async function offered(shell: Shell, ...words: string[]): Promise<string[]> {
  // bash and zsh take the name of the script before its arguments.
  const name = shell === 'fish' ? [] : [shell];
  const { stdout, stderr } = await run(shell, [...start[shell], scripts[shell].join('\n'), ...name, 'limn', ...words], {
    cwd: folder,
    env: { ...process.env, HOME: folder },
  });
  expect(stderr).toBe('');
  // fish adds what each offer means, and a slash to folders.
  const lines = stdout.split('\n').map((line) => line.replace(/\/?(\t.*)?$/, ''));
  return lines.filter(Boolean);
}

describe.each(shells.map((shell) => [shell] as const))('completion in %s', (shell) => {
  const inShell = it.skipIf(!has(shell));
  inShell.each<[string[], string[]]>([
    [['se'], ['search', 'serve', 'self-train']],
    [['data', 'ch'], ['check']],
    [['data', 'check', '--de'], ['--deep']],
    [['serve', 'keys', 'ad'], ['add']],
    [
      ['train', '--task', ''],
      ['retrieval', 'caption'],
    ],
    [['train', '--seed', '3', '--task', 're'], ['retrieval']],
    // The value of an option is no command, whatever it is called.
    [['train', '--task', 'caption', '--tas'], ['--task']],
    [['train', '--task', 'caption', '--lis'], []],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['index', '--list', 'sh'],
      ['shop', 'shop.csv'],
    ],
    [['search', '--gallery', 'sh'], ['shop']],
    [['train', '--epochs', ''], []],
    [['--ver'], ['--version']],
  ])('%j', async (words, expected) => {
    expect((await offered(shell, ...words)).sort()).toEqual([...expected].sort());
  });

  inShell('offers every command, and every option of one', async () => {
    const [program] = definition as [CompletedCommand];
    expect((await offered(shell, '')).sort()).toEqual(program.commands.map(({ name }) => name).sort());
    for (const path of ['limn search', 'limn serve', 'limn data check']) {
      const flags = definition.find((one) => one.path === path)?.options.flatMap((option) => option.flags);
      const told = await offered(shell, ...path.split(' ').slice(1), '-');
      expect(told.sort()).toEqual([...(flags ?? [])].sort());
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
