/** How pairs without a text are found, and how many of each kind. */
import { z } from 'zod';

/** In the order in which they choose: a pair that one has taken is not taken again by a later one. */
export const strategies = ['reversed', 'twoHop', 'sharedReference', 'sharedTarget', 'neighbours'] as const;
export type Strategy = (typeof strategies)[number];

const count = z.int().nonnegative();
const cosine = z.number().min(-1).max(1);

const neighbourPairs = z
  .strictObject({
    /** Most pairs; 0 looks for none. @default 4,000, or as many as make the pool 1.5 times what training takes */
    count: count.optional(),
    /** Least cosine of the two pictures' vectors. */
    low: cosine.default(0),
    /** Greatest cosine: what is above is the same thing photographed twice. */
    high: cosine.default(0.98),
    /** The nearest ones of a picture that are passed over. */
    skip: count.default(0),
    /** Ranks, from 1, up to which a picture counts as near; those of `skip` are counted too. */
    nearest: z.int().positive().default(300),
  })
  .refine(({ low, high }) => low <= high, { path: ['low'], error: '"low" is greater than "high"' })
  .refine(({ skip, nearest }) => skip < nearest, { path: ['skip'], error: '"skip" leaves none of the "nearest"' });

/** The most pairs of each strategy; 0 leaves it out. */
export const pairBudgets = z.strictObject({
  /** A -> B is labelled: B -> A. */
  reversed: count.default(20_000),
  /** A -> B and B -> C are labelled: A -> C. */
  twoHop: count.default(20_000),
  /** A -> B and A -> C are labelled: B -> C. */
  sharedReference: count.default(20_000),
  /** A -> C and B -> C are labelled: A -> B. */
  sharedTarget: count.default(2000),
  /** Pictures whose vectors are near each other; the only strategy that needs no labels. */
  neighbours: neighbourPairs.prefault({}),
});

export type PairBudgets = z.output<typeof pairBudgets>;
