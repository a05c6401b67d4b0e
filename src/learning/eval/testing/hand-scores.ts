/** Test helpers: scores that were written by hand, and splits of a few words. */
import type { Split, Triplet } from '../../data/triplets.js';
import { applyProtocol, findProtocol } from '../protocols/index.js';
import { type RankingOptions, type RankingReport, rankSplit } from '../report.js';
import type { QueryScores } from '../scores.js';

export function handScores(values: ArrayLike<number>): QueryScores {
  return { estimates: Float32Array.from(values), slack: 0, exact: (index) => values[index] as number };
}

export function aTriplet(reference: string, targets: readonly string[], more: Partial<Triplet> = {}): Triplet {
  return { reference, targets, text: 't', captions: ['t'], source: 'file row 1', ...more };
}

/** A split whose pictures have the ids given, with `id:label` for one that has a label. */
export function aSplit(images: string, triplets: readonly Triplet[]): Split {
  const named = images.split(' ').map((word) => {
    const [id, label] = word.split(':') as [string, string?];
    return { id, path: id, ...(label === undefined ? {} : { label }) };
  });
  return { name: 'val', images: named, triplets, missing: [] };
}

/**
 * What a protocol reports of a split for scores by picture id, one record a triplet. A picture that the protocol ranks must
 * have a score; others may have one too.
 */
export function rankByHand(
  protocolId: string,
  split: Split,
  scores: readonly Readonly<Record<string, number>>[],
  options: RankingOptions = {},
): Promise<RankingReport> {
  const protocol = findProtocol(protocolId);
  const applied = applyProtocol(protocol, split);
  const rows = scores.map((row) =>
    handScores(
      applied.gallery.map((id) => {
        if (row[id] === undefined) throw new Error(`no score for ${id}`);
        return row[id];
      }),
    ),
  );
  return rankSplit(protocol, split, applied, rows, options);
}
