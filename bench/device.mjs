/**
 * Training steps of LIMN on the CPU and on the GPU, in turns, each in a process of its own; on the GPU once as limn trains, with
 * the state kept there, and once with all of it copied down and up in every step, to show what that would cost.
 *
 *     npm run bench:device                          the sizes of bench:step
 *     npm run bench:device -- --batch 256           another batch; also --width, --words, --threads, --rounds, --steps, --warmup
 *     npm run bench:device -- --skip-copied         without the third side
 *
 * Results go to bench/results/device.json, with the adapter's name.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { machine, startLimn, takeTurns } from './sides.mjs';

const { findAdapter } = await import('../dist/runtime/adapter.js');
const { values: flags } = parseArgs({
  options: {
    batch: { type: 'string', default: '64' },
    width: { type: 'string', default: '256' },
    words: { type: 'string', default: '20' },
    threads: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '6' },
    steps: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '5' },
    'skip-copied': { type: 'boolean', default: false },
  },
});
const number = (name) => Number(flags[name]);

try {
  const adapter = await findAdapter();
  if (!adapter.found) throw new Error(adapter.reason);
  const options = {
    batch: number('batch'),
    width: number('width'),
    words: number('words'),
    threads: number('threads'),
    dropout: 0.1,
    factors: 8,
    layers: 2,
    heads: 8,
    projection: 64,
    vocabulary: 400,
    pictures: 256,
    picture: { kind: 'features', tokens: 49, channels: 1280, globalChannels: 1280, colourChannels: 6 },
  };
  const contestants = [
    { name: 'CPU', device: 'cpu' },
    { name: 'GPU', device: 'webgpu' },
    ...(flags['skip-copied'] ? [] : [{ name: 'GPU, state copied', device: 'webgpu', copied: true }]),
  ];
  const sides = [];
  for (const { device, copied = false } of contestants) sides.push(await startLimn({ ...options, device, copied }));
  const measured = await takeTurns(sides, { rounds: number('rounds'), steps: number('steps'), warmup: number('warmup') });
  const results = measured.map((result, i) => ({ side: contestants[i].name, ...result }));
  console.log(`${adapter.name ?? 'an adapter whose name the system does not tell'}, ${results[0].parameters} parameters`);
  console.table(
    results.map(({ side, milliseconds: { median, quartiles }, cpuMilliseconds }) => ({
      side,
      'ms a step': median,
      'quartiles ms': quartiles.join(' - '),
      'steps a second': Number((1000 / median).toFixed(2)),
      'cpu ms a step': cpuMilliseconds,
    })),
  );
  const folder = new URL('./results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const about = { date: new Date().toISOString(), command: ['npm run bench:device --', ...process.argv.slice(2)].join(' ') };
  const content = { ...about, machine: machine(), adapter: adapter.name, options, results };
  await writeFile(new URL('device.json', folder), `${JSON.stringify(content, undefined, 2)}\n`);
  console.log('written to bench/results/device.json');
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
