/**
 * Named evaluation protocols. Published numbers of the same dataset differ in their gallery and in whether the reference may
 * be found, so no number is given without the id of its protocol.
 */
import { LimnError } from '../core/errors.js';
import type { Split } from '../data/triplets.js';

export interface Protocol {
  readonly id: string;
  readonly description: string;
  /** Whether a query's reference is taken out of its ranking. */
  readonly excludeReference: boolean;
  /** Ids of the pictures that are ranked, in the split's order. */
  gallery(split: Split): string[];
}

const allPictures = (split: Split) => split.pictures.map((picture) => picture.id);

function queriedPictures(split: Split): string[] {
  const used = new Set(split.triplets.flatMap((triplet) => [triplet.reference, ...triplet.targets]));
  return allPictures(split).filter((id) => used.has(id));
}

export const protocols: readonly Protocol[] = [
  {
    id: 'fashioniq-val',
    description: 'gallery: the references and targets of the queries; the reference is removed',
    excludeReference: true,
    gallery: queriedPictures,
  },
  {
    id: 'fashioniq-original',
    description: 'gallery: all pictures of the split; the reference may be found',
    excludeReference: false,
    gallery: allPictures,
  },
  {
    id: 'fashioniq-original-ref-excluded',
    description: 'gallery: all pictures of the split; the reference is removed',
    excludeReference: true,
    gallery: allPictures,
  },
];

/** The protocol with this id. @throws LimnError USAGE that lists the known ids */
export function findProtocol(id: string): Protocol {
  const protocol = protocols.find((candidate) => candidate.id === id);
  if (protocol) return protocol;
  const known = protocols.map((candidate) => candidate.id);
  throw new LimnError('USAGE', `There is no protocol "${id}"; choose one of ${known.join(', ')}.`, { details: { id, known } });
}

/** One query in terms of gallery indices, ready for `rankOf`. */
export interface RankedQuery {
  targets: number[];
  excluded: number[];
}

/**
 * The gallery of a split under a protocol, and for every triplet, in order, the indices of its targets and exclusions.
 *
 * @throws LimnError DATA for a triplet whose target is not in the gallery
 */
export function applyProtocol(protocol: Protocol, split: Split): { gallery: string[]; queries: RankedQuery[] } {
  const gallery = protocol.gallery(split);
  const index = new Map(gallery.map((id, place) => [id, place]));
  const queries = split.triplets.map((triplet) => {
    const targets = triplet.targets.flatMap((id) => index.get(id) ?? []);
    if (targets.length === 0) {
      const message = `${triplet.source}: no target is in the gallery of ${protocol.id}; a split without targets cannot be scored.`;
      throw new LimnError('DATA', message, { details: { source: triplet.source } });
    }
    return { targets, excluded: protocol.excludeReference ? [index.get(triplet.reference) ?? []].flat() : [] };
  });
  return { gallery, queries };
}
