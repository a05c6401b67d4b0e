/** What of a self-training fits into a time: rounds, pairs that get a text, and epochs. Decided once, before it begins. */
import { LimnError } from '../../core/errors.js';
import { formatDuration } from '../../core/progress.js';

/** Epochs of both models. */
export interface Epochs {
  limn: number;
  /** 0 where it is given, or kept. */
  captioner: number;
}

export interface TimeNeeds {
  /** Labelled triplets. */
  labelled: number;
  /** Pseudo triplets for a labelled one, at most. */
  ratio: number;
  /** Rounds behind round 0. */
  rounds: number;
  /** Most pairs of a round. */
  pairs: number;
  /** What round 0 trains; undefined where its models are given. */
  first: Epochs | undefined;
  /** What every further round trains. */
  further: Epochs;
  batchSize: { limn: number; captioner: number };
  /** What a step takes, in seconds. */
  step: { limn: number; captioner: number };
  /** What a pair takes to be written and judged, in seconds. */
  text: number;
}

export interface TimePlan {
  rounds: number;
  /** Of each round, at most. */
  pairs: number;
  first: Epochs | undefined;
  further: Epochs;
  /** Expected of the whole, in seconds. */
  seconds: number;
  /** Expected of each round behind round 0, in seconds. */
  roundSeconds: number;
}

/** The part of the time that is planned: the rest is for validations and for what cannot be foreseen. */
export const plannedShare = 0.8;
/** Below this share of its pairs and epochs a round is not worth its time, and another round less is better. */
export const worthwhile = 0.3;
/** Opening models, reading images from the cache and mining. */
const fixedSeconds = 5;
const leastPairs = 50;

/**
 * The most rounds of which each keeps a third of its pairs and epochs; with a single one, whatever fits. Pairs and epochs are shortened by one
 * and the same share.
 *
 * @throws LimnError USAGE where not even the least fits
 */
export function planTime(needs: TimeNeeds, seconds: number): TimePlan {
  const least = needs.first ? 0 : 1;
  const affordable = seconds * plannedShare;
  for (let rounds = needs.rounds; rounds >= least; rounds--) {
    const isLast = rounds <= 1;
    const lowest = isLast && rounds === least ? 1 : Math.round(100 * worthwhile);
    for (let percent = 100; percent >= lowest; percent--) {
      const plan = shortened({ ...needs, rounds }, percent / 100);
      if (plan.seconds <= affordable) return plan;
    }
  }
  const { seconds: needed } = shortened({ ...needs, rounds: least }, 0);
  const message = `The least that self-training does takes about ${formatDuration(needed / plannedShare)} on this machine, but it was given ${formatDuration(seconds)}: give more --minutes.`;
  throw new LimnError('USAGE', message, { details: { needed, seconds } });
}

/** @param share of the pairs and epochs, 0 to 1 */
export function shortened(needs: TimeNeeds, share: number): TimePlan {
  const { labelled, ratio, rounds, batchSize, step } = needs;
  const some = (epochs: number) => (epochs === 0 ? 0 : Math.max(1, Math.floor(share * epochs)));
  const epochsOf = ({ limn, captioner }: Epochs): Epochs => ({ limn: some(limn), captioner: some(captioner) });
  const pairs = Math.min(needs.pairs, Math.max(leastPairs, Math.floor(share * needs.pairs)));
  const training = (epochs: Epochs, triplets: number) =>
    epochs.limn * Math.ceil(triplets / batchSize.limn) * step.limn +
    epochs.captioner * Math.ceil(triplets / batchSize.captioner) * step.captioner;
  const [first, further] = [needs.first && epochsOf(needs.first), epochsOf(needs.further)];
  const learned = labelled > 0 ? labelled + Math.min(ratio * labelled, pairs) : pairs;
  const roundSeconds = fixedSeconds + pairs * needs.text + training(further, learned);
  return {
    rounds,
    pairs,
    first,
    further,
    roundSeconds,
    seconds: (first ? training(first, labelled) : 0) + rounds * roundSeconds,
  };
}

/** Whether another round can end in time, should it take no longer than was planned. @param used seconds so far */
export const hasTimeFor = (plan: TimePlan, used: number, seconds: number): boolean => used + plan.roundSeconds <= seconds;

/** What a plan says to a person. @param bytesOfPair on disk */
export function saidPlan({ rounds, pairs, first, further, seconds }: TimePlan, bytesOfPair: number): string {
  const epochs = ({ limn, captioner }: Epochs) =>
    `${limn} epochs of LIMN${captioner > 0 ? ` and ${captioner} of the captioner` : ''}`;
  if (first && rounds === 0) {
    return `plan: ${epochs(first)}, without a round behind it, for which there is no time; about ${formatDuration(seconds)}`;
  }
  const begins = first ? `round 0 with ${epochs(first)}, then ` : '';
  const mebibytes = Math.ceil((rounds * pairs * bytesOfPair) / 2 ** 20);
  const each = `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of up to ${pairs} pairs, a text for each, and ${epochs(further)}`;
  return `plan: ${begins}${each}; about ${formatDuration(seconds)}, and ${mebibytes} MiB on disk for the texts`;
}
