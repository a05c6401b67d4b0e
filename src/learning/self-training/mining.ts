/** Pair mining: pairs of pictures that are likely to differ in something worth saying, but have no text yet. */
import { LimnError, throwIfAborted } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import { Random } from '../../core/random.js';
import type { Triplet } from '../data/triplets.js';
import { LabelGraph, type RowPair } from './label-graph.js';
import type { NeighbourSearch } from './neighbours.js';
import { type PairBudgets, type Strategy, strategies } from './pair-config.js';
import { PairLedger } from './pair-ledger.js';

/** Two pictures, by their ids, and how they were found. */
export interface MinedPair {
  readonly reference: string;
  readonly target: string;
  readonly strategy: Strategy;
}

export interface MineOptions {
  /** The labelled training triplets; none where there are no labels, which leaves the neighbours. */
  triplets: readonly Triplet[];
  /** Ids of the labelled training pictures and of those without labels. */
  pool: readonly string[];
  /** Ids of every validation and test picture. They are never mined, and labels that name them join nothing. @default none */
  forbidden?: Iterable<string>;
  /** Pairs that are not to be mined again, such as those of earlier rounds. @default none */
  exclude?: Iterable<{ readonly reference: string; readonly target: string }>;
  /** Searches the pool; needed for the neighbours alone. Forbidden pictures in it use up ranks but are never mined. */
  neighbours?: NeighbourSearch | undefined;
  pairs: PairBudgets;
  /** Pairs in all that neighbours fill up to, where they have no budget of their own. @default 0 */
  least?: number;
  seed: number;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

/** Draws in a row that find no new pair, after which a strategy is exhausted. */
const mostVain = 2 ** 17;

/**
 * Mines pairs, strategy after strategy, each a seeded draw without replacement of at most its budget. No pair comes twice, none is
 * labelled in its direction, none joins a picture with itself. Pairs over labels are drawn evenly among the paths that join
 * them; neighbours are drawn evenly among the references, one each before any has two.
 *
 * @throws LimnError DATA when nothing is found, or the pool names a picture twice, lacks a labelled one, or is not the one that the
 * search knows; CONFIG when every budget is 0 or neighbours are asked for without a search; INTERRUPTED when `signal` fires
 */
export async function minePairs(options: MineOptions): Promise<MinedPair[]> {
  const { triplets, pool, forbidden = [], exclude = [], pairs, seed } = options;
  checkBudgets(options);
  const ledger = new PairLedger(pool, forbidden);
  const edges = triplets.flatMap(({ reference, targets, source }) =>
    targets.flatMap((target) => {
      const edge = ledger.close(reference, target, source);
      return edge ? [edge] : [];
    }),
  );
  const graph = new LabelGraph(edges);
  for (const { reference, target } of exclude) ledger.close(reference, target, 'A pair of an earlier round');

  const mined: MinedPair[] = [];
  for (const strategy of strategies) {
    const random = Random.derive(seed, `mine ${strategy}`);
    const found =
      strategy === 'neighbours'
        ? await mineNeighbours(ledger, withNeighbours(options, mined.length), random)
        : mineGraph(ledger, graph.draw(strategy, random), pairs[strategy], options);
    for (const [reference, target] of found) {
      mined.push({ reference: pool[reference] as string, target: pool[target] as string, strategy });
    }
    options.onProgress?.({ stage: 'mine pairs', done: strategies.indexOf(strategy) + 1, total: strategies.length });
  }
  if (mined.length === 0) {
    const message = `No pair was found: ${count(triplets.length, 'labelled triplet')} and ${count(ledger.usable.length, 'usable picture')} in the pool give none that is new. Add pictures or labels, raise the budgets, or widen "low" to "high" and "nearest" of the neighbours.`;
    throw new LimnError('DATA', message, { details: { triplets: triplets.length, pool: pool.length, pairs } });
  }
  return mined;
}

function mineGraph(ledger: PairLedger, draws: Iterable<RowPair>, budget: number, { signal }: MineOptions): RowPair[] {
  throwIfAborted(signal, 'mining pairs');
  const found: RowPair[] = [];
  if (budget === 0) return found;
  let vain = 0;
  for (const pair of draws) {
    const isNew = ledger.claim(...pair);
    if (isNew) found.push(pair);
    vain = isNew ? 0 : vain + 1;
    if (found.length === budget || vain === mostVain) break;
  }
  return found;
}

/** Neighbours that are not counted in the settings fill up what is wanted, and are some thousands at least. */
function withNeighbours(options: MineOptions, found: number): MineOptions & { budget: number } {
  const { pairs, least = 0 } = options;
  return { ...options, budget: pairs.neighbours.count ?? Math.max(4000, Math.ceil(least - found)) };
}

async function mineNeighbours(ledger: PairLedger, options: MineOptions & { budget: number }, random: Random): Promise<RowPair[]> {
  const { low, high, skip, nearest } = options.pairs.neighbours;
  const { budget } = options;
  const found: RowPair[] = [];
  const { neighbours } = options;
  if (!neighbours || budget === 0) return found;
  let references = random.shuffle(ledger.usable);
  while (references.length > 0) {
    const more: number[] = [];
    let at = 0;
    for await (const near of neighbours.search(references, nearest, options.signal)) {
      throwIfAborted(options.signal, 'mining pairs');
      const reference = references[at++] as number;
      const open = near.slice(skip).filter(({ row, similarity }) => {
        const cosine = Math.min(1, Math.max(-1, similarity));
        return cosine >= low && cosine <= high && ledger.isOpen(reference, row);
      });
      if (open.length === 0) continue;
      const target = random.pick(open).row;
      ledger.claim(reference, target);
      if (found.push([reference, target]) === budget) return found;
      if (open.length > 1) more.push(reference);
    }
    references = more;
  }
  return found;
}

function checkBudgets({ pairs: { neighbours, ...others }, neighbours: search, pool }: MineOptions): void {
  if (neighbours.count === 0 && Object.values(others).every((budget) => budget === 0)) {
    throw new LimnError('CONFIG', 'Every budget under "pairs" is 0, so there is nothing to mine; raise one.');
  }
  if (neighbours.count === 0) return;
  if (!search) {
    throw new LimnError(
      'CONFIG',
      'Mining neighbours needs vectors of the pool; give them, or set "pairs.neighbours.count" to 0.',
    );
  }
  if (search.size !== pool.length) {
    const message = `The search for neighbours knows ${count(search.size, 'picture')}, but the pool has ${pool.length}; give one vector for each image, in the pool's order.`;
    throw new LimnError('DATA', message, { details: { search: search.size, pool: pool.length } });
  }
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
