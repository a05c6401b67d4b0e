/** The making of a round's pseudo triplets: pairs are mined, the captioner writes, LIMN judges. */
import { join } from 'node:path';
import { Random } from '../../core/random.js';
import { CaptionerModel } from '../../models/captioner/captioner-model.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { withoutImages } from '../data/triplets.js';
import type { ScoreVectors } from '../eval/vectors.js';
import { poolTargets, writeAndScore } from './candidates.js';
import { judge, type PairCandidate, type Verdict } from './judging.js';
import { type MinedPair, minePairs } from './mining.js';
import { vectorNeighbours } from './neighbours.js';
import { strategies } from './pair-config.js';
import { type PseudoTriplet, PseudoTripletFile } from './pseudo-triplets.js';
import type { RoundResult } from './rounds.js';
import { modelsOf, pseudoFile, readStage, reporting, roundFolder, roundSeed, stage, type Work } from './work.js';

/** What a round's training is made from. */
export type RoundMaterial = Pick<RoundResult, 'mined' | 'counts' | 'seconds'>;

/** Pairs that are written and scored together; a kill loses no more. */
const chunk = 256;
/** What a pair takes in texts/ and pseudo.jsonl together. */
export const bytesOfPair = 700;

/** Mines, writes and judges with the models of the round before; leaves pseudo.jsonl. */
export async function makePseudoTriplets(work: Work, round: number): Promise<RoundMaterial> {
  const { out, settings, reader, onBroken, logger } = work;
  const seed = roundSeed(work.seed, round);
  const folder = roundFolder(out, round);
  const before = modelsOf(work, round - 1);
  const tools = reporting(work, round);
  const limn = await RetrievalModel.open(before.limn);
  const captioner = await CaptionerModel.open(before.captioner);
  const read = (model: RetrievalModel | CaptionerModel) =>
    reader.read({ images: work.pool, vocabulary: model.parts.vocabulary, onBroken, ...tools });
  const forLimn = await read(limn);
  const forCaptioner = await read(captioner);
  const [broken] = forLimn.broken;
  if (broken) logger.warn(`${forLimn.broken.length} pictures of the pool are left out, first: ${broken.reason}`);
  const clock = new StageClock();
  try {
    const targets = await poolTargets(limn, forLimn, tools);
    const pairs = await stage(join(folder, 'pairs.json'), () => mineRound(work, round, forLimn, targets, seed));
    clock.lap('mine pairs');
    const candidates: PairCandidate[] = [];
    const views = { limn, captioner, forLimn, forCaptioner, targets };
    const disk = (pairs.length * bytesOfPair) / 2 ** 20;
    logger.info(`round ${round}: ${pairs.length} pairs to write and judge, about ${Math.ceil(disk)} MiB on disk`);
    for (let at = 0; at < pairs.length; ) {
      const some = pairs.slice(at, endOfChunk(at, pairs.length));
      const part = join(folder, 'texts', `${at}.json`);
      const { signal } = tools;
      candidates.push(...(await stage(part, () => writeAndScore(some, { first: at, views, settings, seed }, { signal }))));
      at += some.length;
      tools.onProgress?.({ stage: 'write and score texts', done: at, total: pairs.length });
    }
    clock.lap('write and score texts');
    const { verdicts, counts } = judge(candidates, settings.judge, wantedOf(work, candidates.length));
    const believed = (verdict: Verdict): Verdict =>
      settings.judging ? verdict : { accepted: true, reason: 'accepted', weight: 1 };
    const records = candidates.map((candidate, i) => recordOf(candidate, believed(verdicts[i] as Verdict), round));
    const kept = await PseudoTripletFile.open(pseudoFile(out, round));
    // A file that was left half-written holds the first of the same records.
    await kept.append(records.slice(kept.records.length));
    clock.lap('judge');
    const mined = Object.fromEntries(
      strategies.map((strategy) => [strategy, pairs.filter((pair) => pair.strategy === strategy).length]),
    );
    return { mined, counts, seconds: clock.laps };
  } finally {
    await forLimn.close();
    await forCaptioner.close();
    await limn.close();
    await captioner.close();
  }
}

/** Where the chunk that begins at a pair ends. A few that would be left over go with it: texts are compared within a chunk. */
const endOfChunk = (at: number, total: number) => (total - at < chunk + chunk / 4 ? total : at + chunk);

/** How many pseudo triplets the judge accepts at most: what training takes, or without labels the better 70 %. */
function wantedOf({ labelled, settings: { judge: judging, mix } }: Work, candidates: number): number {
  if (judging.order === 'rank') return Number.POSITIVE_INFINITY;
  const labels = labelled.triplets.length;
  return labels > 0 ? Math.round(mix.ratio * labels) : Math.ceil(0.7 * candidates);
}

async function mineRound(
  work: Work,
  round: number,
  { ids, broken }: ImageFeatures,
  targets: ScoreVectors,
  seed: number,
): Promise<MinedPair[]> {
  const { labelled, val, test, settings, out } = work;
  const earlier: MinedPair[] = [];
  for (let r = 1; r < round; r++) {
    earlier.push(...(await readStage<MinedPair[]>(join(roundFolder(out, r), 'pairs.json'))));
  }
  const forbidden = [val, test].flatMap((split) => split?.images.map(({ id }) => id) ?? []);
  const readable = withoutImages(
    labelled,
    broken.map(({ id }) => id),
  );
  const mined = await minePairs({
    triplets: readable.triplets,
    pool: ids,
    forbidden,
    exclude: earlier,
    neighbours: vectorNeighbours(targets),
    pairs: settings.pairs,
    // The better two thirds are taken of what is written.
    least: 1.5 * settings.mix.ratio * labelled.triplets.length,
    seed,
    ...reporting(work, round),
  });
  return drawn(mined, work.plan?.pairs, Random.derive(seed, 'pairs that there is time for'));
}

/** As many of them as there is time for, in their order. */
function drawn(pairs: readonly MinedPair[], most: number | undefined, random: Random): MinedPair[] {
  if (most === undefined || pairs.length <= most) return [...pairs];
  const kept = random.shuffle([...pairs.keys()]).slice(0, most);
  return kept.sort((a, b) => a - b).map((at) => pairs[at] as MinedPair);
}

function recordOf(
  { reference, target, strategy, text, likelihood, rank, margin, textMargin }: PairCandidate,
  verdict: Verdict,
  round: number,
): PseudoTriplet {
  const { accepted, reason, weight } = verdict;
  return {
    format: 'limn-pseudo-1',
    round,
    reference,
    target,
    strategy,
    text,
    likelihood,
    rank,
    ...(margin !== undefined && { margin }),
    ...(textMargin !== undefined && { textMargin }),
    verdict: accepted ? 'accepted' : 'refused',
    reason,
    weight,
  };
}

/** Seconds of each part of a stage. */
class StageClock {
  readonly laps: Record<string, number> = {};
  private last = performance.now();

  lap(name: string): void {
    const now = performance.now();
    this.laps[name] = (now - this.last) / 1000;
    this.last = now;
  }
}
