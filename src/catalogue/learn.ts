/**
 * From a catalogue to a search: a table and its images become triplets, these a trained LIMN, which is measured on products that it has not
 * seen and indexes the images. Every stage that is finished is kept in the folder, and the same call resumes.
 */
import { basename, join, resolve } from 'node:path';
import { LimnError, messageOf, throwIfAborted } from '../core/errors.js';
import { readJson, sha256, sha256File } from '../core/files.js';
import { type Logger, type OnProgress, silentLogger } from '../core/progress.js';
import { shellWord } from '../core/text.js';
import { readOwnTriplets } from '../learning/data/own-triplets.js';
import type { Split, SplitName } from '../learning/data/triplets.js';
import { evaluateSides } from '../learning/eval/one-sided.js';
import { findProtocol } from '../learning/eval/protocols/index.js';
import type { RankingReport } from '../learning/eval/report.js';
import { withSplitImages } from '../learning/eval/split-images.js';
import { englishWording } from '../learning/from-metadata/english-wording.js';
import { readWording } from '../learning/from-metadata/wording.js';
import { CaptionerModel } from '../models/captioner/captioner-model.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import { lostWeights } from '../models/retrieval/restorable.js';
import { RetrievalModel } from '../models/retrieval/retrieval-model.js';
import { Gallery } from '../search/gallery/gallery.js';
import { adoptModel } from './adopt-model.js';
import { type ChoiceOutcome, choiceData, choiceModel, runChoiceRound } from './choice-round.js';
import { type FoundData, foundOf, learnsFrom } from './found-data.js';
import { writeGalleryList } from './gallery-list.js';
import { usualLearning } from './learn-settings.js';
import { type PlusOutcome, plusModel, runPlus, tooLate } from './limn-plus.js';
import { makeData } from './make-data.js';
import { measureStep } from './measure-step.js';
import { batchSizeOf, firstSize, fixedPlan, type Plan, planWithPlus } from './plan.js';
import { planPlus, saidPlus } from './plan-plus.js';
import { StageFolder, WholeTime } from './stages.js';
import { type TimedOutcome, trainInTime } from './train-in-time.js';
import { verdict } from './verdict.js';

/** Options of {@link Limn.learn}. */
export interface LearnOptions {
  /** The folder of the images, which stay where they are. */
  images: string;
  /** CSV, TSV, JSON lines or Parquet: a row a product, one column of which names its image. @default names of files and folders are read */
  list?: string | undefined;
  /** The folder of everything that is made: data/, limn/, gallery/, learn.json. */
  out: string;
  /** What reads the images; the caller closes it. */
  reader: ImageEncoderRuntime;
  /** Minutes for the whole, which choose the model's size and the epochs. @default 30 */
  minutes?: number | undefined;
  /** The model's size and the epochs, in place of those that the time would choose. */
  fixed?: (Plan['size'] & { epochs: number }) | undefined;
  /** Columns to learn from. @default those that say something which images show */
  fields?: readonly string[] | undefined;
  /** The column that names the image. @default the one that fits most images */
  imageColumn?: string | undefined;
  /** Files of templates for further languages. @default English alone */
  templates?: readonly string[] | undefined;
  /** Whether a round of LIMN+ on the shop's own images follows, where there is time for it; it is kept only where validation rises. @default true */
  plus?: boolean | undefined;
  /** A captioner's folder, trained on the same encoder: it writes LIMN+'s texts. @default one is trained on the triplets */
  captioner?: string | undefined;
  /**
   * The folder of `limn serve --keep-choices`: what people chose becomes further triplets, which LIMN judges and is trained on. The model is kept where
   * validation does not fall. A folder that was learned before can be given again with it, once. @default none
   */
  choices?: string | undefined;
  /** Most products that are learned from. @default 12000 */
  most?: number | undefined;
  /** Seed of all random draws. @default 1 */
  seed?: number | undefined;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
  /** Where remarks go. @default {@link silentLogger} */
  logger?: Logger | undefined;
}

