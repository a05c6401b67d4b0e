/** The protocols by name, and what one means for a split. */
import { LimnError } from '../../../core/errors.js';
import { Registry } from '../../../core/part.js';
import { datasets } from '../../data/datasets.js';
import type { Split, Triplet } from '../../data/triplets.js';
import { birdsToWords } from './birds-to-words.js';
import { birdsToWordsRefExcluded } from './birds-to-words-ref-excluded.js';
import { cirrTest } from './cirr-test.js';
import { cirrVal } from './cirr-val.js';
import { fashion200k } from './fashion200k.js';
import { fashioniqOriginal } from './fashioniq-original.js';
import { fashioniqOriginalRefExcluded } from './fashioniq-original-ref-excluded.js';
import { fashioniqVal } from './fashioniq-val.js';
import type { Protocol } from './protocol.js';
import { shoes } from './shoes.js';
import { triplets } from './triplets.js';

export type { Protocol, Rankings } from './protocol.js';

export const knownProtocols = new Registry<Protocol>('protocol', [
  fashioniqVal,
  fashioniqOriginal,
  fashioniqOriginalRefExcluded,
  shoes,
  birdsToWords,
  birdsToWordsRefExcluded,
  cirrVal,
  cirrTest,
  fashion200k,
  triplets,
]);

/** Those that limn ships, and behind them those of plug-ins. */
export const protocols: readonly Protocol[] = knownProtocols.all;

/** The protocol with this id. @throws LimnError USAGE that lists the known ids */
export function findProtocol(id: string): Protocol {
  const protocol = knownProtocols.get(id);
  if (protocol) return protocol;
  const known = knownProtocols.ids;
  throw new LimnError('USAGE', `There is no protocol "${id}"; choose one of ${known.join(', ')}.`, { details: { id, known } });
}

/** @throws LimnError USAGE, naming the protocols that fit, when the protocol is not for the dataset */
export function checkFits(protocol: Protocol, dataset: string): void {
  // A dataset of a plug-in names a protocol that does not name it.
  if (protocol.datasets.includes(dataset) || datasets.get(dataset)?.defaultProtocol === protocol.id) return;
  const fitting = protocols.filter(({ datasets }) => datasets.includes(dataset)).map(({ id }) => id);
  const advice = fitting.length > 0 ? `choose ${fitting.join(' or ')}` : 'no protocol is for that dataset';
  const message = `Protocol ${protocol.id} is for ${protocol.datasets.join(' and ')}, not for ${dataset}: ${advice}.`;
  throw new LimnError('USAGE', message, { details: { protocol: protocol.id, dataset, fitting } });
}

/** One query in terms of gallery indices. */
export interface RankedQuery {
  /** The right answers; empty where only a test server knows them. */
  targets: number[];
  excluded: number[];
  /** The query's subset without its reference; absent where the protocol has none. */
  subset?: number[];
}

/** A protocol's gallery for a split, and its queries in the order of the split's triplets. */
export interface AppliedProtocol {
  gallery: string[];
  queries: RankedQuery[];
}

/**
 * What a protocol makes of a split.
 *
 * @throws LimnError USAGE for a protocol without answers on another split than its own; DATA for an empty gallery, and for a triplet whose target is not in the gallery or not in its subset
 */
export function applyProtocol(protocol: Protocol, split: Split): AppliedProtocol {
  if (!protocol.answers && split.name !== protocol.split) {
    const message = `Protocol ${protocol.id} is for the split ${protocol.split}, not for ${split.name}: choose that split.`;
    throw new LimnError('USAGE', message, { details: { protocol: protocol.id, split: split.name } });
  }
  const gallery = protocol.gallery(split);
  if (gallery.length === 0) {
    throw new LimnError('DATA', `The gallery of ${protocol.id} is empty: the split ${split.name} has no pictures that it ranks.`);
  }
  const index = new Map(gallery.map((id, position) => [id, position]));
  const positionsOf = (ids: readonly string[]) => ids.flatMap((id) => index.get(id) ?? []);
  const answers = protocol.answers?.(split);
  const positions = protocol.answerPlaces?.(split) ?? (answers && ((triplet: Triplet) => positionsOf(answers(triplet))));
  const queries = split.triplets.map((triplet): RankedQuery => {
    const fail = (what: string) =>
      new LimnError('DATA', `${triplet.source}: ${what}.`, { details: { source: triplet.source, protocol: protocol.id } });
    const targets = positions ? [...positions(triplet)] : [];
    if (answers && targets.length === 0) {
      throw fail(`no target is in the gallery of ${protocol.id}; a split without targets cannot be scored`);
    }
    const excluded = protocol.excludeReference ? positionsOf([triplet.reference]) : [];
    if (!protocol.subset) return { targets, excluded };
    if (!triplet.subset) throw fail(`the annotation has no img_set, which ${protocol.id} ranks; use CIRR's own annotation files`);
    const subset = positionsOf(triplet.subset.filter((id) => id !== triplet.reference));
    if (answers && !targets.some((target) => subset.includes(target))) {
      throw fail('the target is not in the img_set; correct the row or remove it');
    }
    return { targets, excluded, subset };
  });
  return { gallery, queries };
}
