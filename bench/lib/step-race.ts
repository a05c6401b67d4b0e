/** A training step of limn against the same model in PyTorch: what training-step.ts, captioner.ts and fine-tune.ts have in common. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { profile } from './profile.js';
import { saveResult } from './save-result.js';
import {
  type Measured,
  type Side,
  type SideOptions,
  startLimn,
  startNode,
  startPytorch,
  type Turns,
  takeTurns,
} from './sides.js';

/** Of both sides; the rate rises linearly and falls as half a cosine. */
export const optimizer = { learningRate: 1e-3, totalSteps: 1000, warmupSteps: 50, weightDecay: 0.01, clipNorm: 1 };

export const turnFlags = {
  threads: { type: 'string', default: '2' },
  /** Turns of each side, and steps of one turn. */
  rounds: { type: 'string', default: '6' },
  steps: { type: 'string', default: '5' },
  warmup: { type: 'string', default: '5' },
} as const;

export const raceFlags = {
  ...turnFlags,
  /** Where a limn step spends its time, by operator, and no race. */
  profile: { type: 'boolean', default: false },
  /** Without PyTorch. */
  'limn-only': { type: 'boolean', default: false },
} as const;

/** @param flags the values of {@link turnFlags} */
export const turnsOf = ({ rounds, steps, warmup }: Record<'rounds' | 'steps' | 'warmup', string>): Turns => ({
  rounds: Number(rounds),
  steps: Number(steps),
  warmup: Number(warmup),
});

/** Steps that both sides take from the same weights on the same batch, without dropout, before the race. */
const checkedSteps = 3;
/** What their losses and gradient norms may differ by, as a part of them. */
const tolerance = 1e-3;

export interface StepRace {
  /** The values of {@link raceFlags}. */
  flags: { profile: boolean; 'limn-only': boolean };
  /** What both sides are started with. */
  options: SideOptions & { batch: number };
  turns: Turns;
  /** The script of the limn side. */
  limn: string;
  /** The one of the other side. */
  pytorch: string;
}

/** Runs the race, prints a table and saves bench/results/NAME.json, with `ratio`: limn's median time over PyTorch's. */
export async function raceSteps(name: string, race: StepRace): Promise<void> {
  const { flags, options, turns } = race;
  if (flags.profile) {
    await profile(options, turns.steps, race.limn);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'limn-bench-step-'));
  const sides: Side[] = [];
  try {
    const file = join(folder, 'start.safetensors');
    // A process of its own writes the weights and the batch that both begin with, so as not to add to the memory of limn's.
    const writer = await startNode('limn', race.limn, { ...options, write: file });
    await writer.end();
    if (!flags['limn-only']) sides.push(await startPytorch({ ...options, file }, race.pytorch));
    sides.unshift(await startLimn(options, race.limn));
    const agreement = sides[1] ? await compare(sides[0]!, sides[1]) : null;
    const [limn, pytorch] = (await takeTurns(sides, turns)) as [Measured, Measured?];
    console.table([row('limn', limn), ...(pytorch ? [row(`PyTorch ${pytorch.version}`, pytorch)] : [])]);
    const ratio = pytorch ? Number((limn.milliseconds.median / pytorch.milliseconds.median).toFixed(3)) : null;
    if (agreement) {
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

/** Losses and gradient norms of steps. */
export interface Checked {
  losses: number[];
  norms: number[];
}

async function compare(ours: Side, theirs: Side) {
  const limn = await ours.ask<Checked>({ check: checkedSteps });
  const pytorch = await theirs.ask<Checked>({ check: checkedSteps });
  const apart = (key: keyof Checked) =>
    limn[key].map((value, i) => Math.abs(value - pytorch[key][i]!) / Math.abs(pytorch[key][i]!));
  const difference = Number(Math.max(...apart('losses'), ...apart('norms')).toExponential(1));
  if (ours.ready.parameters !== theirs.ready.parameters || !(difference < tolerance)) {
    const said = [
      [ours.ready, limn],
      [theirs.ready, pytorch],
    ];
    throw new Error(`limn and PyTorch do not compute the same: ${JSON.stringify(said)}`);
  }
  return { steps: checkedSteps, difference, limn, pytorch };
}

const row = (name: string, { milliseconds: { median, quartiles, min, max }, cpuMilliseconds, peakMiB }: Measured) => ({
  side: name,
  'median ms': median,
  'quartiles ms': quartiles.join(' - '),
  'range ms': `${min} - ${max}`,
  'cpu ms a step': cpuMilliseconds,
  'peak MiB': peakMiB,
});