/** R@K in percent by K, of the held-out products. */
export interface LearnedRecall {
  /** How many queries were ranked. */
  queries: number;
  /** Images that each query ranks. */
  gallery: number;
  /** What a random ranking is expected to reach. */
  chance: Record<string, number>;
  /** The same model, given the text alone. */
  textAlone: Record<string, number>;
  /** The same model, given the image alone. */
  imageAlone: Record<string, number>;
  /** The composed search, with image and text. */
  limn: Record<string, number>;
}

/** What {@link Limn.learn} made and measured. */
export interface LearnResult {
  /** The folder that contains everything. */
  out: string;
  /** The folder of the triplets. */
  data: string;
  /** The folder of the trained model, for {@link Limn.open}. */
  model: string;
  /** The folder of the gallery. */
  gallery: string;
  /** Images in the gallery. */
  images: number;
  /** Name of the image encoder. */
  encoder: string;
  /** The number of triplets of each split. */
  triplets: Record<SplitName, number>;
  /** Attributes that the texts are about. */
  attributes: string[];
  /** Columns that were not used, with the reason. */
  leftOut: { name: string; reason: string }[];
  /** The model's size, the batch size and the number of epochs that were chosen. */
  plan: Pick<Plan, 'epochs' | 'batchSize'> & Plan['size'];
  /** Recall on held-out products. */
  test: LearnedRecall;
  /** Names of LIMN's factors, learned from the metadata. */
  factors: string[];
  /** What the numbers are not worth, and what would help. */
  warnings: string[];
  /** What LIMN+ did, and whether its model is the one that is used; undefined where it was not wanted. */
  plus?: PlusOutcome;
  /** What was learned from the choices of people; undefined where none were given. */
  choices?: ChoiceOutcome;
  /** What was left out. */
  leftOutStages: string[];
  /** Seconds of work, over all calls. */
  seconds: number;
  /** The command that serves it. */
  serve: string;
}

const stages = ['read', 'measure', 'train', 'choices', 'LIMN+', 'evaluate', 'index'] as const;
/** The part of the time that is left which the training is planned for; the rest is for what cannot be foreseen. */
const trainShare = 0.85;
/** The part of its planned time that a training has at least, where a resumed run has used up the whole. */
const leastShare = 0.3;
/** The part of what is left that a training takes at most where time is kept for LIMN+. */
const mostBeforePlus = 0.7;
/** Texts that a captioner writes for the training: it takes up to a quarter of the time for them, at 20 a second. */
const captionerTexts = (minutes: number) => Math.max(200, Math.min(8000, Math.round(minutes * 60 * 0.25 * 20)));
/** Images that are indexed in a second, where reading them was faster because a cache knew them. */
const usualRate = 40;

/**
 * Learns a catalogue.
 *
 * @throws LimnError DATA for a table or images that nothing can be learned from, USAGE for options that the folder was not begun with,
 * ENCODER for an encoder whose weights the trained model would not find again, INTERRUPTED when `signal` fires: the same call goes on
 */
