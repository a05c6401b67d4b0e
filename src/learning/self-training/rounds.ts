/** What a self-training run has done, round by round, as it is kept on disk and reported. */
import type { Judgement } from './judging.js';
import type { Strategy } from './pair-config.js';

/** One round of LIMN+, measured on validation. */
export interface RoundResult {
  /** 0 learns from the labels alone. */
  round: number;
  /** Whether its models were given, not trained; round 0 alone. @default false */
  given?: boolean;
  /** R@K in percent of LIMN on validation, by K. */
  recall: Record<string, number>;
  /** Caption metrics of the captioner on validation. */
  captions: Record<string, number>;
  /** Mined pairs, by strategy; none in round 0. */
  mined: Partial<Record<Strategy, number>>;
  /** What became of the generated texts, by strategy. */
  counts: Judgement['counts'];
  /** Labelled and pseudo triplets that both models were trained on. */
  trainedOn: { labelled: number; pseudo: number };
  /** Pseudo triplets that it was validated on, where there are no labels for that. */
  heldOut?: number;
  /** Steps of LIMN's training. */
  steps: number;
  /** Seconds by stage. */
  seconds: Record<string, number>;
}

/** How many pairs a round has mined: its pseudo.jsonl has a line for each. */
export function pairsOf({ mined }: Pick<RoundResult, 'mined'>): number {
  return Object.values(mined).reduce((sum, count) => sum + count, 0);
}

/** What {@link selfTrain} made. */
export interface SelfTrainResult {
  /** Without round 0 where its models were given and there are no labels to measure them on. */
  rounds: RoundResult[];
  /** The round with the best validation; the last one where rounds are validated on pseudo triplets of their own. */
  best: number;
  /** What epochs were chosen on; rounds are chosen on labels alone. */
  validation: 'labels' | 'pseudo triplets';
  /** Why it ended: all rounds were done, validation stopped rising, the captioner has no skill, or the time would not do for another round. */
  ended: 'rounds' | 'patience' | 'captioner' | 'time';
  /** Folders of the best round's models. */
  limn: string;
  /** The folder of the chosen round's captioner. */
  captioner: string;
  /** R@K on the test split, of the best round, by K; only where there is one. */
  test?: Record<string, number>;
}
