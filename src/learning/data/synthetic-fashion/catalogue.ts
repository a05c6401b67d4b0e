/** Draws up a catalogue in which most garments have neighbours that differ in one to three attributes, and the queries in it. */
import type { Random } from '../../../core/random.js';
import {
  attributesOf,
  changeGarment,
  changeKind,
  changesBetween,
  type Garment,
  type Kind,
  keyOf,
  kinds,
  randomGarment,
} from './attributes.js';
import { writeCaptions } from './captions.js';

/** A query by places in the catalogue. */
export interface SyntheticFashionQuery {
  readonly reference: number;
  readonly target: number;
  readonly captions: readonly [string, string];
}

/** How often one, two and three attributes change: between a garment and its copy, and between reference and target. */
const growthShares = [0.5, 0.35, 0.15] as const;
const queryShares = [0.25, 0.45, 0.3] as const;

function drawChangeCount(shares: readonly [number, number, number], random: Random): 1 | 2 | 3 {
  const draw = random.uniform();
  return draw < shares[0] ? 1 : draw < shares[0] + shares[1] ? 2 : 3;
}

/**
 * Grows a catalogue, with equally many garments of each kind: a new one is drawn afresh (1 in 20), or follows one of another
 * kind, or is a changed copy of one of its kind. At most two have equal attributes, and few have such a twin.
 *
 * @param count well below the number of different garments (see `countGarments`), so that the search for a new one ends
 */
export function growCatalogue(count: number, random: Random): Garment[] {
  const names = Object.keys(kinds) as Kind[];
  const garments: Garment[] = [];
  const families: Partial<Record<Kind, Garment[]>> = {};
  const known = new Map<string, number>();
  while (garments.length < count) {
    const kind = names[garments.length % names.length]!;
    const draw = random.uniform();
    const siblings = families[kind] ?? [];
    const parent = siblings.length > 0 ? random.pick(siblings) : undefined;
    let garment: Garment;
    if (!parent || draw < 0.05) garment = randomGarment(kind, random);
    else if (draw < 0.11) garment = changeKind(random.pick(garments), kind, random);
    else garment = draw < 0.16 ? parent : changeGarment(parent, drawChangeCount(growthShares, random), random);
    const key = keyOf(garment);
    const twins = known.get(key) ?? 0;
    if (twins >= 2 || (twins === 1 && garment !== parent)) continue;
    known.set(key, twins + 1);
    garments.push(garment);
    families[kind] = [...siblings, garment];
  }
  return random.shuffle(garments);
}

/** Places of the garments by the number of changes (1 to 3) from `reference`; at 0 those of another kind that match it. */
function neighbours(garments: readonly Garment[], reference: number): [number[], number[], number[], number[]] {
  const from = garments[reference]!;
  const found: [number[], number[], number[], number[]] = [[], [], [], []];
  garments.forEach((to, position) => {
    if (to.kind === from.kind) {
      const changes = changesBetween(from, to).length;
      if (changes >= 1 && changes <= 3) found[changes as 1 | 2 | 3].push(position);
    } else if (to.colour === from.colour && to.pattern === from.pattern) {
      const values = attributesOf(to.kind);
      const kept = Object.keys(values).every((name) => !values[name]!.includes(from[name] as string) || from[name] === to[name]);
      if (kept) found[0].push(position);
    }
  });
  return found;
}

/**
 * Queries from every garment to up to `perGarment` others that are in the catalogue: mostly of the same kind with one to
 * three changes, now and then (1 in 14) of another kind. A garment without neighbours gives none.
 */
export function writeQueries(garments: readonly Garment[], perGarment: number, random: Random): SyntheticFashionQuery[] {
  return garments.flatMap((_, reference) => {
    const groups = neighbours(garments, reference).map((group) => random.shuffle(group));
    const queries: SyntheticFashionQuery[] = [];
    while (queries.length < perGarment && groups.slice(1).some((group) => group.length > 0)) {
      const group = groups[random.uniform() < 1 / 14 ? 0 : drawChangeCount(queryShares, random)];
      const target = group?.pop();
      if (target === undefined) continue;
      queries.push({ reference, target, captions: writeCaptions(garments[reference]!, garments[target]!, random) });
    }
    return queries;
  });
}
