/** What is said of a run through a queue: which one it is, and what became of it. */
import { z } from 'zod';
import { LimnError } from '../../../core/errors.js';
import { sha256 } from '../../../core/files.js';
import type { PlannedRun } from '../plan.js';
import { type RunResult, resultSchema } from '../result.js';

const runJob = z.strictObject({
  version: z.literal(1),
  /** The run's id in its experiment. */
  run: z.string(),
  seed: z.int().nonnegative(),
  /** Of the run's settings, and of the annotations with the encoders' ids, as a result has them. */
  hash: z.strictObject({ settings: z.string(), data: z.string() }),
});

export type RunJob = z.output<typeof runJob>;

/** How a run ended: with its result, or with the reason why its training came to nothing. */
const runOutcome = z.union([z.strictObject({ result: resultSchema }), z.strictObject({ diverged: z.string() })]);

export type RunOutcome = { result: RunResult } | { diverged: string };

export const jobOf = (run: PlannedRun, data: string): RunJob => ({
  version: 1,
  run: run.id,
  seed: run.seed,
  hash: { settings: run.hash, data },
});

/** The same run of the same experiment is the same job, so that it is not queued twice. */
export const jobId = (job: RunJob): string => `run-${sha256(JSON.stringify(job)).slice(0, 32)}`;

/** @throws LimnError QUEUE for a job of another version of limn */
export function readJob(value: unknown): RunJob {
  return readWith(runJob, value);
}

/** @throws LimnError QUEUE for an outcome that another version of limn wrote */
export function readOutcome(value: unknown): RunOutcome {
  return readWith(runOutcome, value);
}

function readWith<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LimnError('QUEUE', 'What the queue holds was written by another version of limn: use the same version everywhere.');
}