export async function learn(options: LearnOptions): Promise<LearnResult> {
  const { out, reader, minutes = usualLearning.minutes, seed = 1, signal, logger = silentLogger } = options;
  if (!(minutes > 0)) throw new LimnError('USAGE', `${minutes} minutes is not a valid time: give a number above 0.`);
  // Nothing is trained that could not be indexed and served.
  const lost = lostWeights(reader, join(out, 'limn', 'model'));
  if (lost) throw lost;
  const folder = await StageFolder.open(out, await identityOf(options));
  const time = new WholeTime(options.onProgress);
  const seconds = minutes * 60;
  // Until the images are counted, the budget is what is known.
  for (const stage of stages) {
    if (folder.has(stage) || (stage === 'choices' && options.choices === undefined)) continue;
    time.expect(stage, seconds * (stage === 'train' ? 0.7 : 0.06));
  }
  const onBroken = 'skip' as const;
  try {
    const data = join(out, 'data');
    const found = await folder.once('read', () => time.in('read', (onProgress) => readData(options, data, onProgress)));
    for (const note of found.notes) logger.info(`note: ${note}`);
    logger.info(learnsFrom(found));
    const split = (name: SplitName) => readOwnTriplets({ directory: data, split: name });
    const splits = { train: await split('train'), val: await split('val') };
    const { train: triplets } = found.triplets;
    const batchSize = batchSizeOf(triplets);
    const indexSeconds = found.images / found.imagesPerSecond;
    const plan = await folder.once('measure', () =>
      time.in('measure', async () => {
        if (options.fixed) return fixedPlan(options.fixed, batchSize, seconds * trainShare);
        const size = firstSize(triplets);
        const stepSeconds = await measureStep(splits, { size, batchSize, reader, signal });
        // Choices are learned in a second training of the same size.
        const share = options.choices === undefined ? trainShare : trainShare / 2;
        const left = Math.max(seconds * 0.2, seconds - folder.seconds - indexSeconds) * share;
        const validation = splits.val.images.length + 2 * splits.val.triplets.length;
        return planWithPlus({ triplets, validation, batchSize, size, stepSeconds, seconds: left }, options.plus !== false);
      }),
    );
    const { size, epochs, trainSeconds } = plan;
    logger.info(
      `plan: width ${size.width}, ${size.factors} factors, ${epochs} epochs of ${triplets} triplets, about ${Math.ceil(trainSeconds / 60)} min${plan.keepsTime ? ', then LIMN+ in the other half of the time' : ''}`,
    );
    if (!folder.has('train')) time.expect('train', trainSeconds);
    if (!folder.has('index')) time.expect('index', indexSeconds);
    const run = join(out, 'limn');
    const leftForAll = seconds - folder.seconds - indexSeconds;
    const limit = Math.max(plan.keepsTime ? leftForAll * mostBeforePlus : leftForAll, trainSeconds * leastShare);
    const trained = await folder.once('train', () =>
      time.in('train', (onProgress) =>
        trainInTime({ ...splits, reader, data, run, plan, limit, seed, signal, logger, onProgress }),
      ),
    );
    const learned = { folder, time, found, plan, trained, splits, seconds, indexSeconds };
    const choices = options.choices === undefined ? undefined : await choiceStages(options, options.choices, learned);
    if (choices?.kept) splits.train = await readOwnTriplets({ directory: choiceData(join(out, 'choices')), split: 'train' });
    const plus = options.plus === false ? undefined : await plusStages(options, learned);
    // What was measured and indexed with a former model is done again.
    const version = `${choices?.kept ? ' with choices' : ''}${plus?.kept ? ' with LIMN+' : ''}`;
    const model = await RetrievalModel.open(run);
    try {
      const evaluated = await folder.once(`evaluate${version}`, () =>
        time.in('evaluate', async () => evaluateTest(model, await split('test'), reader, { onBroken, signal })),
      );
      const location = join(out, 'gallery');
      const indexed = await folder.once(`index${version}`, () =>
        time.in('index', (onProgress) =>
          indexAll(options, found.table, model, location, {
            replace: folder.has('index') && version !== '',
            onProgress,
            logger,
          }),
        ),
      );
      const isPatch = reader.config.kind === 'patch';
      const warnings = verdict({
        ...evaluated,
        k: judgedK(evaluated.both.gallery),
        isPatch,
        images: splits.train.images.length,
      });
      for (const warning of warnings) logger.warn(warning);
      return {
        out,
        data,
        model: join(run, 'model'),
        gallery: location,
        images: indexed.images,
        encoder: reader.id,
        triplets: found.triplets,
        attributes: found.attributes,
        leftOut: found.leftOut,
        plan: { ...size, epochs, batchSize },
        test: recallOf(evaluated),
        factors: indexed.factors,
        warnings,
        ...(plus ? { plus } : {}),
        ...(choices ? { choices } : {}),
        leftOutStages: plus?.validation ? [] : [`LIMN+: ${plus?.said ?? 'not wanted'}`],
        seconds: folder.seconds,
        serve: `limn serve --gallery ${shellWord(`${galleryNameOf(out)}=${location}`)}`,
      };
    } finally {
      await model.close();
    }
  } catch (error) {
    if (!LimnError.isInstance(error) || error.code !== 'INTERRUPTED' || !signal?.aborted) throw error;
    throw new LimnError('INTERRUPTED', `Interrupted; what is finished is kept in ${out}, and the same command resumes.`, {
      cause: error,
    });
  } finally {
    await folder.close();
  }
}

