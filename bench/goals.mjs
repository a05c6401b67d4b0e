/** What a line of the table is to reach. A goal is a function of { line, timesAsFast, ofPeak }: what it says, its value, whether it is met. */

const rounded = (value, digits = 2) => Number(value.toFixed(digits));
/** A goal whose value is not known is neither met nor missed. */
const goal = (says, value, met) => ({
  says,
  value: value === undefined ? null : rounded(value),
  met: value === undefined ? null : met,
});

/** At least so many times as fast as the rival. */
export const compared =
  (least) =>
  ({ timesAsFast }) =>
    goal(least === 1 ? 'at least as fast' : `at least ${least} times as fast`, timesAsFast, timesAsFast >= least);

/** @param what is measured @param measure what it is */
export const within = (what, measure, most) => (context) => {
  const value = measure(context);
  return goal(`at most ${most} ${what}`, value, value <= most);
};

export function memoryNoHigher({ line: { memory } }) {
  const value = memory.rival === undefined ? undefined : memory.limn / memory.rival;
  return goal("at most the rival's memory", value, value <= 1);
}

/** The share of the peak that the line's operations reach, as model FLOPs. */
export const ofPeak =
  (least) =>
  ({ ofPeak }) =>
    goal(`at least ${100 * least} % of the peak`, ofPeak === undefined ? undefined : 100 * ofPeak, ofPeak >= least);
