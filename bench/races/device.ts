/**
 * Training steps of LIMN on the CPU and on the GPU, in turns, each in a process of its own; on the GPU once as limn trains, with
 * the state kept there, and once with all of it copied down and up in every step, to show what that would cost.
 *
 *     npm run bench -- device                          the sizes of the bench step
 *     npm run bench -- device --batch 256           another batch; also --size paper, --width, --words, --dropout, --threads, --rounds, --steps,
 *                                                   --warmup
 *     npm run bench -- device --skip-copied         without the third side
 *
 * Beside them PyTorch on CUDA, in eager mode, where the Python of LIMN_PYTHON has it. Results go to bench/results/device.json, or device-paper.json for
 * that size, with the adapter's name and the nodes of the graph.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findAdapter } from '#limn/engine/runtime/adapter.js';
import type { StepOptions } from '../lib/configs.js';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { type Side, startLimn, startPytorch, takeTurns } from '../lib/sides.js';
import { stepFlags, stepOptions } from '../lib/step-options.js';

const { values: flags } = parseArgs({
  options: {
    ...stepFlags,
    threads: { type: 'string', default: '0' },
    'skip-copied': { type: 'boolean', default: false },
  },
});

try {
  const { options, turns } = stepOptions(flags);
  const adapter = await findAdapter();
  if (!adapter.found) throw new Error(adapter.reason);
  const contestants = [
    { name: 'CPU', device: 'cpu' },
    { name: 'GPU', device: 'webgpu' },
    ...(flags['skip-copied'] ? [] : [{ name: 'GPU, state copied', device: 'webgpu', copied: true }]),
  ];
  const names = contestants.map(({ name }) => name);
  const sides: Side[] = [];
  for (const { device, copied = false } of contestants) sides.push(await startLimn({ ...options, device, copied }));
  const pytorch = await startCuda(options).catch((error: Error) => console.log(`without PyTorch on CUDA: ${error.message}`));
  if (pytorch) {
    sides.push(pytorch);
    names.push(`PyTorch ${pytorch.ready.version}, CUDA`);
  }
  const measured = await takeTurns(sides, turns);
  const results = measured.map((result, i) => ({ side: names[i]!, ...result }));
  console.log(`${adapter.name ?? 'an adapter whose name the system does not tell'}, ${measured[0]!.parameters} parameters`);
  console.table(
    results.map(({ side, milliseconds: { median, quartiles }, cpuMilliseconds }) => ({
      side,
      'ms a step': median,
      'quartiles ms': quartiles.join(' - '),
      'steps a second': Number((1000 / median).toFixed(2)),
      'cpu ms a step': cpuMilliseconds,
    })),
  );
  const [, onGpu] = results;
  if (pytorch)
    console.log(
      `limn on the GPU takes ${(onGpu!.milliseconds.median / results.at(-1)!.milliseconds.median).toFixed(2)} times CUDA's time`,
    );
  const nodes = sides[1]!.ready.nodes;
  await saveResult(flags.size === 'paper' ? 'device-paper' : 'device', { adapter: adapter.name, options, nodes, results });
} catch (error) {
  reportFailure(error);
}

/** The same model in PyTorch on CUDA, from limn's weights. Throws where the Python has none. */
async function startCuda(options: StepOptions & { threads: number }): Promise<Side> {
  const folder = await mkdtemp(join(tmpdir(), 'limn-bench-device-'));
  try {
    const file = join(folder, 'start.safetensors');
    await (await startLimn({ ...options, write: file })).end();
    return await startPytorch({ ...options, device: 'cuda', file }, 'training_step.py');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
