/** What a line of the table is to reach: what a goal says, its value, whether it is met. */
import type { Goal, GoalContext, Reached } from './line.js';
import { rounded } from './statistics.js';

/** A goal whose value is not known is neither met nor missed. */
const reached = (says: string, value: number | undefined, isMet: (value: number) => boolean): Reached => ({
  says,
  value: value === undefined ? null : rounded(value),
  met: value === undefined ? null : isMet(value),
});

/** At least so many times as fast as the rival. */
export const compared =
  (least: number): Goal =>
  ({ timesAsFast }) =>
    reached(least === 1 ? 'at least as fast' : `at least ${least} times as fast`, timesAsFast, (value) => value >= least);

/** At most so many times the rival's time. */
export const noSlowerThan =
  (most: number): Goal =>
  ({ timesAsFast }) =>
    reached(`at most ${most} times the rival's time`, timesAsFast && 1 / timesAsFast, (value) => value <= most);

/** @param what is measured @param measure what it is */
export const within =
  (what: string, measure: (context: GoalContext) => number, most: number): Goal =>
  (context) =>
    reached(`at most ${most} ${what}`, measure(context), (value) => value <= most);

export const memoryNoHigher: Goal = ({ line: { memory } }) =>
  reached(
    "at most the rival's memory",
    memory?.limn === undefined || memory.rival === undefined ? undefined : memory.limn / memory.rival,
    (value) => value <= 1,
  );

/** The share of the peak that the line's operations reach, as model FLOPs. */
export const ofPeak =
  (least: number): Goal =>
  ({ ofPeak: share }) =>
    reached(
      `at least ${100 * least} % of the peak`,
      share === undefined ? undefined : 100 * share,
      (value) => value >= 100 * least,
    );
