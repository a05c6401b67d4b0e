import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect } from './collect.js';
import { speedTable, underTable } from './table.js';

/** Made up, as are all numbers here. */
const sideOf = (side: string, median: number) => ({
  side,
  milliseconds: { median, quartiles: [median - 1, median + 1] },
  cpuMilliseconds: 5,
  peakMiB: 700,
  times: [],
});
const device = {
  date: '2001-02-03T04:05:06.000Z',
  machine: { cpu: 'A processor', cores: 3 },
  adapter: 'An adapter',
  options: { width: 256, batch: 64, words: 20, image: { kind: 'features', tokens: 49 } },
  results: [sideOf('CPU', 200), sideOf('GPU', 40), sideOf('PyTorch 9.9, CUDA', 32)],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-bench-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, result: object) => writeFile(join(folder, `${name}.json`), JSON.stringify(result));
async function rowsOf(options: Parameters<typeof collect>[1]): Promise<string[]> {
  const table = speedTable((await collect(folder, options)).lines);
  return table.split('\n').filter((row) => row.startsWith('| i |'));
}

describe('rows of a GPU', () => {
  it('say which adapter it was, beside PyTorch on CUDA and the CPU of that machine', async () => {
    await write('device', device);
    const [gpu, cpu] = await rowsOf({});
    expect(gpu).toContain('| training step on the GPU: An adapter; d=256, batch 64, 49 tokens and 20 words | 40 (39 – 41) |');
    expect(gpu).toContain('| 32 PyTorch 9.9, CUDA | 0.80 | – | – | 700 | 700 |');
    expect(gpu).toContain("| at most 1.3 times the rival's time | met: 1.25 |");
    expect(cpu).toMatch(/^\| i \| training step on the CPU beside it: A processor, 3 cores; .* \| 200 \(199 – 201\) \| – \|/);
  });

  it('say that there was no PyTorch on CUDA, and no name of the adapter', async () => {
    await write('device', { ...device, adapter: undefined, results: device.results.slice(0, 2) });
    const [gpu] = await rowsOf({});
    expect(gpu).toContain('the GPU: its name is not known;');
    expect(gpu).toContain('| not measured: no PyTorch on CUDA in Python |');
    expect(gpu).toMatch(/\| \? \|$/);
  });

  it('are not left out where no GPU is', async () => {
    const rows = await rowsOf({ hasGpu: false });
    expect(rows.map((row) => row.split(' | ').slice(1, 3))).toEqual([
      ['training step on a GPU', 'not measured here: no GPU adapter'],
      ["training step on a GPU at the paper's size", 'not measured here: no GPU adapter'],
    ]);
  });

  it('keep what another machine measured, and when', async () => {
    await write('device', device);
    const rows = await rowsOf({ hasGpu: false });
    expect(rows).toHaveLength(3);
    expect(rows[0]).toContain('An adapter');
    expect(rows[2]).toContain("paper's size | not measured here: no GPU adapter |");
    expect(underTable(await collect(folder, { hasGpu: false }))).toBe('Measured on 2001-02-03 on A processor, 3 cores: device.');
  });

  it('say why they failed where there is one', async () => {
    await write('device', device);
    const [failed, notRun] = await rowsOf({ failed: { device: 'the driver ended' } });
    expect(failed).toContain('| not measured: the driver ended |');
    expect(notRun).toContain('| not measured: it has not run yet |');
  });
});

it('has no floor for what another processor measured, and says what was measured where', async () => {
  const speeds = { gigaflops: 100, gigabytesPerSecond: 20, options: { threads: 2 } };
  const here = { cpu: 'Another processor', cores: 2, node: 'v1', onnxruntime: '2', limn: '3' };
  const step = { ...device, operations: 2e9, limn: { ...sideOf('limn', 40), parameters: 1000 }, pytorch: null };
  await write('floor', { machine: here, ...speeds });
  await write('training-step', step);
  await write('fine-tune-step', { ...step, machine: here });
  const report = await collect(folder);
  const floors = report.lines.filter((line) => !('failed' in line)).map((line) => 'floor' in line && line.floor);
  expect(floors).toEqual([undefined, 20]);
  expect(underTable(report).split('\n')).toEqual([
    'Floors are of Another processor, where products reach 100 GFLOP/s and reading 20 GB/s with 2 threads; rows of other processors have none. Node v1, ONNX Runtime 2, limn 3.',
    'Measured on 2001-02-03 on Another processor, 2 cores: fine-tune-step.',
    'Measured on 2001-02-03 on A processor, 3 cores: training-step.',
  ]);
});
