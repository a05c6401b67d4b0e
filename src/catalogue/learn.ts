/**
 * From a catalogue to a search: a table and its images become triplets, these a trained LIMN, which is measured on products that it has not
 * seen and indexes the images. Every stage that is finished is kept in the folder, and the same call resumes.
 */
import { basename, join, resolve } from 'node:path';
import { LimnError, messageOf } from '../core/errors.js';
import { readJson, sha256, sha256File } from '../core/files.js';
import { type Logger, type OnProgress, silentLogger } from '../core/progress.js';
import { shellWord } from '../core/text.js';
import { readOwnTriplets } from '../learning/data/own-triplets.js';
import type { SplitName } from '../learning/data/triplets.js';
import { englishWording } from '../learning/from-metadata/english/wording.js';
import { readWording } from '../learning/from-metadata/wording.js';
import { CaptionerModel } from '../models/captioner/captioner-model.js';
import { lostWeights } from '../models/retrieval/restorable.js';
import { RetrievalModel } from '../models/retrieval/retrieval-model.js';
import { Gallery } from '../search/gallery/gallery.js';
import { choiceData } from './choice-round.js';
import { type FoundData, foundOf, learnsFrom } from './found-data.js';
import { choiceStages, plusStages } from './further-trainings.js';
import { writeGalleryList } from './gallery-list.js';
import { evaluateTest, judgedK, recallOf } from './held-out-products.js';
import { usualLearning } from './learn-settings.js';
import type { LearnOptions, LearnResult } from './learn-types.js';
import { makeData } from './make-data.js';
import { measureStep } from './measure-step.js';
import { batchSizeOf, firstSize, fixedPlan, planWithPlus } from './plan.js';
import { StageFolder, WholeTime } from './stages.js';
import { trainInTime } from './train-in-time.js';
import { verdict } from './verdict.js';

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
