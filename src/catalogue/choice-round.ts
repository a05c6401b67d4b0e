/** Learning from use: what people have chosen becomes triplets that LIMN judges, and LIMN is trained again with those that it accepts. */
import { cp, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { makeFolder, writeError, writeFileAtomic } from '../core/files.js';
import { readOwnTriplets } from '../learning/data/own-triplets.js';
import { type Split, splitNames } from '../learning/data/triplets.js';
import { type GivenPair, judgeGiven } from '../learning/self-training/judge-given.js';
import { RetrievalModel } from '../models/retrieval/retrieval-model.js';
import { readChoices } from '../search/choices/choice-files.js';
import type { Catalogue } from './catalogue.js';
import { type ChoiceCounts, choiceTriplets, galleryPaths } from './choice-triplets.js';
import { type TimedTraining, trainInTime } from './train-in-time.js';

/** What {@link learn} made of the choices of people. */
export interface ChoiceOutcome {
  /** Whether the model that was trained with them is the one that is used. */
  kept: boolean;
  /** What became of the choices before they were judged. */
  counts: ChoiceCounts;
  /** Lines of the folder that are damaged. */
  damaged: number;
  /** Triplets that LIMN judged, by what it said of them: "accepted", or why not. */
  judged: Record<string, number>;
  /** R@10 in percent on validation, without and with them; left out where nothing was trained. */
  validation?: { before: number; after: number };
  /** What was done and what became of it, a sentence without its end. */
  said: string;
}

export interface ChoiceRoundOptions extends Omit<TimedTraining, 'run'> {
  /** The folder of "limn serve --keep-choices". */
  choices: string;
  images: string;
  list: string | undefined;
  table: Pick<Catalogue, 'imageColumn' | 'uniqueIds'>;
  test: Split;
  /** LIMN as it is, which judges. */
  limn: string;
  /** R@10 of it on validation; undefined where it was not measured. */
  before: number | undefined;
  /** Its own folder. */
  out: string;
}

/** The model that was trained with choices. */
export const choiceModel = (out: string) => join(out, 'limn', 'model');
/** The triplets of the table and of people together. */
export const choiceData = (out: string) => join(out, 'data');

/** @throws LimnError IO for a folder of choices that is not there; as train does; INTERRUPTED when `signal` fires */
export async function runChoiceRound(options: ChoiceRoundOptions): Promise<ChoiceOutcome> {
  const { choices: folder, train, val, test, out, data, plan, limit, before, reader, seed, signal, logger, onProgress } = options;
  const { choices, damaged } = await readChoices(folder);
  const training = new Set(train.images.map(({ id }) => id));
  const heldOut = new Set([...val.images, ...test.images].map(({ id }) => id));
  const { pairs, counts } = choiceTriplets(choices, { pathOf: await galleryPaths(options, options.table), training, heldOut });
  const { accepted, judged } = await judgePairs(pairs, options);
  const found = { counts, damaged, judged };
  const summary = `of ${counts.choices} choices, ${pairs.length} became triplets and LIMN accepted ${accepted.length}${leftOut(found)}`;
  if (accepted.length === 0) return { ...found, kept: false, said: `${summary}; nothing was learned from them` };
  await writeData(data, choiceData(out), accepted);
  const split = await readOwnTriplets({ directory: choiceData(out), split: 'train' });
  const tools = { seed, signal, logger, onProgress };
  const run = join(out, 'limn');
  const trained = await trainInTime({ train: split, val, reader, data: choiceData(out), run, plan, limit, ...tools });
  const after = trained.bestRecall?.['10'];
  if (before === undefined || after === undefined) {
    return {
      ...found,
      kept: false,
      said: `${summary}; a training was stopped for lack of time, and the model without them is used`,
    };
  }
  const kept = after >= before;
  const became = kept ? 'the model with them is used' : 'the model without them is used';
  const recall = `validation R@10 ${before.toFixed(1)} without them and ${after.toFixed(1)} with them`;
  return { ...found, kept, validation: { before, after }, said: `${summary}; ${recall}; ${became}` };
}

async function judgePairs(
  pairs: readonly GivenPair[],
  { limn, train, reader, seed, signal, onProgress }: ChoiceRoundOptions,
): Promise<{ accepted: GivenPair[]; judged: Record<string, number> }> {
  const judged: Record<string, number> = {};
  if (pairs.length === 0) return { accepted: [], judged };
  const model = await RetrievalModel.open(limn);
  try {
    const { vocabulary } = model.parts;
    const images = await reader.read({ images: train.images, vocabulary, onBroken: 'skip', signal, onProgress });
    try {
      const readable = pairs.filter(({ reference, target }) => [reference, target].every((id) => images.rowOf(id) !== undefined));
      const verdicts = await judgeGiven(readable, { limn: model, images, seed }, { signal });
      for (const { reason } of verdicts) judged[reason] = (judged[reason] ?? 0) + 1;
      return { accepted: readable.filter((_, i) => verdicts[i]?.accepted), judged };
    } finally {
      await images.close();
    }
  } finally {
    await model.close();
  }
}

/** Why choices are not among those that were accepted, in words. */
function leftOut({ counts, damaged, judged }: Pick<ChoiceOutcome, 'counts' | 'damaged' | 'judged'>): string {
  const { unusable, heldOut, unknown, repeated, contradictory } = counts;
  const refused = Object.entries(judged).filter(([reason]) => reason !== 'accepted');
  const parts: [number, string][] = [
    ...Object.entries(unusable).map(([reason, count]): [number, string] => [count, reason]),
    [heldOut, 'of held-out products'],
    [unknown, 'of images that are not trained on'],
    [repeated, 'said before'],
    [contradictory, 'contradictory'],
    [damaged, 'damaged'],
    ...refused.map(([reason, count]): [number, string] => [count, `refused by the judge (${reason})`]),
  ];
  const said = parts.filter(([count]) => count > 0).map(([count, reason]) => `${count} ${reason}`);
  return said.length > 0 ? ` (left out: ${said.join(', ')})` : '';
}

/** The dataset with further training triplets. */
async function writeData(from: string, to: string, accepted: readonly GivenPair[]): Promise<void> {
  try {
    await makeFolder(to);
    for (const name of ['gallery.txt', ...splitNames.map((split) => `triplets.${split}.jsonl`)]) {
      await cp(join(from, name), join(to, name));
    }
    const { images } = JSON.parse(await readFile(join(from, 'images.json'), 'utf8')) as { images: string };
    await writeFileAtomic(
      join(to, 'images.json'),
      `${JSON.stringify({ images: relative(resolve(to), resolve(from, images)) || '.' })}\n`,
    );
    const triplets = await readFile(join(from, 'triplets.train.jsonl'), 'utf8');
    const more = accepted.map((pair) => `${JSON.stringify({ ...pair, provenance: { source: 'choice' } })}\n`).join('');
    await writeFileAtomic(join(to, 'triplets.train.jsonl'), triplets + more);
  } catch (error) {
    throw writeError(to, error);
  }
}
