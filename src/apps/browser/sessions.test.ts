/** Which build of the runtime is taken and on what models run, with a runtime, a graphics processor and files of the test's own. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { tensor } from '../../engine/tensor/tensor.js';
import type { ExportedFile } from '../../search/export/format.js';
import type { DeviceChoice } from './device.js';
import type { ExportFiles } from './fetch-files.js';
import { Sessions } from './sessions.js';

type Providers = { executionProviders: readonly string[] };
const { asked, gpu } = vi.hoisted(() => ({
  /** What was done with which build. */
  asked: [] as string[],
  gpu: { opens: true, answers: 1 },
}));

const runtimeOf = (build: string) => ({
  env: { wasm: {} },
  Tensor: class {},
  InferenceSession: {
    create: async (_: Uint8Array, { executionProviders }: Providers) => {
      const [device] = executionProviders;
      asked.push(`${build} opens on ${device}`);
      if (device === 'webgpu' && !gpu.opens) throw new Error('no such operator.');
      return {
        run: async () => {
          if (device === 'webgpu' && gpu.answers === 0) throw new Error('the device was lost');
          return { matching: { dims: [1], data: new Float32Array([device === 'webgpu' ? gpu.answers : 2]) } };
        },
      };
    },
  },
});
vi.mock('onnxruntime-web/wasm', () => runtimeOf('wasm'));
vi.mock('onnxruntime-web/jspi', () => runtimeOf('jspi'));

const file = (path: string): ExportedFile => ({ path, bytes: 1, sha256: '' });
const both = { runtime: file('runtime'), webgpu: file('runtime-webgpu') };
const query = file('query');
let missing: Set<string>;

function sessionsOf(choice: DeviceChoice | undefined, data: Partial<typeof both> & Pick<typeof both, 'runtime'> = both) {
  const files = {
    notes: new Set<string>(),
    read: async ({ path }: ExportedFile) => {
      if (missing.has(path)) throw new Error(`${path} is missing`);
      return new Uint8Array(1);
    },
  };
  return { sessions: new Sessions(files as unknown as ExportFiles, data, choice), notes: files.notes };
}

async function answerOf(sessions: Sessions): Promise<number | undefined> {
  const { matching } = await sessions.run(query, { words: tensor('int64', [1], new BigInt64Array(1)) });
  return (matching?.data as Float32Array | undefined)?.[0];
}

function browser({
  adapter,
  suspends = true,
}: {
  adapter?: { isFallbackAdapter: boolean } | undefined;
  suspends?: boolean;
}): void {
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => adapter && { info: adapter } } });
  vi.stubGlobal('WebAssembly', { validate: () => true, ...(suspends ? { Suspending: class {} } : {}) });
}

beforeEach(() => {
  asked.length = 0;
  Object.assign(gpu, { opens: true, answers: 1 });
  missing = new Set();
});
afterEach(() => vi.unstubAllGlobals());

it('runs on a graphics processor where the export and the browser have what it needs', async () => {
  browser({ adapter: { isFallbackAdapter: false } });
  const { sessions, notes } = sessionsOf(undefined);
  expect((await sessions.plan()).file).toBe(both.webgpu);
  expect(await answerOf(sessions)).toBe(1);
  expect(await sessions.device()).toBe('webgpu');
  expect(asked).toEqual(['jspi opens on webgpu']);
  expect([...notes]).toEqual([]);
});

it.each([
  ['the choice of WebAssembly', { adapter: { isFallbackAdapter: false } }, 'wasm', both, undefined],
  ['an export without it', { adapter: { isFallbackAdapter: false } }, 'auto', { runtime: both.runtime }, undefined],
  ['an emulated processor', { adapter: { isFallbackAdapter: true } }, 'auto', both, undefined],
  ['no processor', {}, 'auto', both, undefined],
  [
    'an export without it, though it is chosen',
    { adapter: { isFallbackAdapter: false } },
    'webgpu',
    { runtime: both.runtime },
    /has no/,
  ],
  ['no processor, though it is chosen', {}, 'webgpu', both, /no graphics processor/],
  ['no promises', { adapter: { isFallbackAdapter: false }, suspends: false }, 'webgpu', both, /lacks JavaScript Promise/],
] as const)('runs in WebAssembly with %s', async (_, parts, choice, data, said) => {
  browser(parts);
  const { sessions, notes } = sessionsOf(choice, data);
  expect(await answerOf(sessions)).toBe(2);
  expect(asked).toEqual(['wasm opens on wasm']);
  expect([...notes]).toEqual(said ? [expect.stringMatching(said)] : []);
});

it('takes an emulated processor where it is chosen', async () => {
  browser({ adapter: { isFallbackAdapter: true } });
  expect(await answerOf(sessionsOf('webgpu').sessions)).toBe(1);
});

it.each([
  ['cannot open a graph', { opens: false }, 'no such operator'],
  ['is lost', { answers: 0 }, 'the device was lost'],
  ['computes no numbers', { answers: Number.NaN }, 'matching is not a number'],
])('goes on in WebAssembly where the graphics processor %s, and says so once', async (_, fault, said) => {
  browser({ adapter: { isFallbackAdapter: false } });
  Object.assign(gpu, fault);
  const { sessions, notes } = sessionsOf('auto');
  expect(await Promise.all([answerOf(sessions), answerOf(sessions)])).toEqual([2, 2]);
  expect(await sessions.device()).toBe('wasm');
  expect(asked).toEqual(['jspi opens on webgpu', 'jspi opens on wasm']);
  expect([...notes]).toEqual([`WebGPU is not used: ${said}. Searches run in WebAssembly, with the same results.`]);
});

it('takes the other build where that for WebGPU is missing', async () => {
  browser({ adapter: { isFallbackAdapter: false } });
  missing.add('runtime-webgpu');
  const { sessions, notes } = sessionsOf('auto');
  expect(await answerOf(sessions)).toBe(2);
  expect(asked).toEqual(['wasm opens on wasm']);
  expect([...notes]).toHaveLength(1);
});
