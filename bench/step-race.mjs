/** A training step of limn against the same model in PyTorch: what training-step.mjs, captioner.mjs and fine-tune.mjs have in common. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { profile } from './profile.mjs';
import { saveResult } from './save-result.mjs';
import { startLimn, startNode, startPytorch, takeTurns } from './sides.mjs';

/** Of both sides; the rate rises linearly and falls as half a cosine. */
export const optimizer = { learningRate: 1e-3, totalSteps: 1000, warmupSteps: 50, weightDecay: 0.01, clipNorm: 1 };

export const turnFlags = {
  threads: { type: 'string', default: '2' },
  /** Turns of each side, and steps of one turn. */
  rounds: { type: 'string', default: '6' },
  steps: { type: 'string', default: '5' },
  warmup: { type: 'string', default: '5' },
};

export const raceFlags = {
  ...turnFlags,
  /** Where a limn step spends its time, by operator, and no race. */
  profile: { type: 'boolean', default: false },
  /** Without PyTorch. */
  'limn-only': { type: 'boolean', default: false },
};

/** @param flags the values of {@link turnFlags} @returns what takeTurns is given */
export const turnsOf = ({ rounds, steps, warmup }) => ({
  rounds: Number(rounds),
  steps: Number(steps),
  warmup: Number(warmup),
});

/** Steps that both sides take from the same weights on the same batch, without dropout, before the race. */
const checkedSteps = 3;
/** What their losses and gradient norms may differ by, as a part of them. */
const tolerance = 1e-3;

/**
 * Runs the race, prints a table and saves bench/results/NAME.json, with `ratio`: limn's median time over PyTorch's.
 *
 * @param race.flags the values of {@link raceFlags}
 * @param race.options what both sides are started with
 * @param race.turns of takeTurns
 * @param race.limn the script of the limn side @param race.pytorch the one of the other side
 */
export async function raceSteps(name, { flags, options, turns, limn: limnScript, pytorch: pytorchScript }) {
  if (flags.profile) {
    await profile(options, turns.steps, limnScript);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'limn-bench-step-'));
  const sides = [];
  try {
    const file = join(folder, 'start.safetensors');
    // A process of its own writes the weights and the batch that both begin with, so as not to add to the memory of limn's.
    const writer = await startNode('limn', limnScript, { ...options, write: file });
    await writer.end();
    if (!flags['limn-only']) sides.push(await startPytorch({ ...options, file }, pytorchScript));
    sides.unshift(await startLimn(options, limnScript));
    const agreement = sides.length > 1 ? await compare(sides) : null;
    const [limn, pytorch] = await takeTurns(sides, turns);
    console.table([row('limn', limn), ...(pytorch ? [row(`PyTorch ${pytorch.version}`, pytorch)] : [])]);
    const ratio = pytorch ? Number((limn.milliseconds.median / pytorch.milliseconds.median).toFixed(3)) : null;
    if (pytorch) {
      console.log(`limn takes ${ratio} times PyTorch's time (${options.threads} threads each, batch ${options.batch})`);
      console.log(`their losses and gradient norms of ${checkedSteps} steps differ by ${agreement.difference} at most`);
    }
    await saveResult(name, {
      options,
      ratio,
      agreement,
      operations: writer.ready.operations,
      nodes: writer.ready.nodes,
      limn,
      pytorch: pytorch ?? null,
    });
  } finally {
    for (const side of sides) await side.end({ kill: true });
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(sides) {
  const checked = [];
  for (const side of sides) checked.push(await side.ask({ check: checkedSteps }));
  const [limn, pytorch] = checked;
  const apart = (key) => limn[key].map((value, i) => Math.abs(value - pytorch[key][i]) / Math.abs(pytorch[key][i]));
  const difference = Number(Math.max(...apart('losses'), ...apart('norms')).toExponential(1));
  const { parameters } = sides[0].ready;
  if (parameters !== sides[1].ready.parameters || !(difference < tolerance)) {
    throw new Error(
      `limn and PyTorch do not compute the same: ${JSON.stringify(sides.map(({ ready }, i) => [ready, checked[i]]))}`,
    );
  }
  return { steps: checkedSteps, difference, limn, pytorch };
}

const row = (name, { milliseconds: { median, quartiles, min, max }, cpuMilliseconds, peakMiB }) => ({
  side: name,
  'median ms': median,
  'quartiles ms': quartiles.join(' - '),
  'range ms': `${min} - ${max}`,
  'cpu ms a step': cpuMilliseconds,
  'peak MiB': peakMiB,
});
