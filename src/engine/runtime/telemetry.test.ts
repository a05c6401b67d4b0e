import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const built = (file: string) => pathToFileURL(resolve(import.meta.dirname, '../../../dist', file)).href;
const run = promisify(execFile);
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-telemetry-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const session = `
const { Graph, encodeModel, mul } = await import('${built('engine/graph/index.js')}');
const { Session } = await import('${built('engine/runtime/session.js')}');
const graph = new Graph('g');
graph.output('y', mul(graph.input('x', 'float32', [1]), 2));
const session = await Session.open(encodeModel(graph), { threads: 1 });
await session.close();
`;

/** What a program leaves in its home and temporary folders. */
async function leftBy(program: string, variables: Record<string, string> = {}, words = 3000): Promise<string[]> {
  const file = join(root, 'program.mjs');
  await writeFile(file, program);
  const { ORT_DISABLE_TELEMETRY, ...inherited } = process.env;
  await run(process.execPath, [file, 'word '.repeat(words)], {
    env: { ...inherited, HOME: root, TMPDIR: root, ...variables },
  });
  return (await readdir(root, { recursive: true })).filter((name) => name !== 'program.mjs');
}

/** A program that runs `code` in a worker thread of its own, while its main thread does `meanwhile`. */
const inWorker = (code: string, options = '{}', meanwhile = '') => `
import { Worker } from 'node:worker_threads';
const code = ${JSON.stringify(code)};
const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(code)), ${options});
worker.on('error', (error) => { console.error(error.message); process.exitCode = 1; });
${meanwhile}
`;

it('writes nothing from the main thread, with a command line that its regular expressions would overflow on', async () => {
  expect(await leftBy(session)).toEqual([]);
});

it('writes nothing from threads that have variables of their own, one in the other', async () => {
  expect(await leftBy(inWorker(session, '{ env: { PATH: "" } }'))).toEqual([]);
  expect(await leftBy(inWorker(inWorker(session)))).toEqual([]);
});

it('reaches a main thread that waits for the worker', async () => {
  const code = `import { workerData } from 'node:worker_threads';
    try { ${session} } finally { Atomics.store(workerData, 0, 1); Atomics.notify(workerData, 0); }`;
  const options = '{ workerData: globalThis.ready = new Int32Array(new SharedArrayBuffer(4)) }';
  expect(await leftBy(inWorker(code, options, `Atomics.wait(ready, 0, 0, 60_000);`))).toEqual([]);
});

it('refuses where the main thread cannot answer and nobody has set the variable', async () => {
  const through = join(root, 'through');
  const code = `import { writeFileSync } from 'node:fs';
    try { ${session} } finally { writeFileSync('${through}', ''); }`;
  const wait = `while (!fs.existsSync('${through}')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);`;
  const busy = `(await import('node:child_process')).execFileSync(process.execPath, ['-e', ${JSON.stringify(wait)}]);`;
  await expect(leftBy(inWorker(code, '{}', busy))).rejects.toThrow('import limn in the main thread first');
  await rm(through);
  expect(await leftBy(inWorker(code, '{}', busy), { ORT_DISABLE_TELEMETRY: '1' })).toEqual(['through']);
});

it('leaves it on for a user who says so', async () => {
  // A child sees the variable as ONNX Runtime does. What telemetry itself leaves before the process ends is a matter of luck.
  const child = `
    const { writeFileSync } = await import('node:fs');
    const { execFileSync } = await import('node:child_process');
    const code = 'process.stdout.write(process.env.ORT_DISABLE_TELEMETRY)';
    writeFileSync('${join(root, 'seen')}', execFileSync(process.execPath, ['-e', code]));`;
  await leftBy(session + child, { ORT_DISABLE_TELEMETRY: '0' }, 1);
  expect(await readFile(join(root, 'seen'), 'utf8')).toBe('0');
  await leftBy(session + child);
  expect(await readFile(join(root, 'seen'), 'utf8')).toBe('1');
});
