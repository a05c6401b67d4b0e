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
import { stepFlags, stepOptions } from './step-options.mjs';

const { values: flags } = parseArgs({
  options: {
    ...stepFlags,
    profile: { type: 'boolean', default: false },
    loop: { type: 'boolean', default: false },
    'limn-only': { type: 'boolean', default: false },
  },
});
const { options, turns } = stepOptions(flags);
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
  if (flags.profile) await profile(options, turns.steps);
  else if (flags.loop) await save('loop', await loop(options.threads));
  else await race();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
