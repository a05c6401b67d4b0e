/** The built command line in surroundings that are against it: one line that says what is wrong, the right exit code, and no waiting. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSyntheticFashion } from '../src/learning/data/synthetic-fashion/generate.js';

const program = resolve(import.meta.dirname, '../dist/apps/cli/main.js');
let root: string;

interface Ended {
  code: number | string | null;
  out: string;
  error: string;
}

/** Runs a line of the shell in which $limn is the program. A command that never ends is killed, and has no code then. */
function shell(line: string, env: Record<string, string> = {}): Promise<Ended> {
  const variables = { ...process.env, LIMN_HOME: join(root, 'home'), LIMN_THREADS: '1', limn: `${process.execPath} ${program}` };
  return new Promise((done) => {
    const options = { env: { ...variables, ...env }, cwd: root, timeout: 60_000, killSignal: 'SIGKILL' } as const;
    execFile('bash', ['-c', line], options, (failure, out, error) => {
      done({ code: failure ? (failure.code ?? null) : 0, out, error });
    });
  });
}

async function onlyLine(line: string, code: number, env: Record<string, string> = {}): Promise<string> {
  const ended = await shell(line, env);
  expect({ code: ended.code, lines: ended.error.trimEnd().split('\n').length }, ended.error).toEqual({ code, lines: 1 });
  return ended.error;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-surroundings-'));
  await generateSyntheticFashion({ directory: join(root, 'wardrobe'), images: 60, size: 32 });
  await writeFile(join(root, 'file'), '');
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe.runIf(process.platform === 'linux')('on Linux', () => {
  it('a home that cannot be made', async () => {
    const tiny = '--encoder patch --image-size 32 --epochs 1 --batch 8 --width 16 --heads 2 --factors 2 --layers 1';
    for (const home of ['/proc/nothing', join(root, 'file')]) {
      const doctor = await shell('$limn doctor', { LIMN_HOME: '', HOME: home });
      expect(doctor.code).toBe(1);
      expect(doctor.out).toMatch(/^broken +LIMN_HOME .*set LIMN_HOME to a folder that you can write to/m);
      const demo = await shell('$limn demo', { LIMN_HOME: '', HOME: home });
      expect(demo.code, demo.error).toBeGreaterThan(0);
      expect(demo.error).not.toMatch(/^\s+at /m);
      expect(demo.error).toContain(home);
      const train = await shell(
        `$limn train --dataset fashioniq --data wardrobe --category wardrobe ${tiny} --out ${home}/run`,
        {},
      );
      expect(train.code, train.error).toBeGreaterThan(0);
      expect(train.error).not.toMatch(/^\s+at /m);
    }
  });

  it('so few files that Node cannot load the program', async () => {
    for (const files of [24, 40, 64]) {
      expect(await onlyLine(`ulimit -n ${files}; $limn doctor`, 1)).toBe(
        `limn: cannot start, for only ${files} files may be open at once: allow more, such as with "ulimit -n 1024".\n`,
      );
    }
  });

  it('an output that nobody reads, that is full, or that is closed', async () => {
    const read = await shell('$limn encoders list --json | head -c 1; echo $' + '{PIPESTATUS[0]}');
    expect(read).toMatchObject({ error: '' });
    expect(read.out.endsWith('0\n')).toBe(true);
    expect(await shell('$limn train --help | true; echo $' + '{PIPESTATUS[0]}')).toMatchObject({ out: '0\n', error: '' });
    expect(await onlyLine('$limn encoders list --json > /dev/full', 1)).toMatch(/^limn: cannot write the output: ENOSPC/);
    expect((await shell('$limn train 2> /dev/full')).code).toBe(2);
    expect((await shell('$limn train 2>&-')).code).toBe(2);
    expect(await shell('$limn train 2>&1 >/dev/null | true; echo $' + '{PIPESTATUS[0]}')).toMatchObject({ out: '2\n' });
  });

  it('no temporary folder, no folder to be in', async () => {
    const missing = await shell('$limn doctor', { TMPDIR: join(root, 'nowhere') });
    expect(missing.out).toMatch(/^broken +webgpu .*set TMPDIR to a folder that you can write to/m);
    await mkdir(join(root, 'gone'));
    expect(await onlyLine('cd gone && rmdir ../gone && $limn doctor', 1)).toContain('no longer exists');
  });
});