interface Learned {
  folder: StageFolder;
  time: WholeTime;
  found: FoundData;
  plan: Plan;
  trained: TimedOutcome;
  splits: { train: Split; val: Split };
  /** For the whole. */
  seconds: number;
  indexSeconds: number;
}

/** A training with what people have chosen, whose model takes the place of the first where validation does not fall. */
async function choiceStages(
  options: LearnOptions,
  choices: string,
  { folder, time, found, plan, trained, splits, seconds, indexSeconds }: Learned,
): Promise<ChoiceOutcome> {
  const { out, reader, images, list, seed = 1, signal, logger = silentLogger } = options;
  const folderOfChoices = join(out, 'choices');
  const isNew = !folder.has('choices');
  // A folder that was learned before may have a better model than that of the training.
  const plus = folder.has('LIMN+') ? await folder.once<PlusOutcome>('LIMN+', () => Promise.reject()) : undefined;
  const before = plus?.kept ? plus.validation?.after : trained.bestRecall?.['10'];
  const outcome = await folder.once('choices', () =>
    time.in('choices', async (onProgress) => {
      const data = join(out, 'data');
      const test = await readOwnTriplets({ directory: data, split: 'test' });
      const limit = Math.max(seconds - folder.seconds - indexSeconds, plan.trainSeconds);
      const common = { reader, images, list, table: found.table, seed, signal, logger, onProgress: renamed(onProgress) };
      const limn = join(out, 'limn');
      return runChoiceRound({ ...splits, test, choices, data, limn, before, out: folderOfChoices, plan, limit, ...common });
    }),
  );
  if (!isNew) logger.info('note: choices were learned in this folder before; to learn newer ones, give another --out');
  logger.info(`choices: ${outcome.said}`);
  if (outcome.kept)
    await folder.once('adopt choices', () =>
      adoptModel(out, choiceModel(folderOfChoices), 'limn-without-choices').then(() => true),
    );
  return outcome;
}

/** The training with choices under a name of its own. */
function renamed(onProgress: OnProgress | undefined): OnProgress | undefined {
  return onProgress && ((event) => onProgress({ ...event, stage: event.stage === 'train' ? 'choices' : event.stage }));
}

/** A round of LIMN+ where there is time, whose better model takes the place of the first. */
async function plusStages(options: LearnOptions, learned: Learned): Promise<PlusOutcome> {
  const { out, reader, images, captioner, seed = 1, signal, logger = silentLogger } = options;
  const { folder, time, found, plan, trained, splits, seconds, indexSeconds } = learned;
  const left = seconds - folder.seconds - indexSeconds;
  const { plus, needed, limit } = await folder.once('plan LIMN+', async () => {
    const hasCaptioner = captioner !== undefined;
    const trainSeconds = trained.seconds ?? plan.trainSeconds;
    const steps = trained.steps ?? plan.epochs * Math.max(1, Math.floor(found.triplets.train / plan.batchSize));
    const stepSeconds = trainSeconds / Math.max(1, steps);
    const common = { plan, triplets: found.triplets.train, images: found.images, stepSeconds, hasCaptioner };
    return { ...planPlus({ ...common, seconds: left }), limit: left };
  });
  const folderOfPlus = join(out, 'limn-plus');
  const data = join(out, 'data');
  const outcome = await folder.once('LIMN+', () =>
    time.in('LIMN+', async (onProgress) => {
      // A training that had to be stopped has no time left either.
      if (!plus || trained.stopped) return tooLate(needed, trained.stopped ? 0 : limit);
      logger.info(saidPlus(plus));
      time.expect('LIMN+', plus.seconds);
      const test = await readOwnTriplets({ directory: data, split: 'test' });
      const limn = join(out, 'limn');
      const common = { reader, images, captioner, seed, signal, logger, onProgress };
      return runPlus({ ...splits, test, data, limn, out: folderOfPlus, plan, plus, limit: Math.max(limit / 2, left), ...common });
    }),
  );
  logger.info(`LIMN+: ${outcome.said}`);
  if (outcome.kept)
    await folder.once('adopt LIMN+', () => adoptModel(out, plusModel(folderOfPlus), 'limn-without-plus').then(() => true));
  return outcome;
}

