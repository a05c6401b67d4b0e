/** What the numbers of a learned catalogue are worth, in sentences: against chance, and against one side of the query. */
import type { RankingReport } from '../learning/eval/report.js';

export interface Sides {
  both: RankingReport;
  text: RankingReport;
  image: RankingReport;
}

export interface VerdictInput extends Sides {
  /** The K of recall at K that is judged. */
  k: number;
  isPatch: boolean;
  /** Images that were learned from. */
  images: number;
}

/** With fewer images a patch encoder, which knows nothing before, learns too little. */
export const fewForPatches = 5000;
/** A difference of so many of its standard deviations is clear. */
const clear = 2;

/** Warnings, none where there is nothing to warn of. */
export function verdict({ both, text, image, k, isPatch, images }: VerdictInput): string[] {
  const warnings: string[] = [];
  const name = `R@${k}`;
  const [reached, chance] = [both.metrics[name] as number, both.chance[name] as number];
  const std = Math.sqrt(Math.max((chance * (100 - chance)) / both.queries, 1e-9));
  const isAboveChance = reached - chance > clear * std;
  if (!isAboveChance) {
    warnings.push(
      `The model is not clearly better than chance: ${name} ${reached.toFixed(1)}, by chance ${chance.toFixed(1)}, on ${both.queries} held-out queries. Do not serve it.`,
    );
  }
  const weak = (
    [
      ['text', text],
      ['image', image],
    ] as const
  ).filter(([, side]) => !isClearlyBetter(both.ranks, side.ranks, k));
  if (isAboveChance && weak.length > 0) {
    const listed = weak
      .map(([side, report]) => `the ${side}s alone (${(report.metrics[name] as number).toFixed(1)})`)
      .join(' and ');
    warnings.push(
      `The model (${name} ${reached.toFixed(1)}) is not clearly better than ${listed}: it does not compose the two yet.`,
    );
  }
  if (isPatch && images < fewForPatches) {
    warnings.push(
      `The patch encoder learns to see from these ${images} images alone, and needs some ${fewForPatches.toLocaleString('en-US')}; an encoder that was trained before helps most: "limn encoders pull" or "add" one, and give it with --encoder.`,
    );
  } else if (warnings.length > 0) {
    warnings.push('More products, columns that say more of how products look, or more --minutes may help.');
  }
  return warnings;
}

/** Whether more queries are found by the first and not by the second than the other way round, beyond luck (McNemar's test). */
export function isClearlyBetter(ours: readonly number[], theirs: readonly number[], k: number): boolean {
  let [won, lost] = [0, 0];
  for (const [i, rank] of ours.entries()) {
    const other = theirs[i] as number;
    if (rank <= k && other > k) won++;
    else if (rank > k && other <= k) lost++;
  }
  return won - lost > clear * Math.sqrt(Math.max(1, won + lost));
}
