/**
 * A training step of LIMN: limn against the same model in PyTorch, in turns, each in a process of its own.
 *
 *     npm run bench:step                     the race; needs torch in $LIMN_PYTHON or python3
 *     npm run bench:step -- --profile        where a limn step spends its time, by operator
 *     npm run bench:step -- --loop           small models with 1, 4 and 16 steps a run
 *
 * Results go to bench/results/.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loop } from './loop.mjs';
import { profile } from './profile.mjs';
import { machine, startLimn, startPytorch, takeTurns } from './sides.mjs';

const { values: flags } = parseArgs({
  options: {
    batch: { type: 'string', default: '64' },
    width: { type: 'string', default: '256' },
    words: { type: 'string', default: '20' },
    threads: { type: 'string', default: '2' },
    /** Turns of each side, and steps of one turn. */
    rounds: { type: 'string', default: '6' },
    steps: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '5' },
    dropout: { type: 'string', default: '0.1' },
    profile: { type: 'boolean', default: false },
    loop: { type: 'boolean', default: false },
    'limn-only': { type: 'boolean', default: false },
  },
});
const number = (name) => Number(flags[name]);
const options = {
  batch: number('batch'),
  width: number('width'),
  words: number('words'),
  threads: number('threads'),
  dropout: number('dropout'),
  factors: 8,
  layers: 2,
  heads: 8,
  projection: 64,
  vocabulary: 400,
  pictures: 256,
  picture: { kind: 'features', tokens: 49, channels: 1280, globalChannels: 1280, colourChannels: 6 },
};
const about = {
  date: new Date().toISOString(),
  command: ['npm run bench:step --', ...process.argv.slice(2)].join(' '),
  machine: machine(),
};

async function save(name, result) {
  const folder = new URL('./results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify({ ...about, ...result }, null, 2)}\n`);
  console.log(`written to bench/results/${name}.json`);
}

async function race() {
  const sides = flags['limn-only'] ? [] : [await startPytorch(options)];
  sides.unshift(await startLimn(options));
  const turns = { rounds: number('rounds'), steps: number('steps'), warmup: number('warmup') };
  const [limn, pytorch] = await takeTurns(sides, turns);
  const row = (name, { milliseconds: { median, quartiles, min, max }, cpuMilliseconds, peakMiB }) => ({
    side: name,
    'median ms': median,
    'quartiles ms': quartiles.join(' - '),
    'range ms': `${min} - ${max}`,
    'cpu ms a step': cpuMilliseconds,
    'peak MiB': peakMiB,
  });
  console.table([row('limn', limn), ...(pytorch ? [row(`PyTorch ${pytorch.version}`, pytorch)] : [])]);
  if (!pytorch) return;
  const ratio = Number((limn.milliseconds.median / pytorch.milliseconds.median).toFixed(3));
  console.log(`limn takes ${ratio} times PyTorch's time (${options.threads} threads each, batch ${options.batch})`);
  await save('training-step', { options, ratio, limn, pytorch });
}

try {
  if (flags.profile) await profile(options, number('steps'));
  else if (flags.loop) await save('loop', await loop(options.threads));
  else await race();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