/** What must not change while a folder is worked on. */
async function identityOf(options: LearnOptions) {
  const { images, list, reader, fixed, fields, imageColumn, templates = [], most, captioner, seed = 1 } = options;
  const words = await Promise.all(templates.map((file) => readJson(file, 'templates of texts')));
  return {
    images: resolve(images),
    ...(list === undefined ? {} : { table: await hashOf(list) }),
    encoder: reader.id,
    ...(fixed ? { fixed } : {}),
    ...(fields ? { fields } : {}),
    ...(imageColumn === undefined ? {} : { imageColumn }),
    ...(words.length > 0 ? { templates: sha256(JSON.stringify(words)) } : {}),
    ...(most === undefined ? {} : { most }),
    ...(captioner === undefined ? {} : { captioner: (await CaptionerModel.open(captioner)).hash }),
    seed,
  };
}

async function hashOf(list: string): Promise<string> {
  const hash = await sha256File(list).catch((cause) => {
    throw new LimnError('IO', `Cannot read the table ${list}: ${messageOf(cause)}.`, { details: { list }, cause });
  });
  return hash.slice(0, 12);
}

async function readData(
  options: LearnOptions,
  data: string,
  onProgress: OnProgress | undefined,
): Promise<FoundData & { imagesPerSecond: number }> {
  const { templates = [], minutes = usualLearning.minutes } = options;
  const wordings = [englishWording, ...(await Promise.all(templates.map(readWording)))];
  const started = performance.now();
  const made = await makeData({ ...options, out: data, wordings, texts: captionerTexts(minutes), onProgress });
  const rate = (1000 * made.catalogue.counts.matched) / (performance.now() - started);
  return { ...foundOf(made), imagesPerSecond: Math.min(usualRate, rate) };
}

type Evaluated = Record<'both' | 'text' | 'image', RankingReport>;

async function evaluateTest(
  model: RetrievalModel,
  test: Split,
  reader: ImageEncoderRuntime,
  { onBroken, signal }: { onBroken: 'skip'; signal: AbortSignal | undefined },
): Promise<Evaluated> {
  throwIfAborted(signal, 'evaluating');
  const protocol = findProtocol('triplets');
  return withSplitImages({ model, split: test, reader, onBroken, signal }, (images, split) =>
    evaluateSides({ model, split, images, protocol, signal }),
  );
}

/** Of a small gallery ten hits are too many to tell anything. */
export const judgedK = (gallery: number) => (gallery >= 100 ? 10 : 5);

function recallOf({ both, text, image }: Evaluated): LearnedRecall {
  const chance = Object.fromEntries(Object.keys(both.recall).map((k) => [k, both.chance[`R@${k}`] as number]));
  const { queries, gallery } = both;
  return { queries, gallery, chance, textAlone: text.recall, imageAlone: image.recall, limn: both.recall };
}

async function indexAll(
  options: LearnOptions,
  table: FoundData['table'],
  model: RetrievalModel,
  out: string,
  { replace, onProgress, logger }: { replace: boolean; onProgress: OnProgress | undefined; logger: Logger },
): Promise<{ images: number; factors: string[] }> {
  const { images, signal } = options;
  const written = await writeGalleryList(options.out, options, table);
  for (const note of written?.notes ?? []) logger.info(`note: ${note}`);
  const sources = written === undefined ? { images } : { images, list: written.file };
  const gallery = await Gallery.create({ model, out, ...sources, onBroken: 'skip', replace, signal, onProgress });
  try {
    const { skipped, notes } = gallery.report;
    for (const line of [...notes, ...skipped.slice(0, 3).map(({ reason }) => reason)]) logger.warn(line);
    if (skipped.length > 3) logger.warn(`${skipped.length - 3} more images could not be read and are not in the gallery`);
    return { images: await gallery.count(), factors: await gallery.factorNames() };
  } finally {
    await gallery.close();
  }
}

/** A name that a served gallery can have. */
function galleryNameOf(out: string): string {
  const plain = basename(resolve(out))
    .replace(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 60);
  return /^[A-Za-z0-9]/.test(plain) ? plain : 'shop';
}
