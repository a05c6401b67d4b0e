/** limn evaluate */

import { type Command, Option } from 'commander';
import { LimnError } from '../../../core/errors.js';
import { writeFileAtomic } from '../../../core/files.js';
import type { SplitName } from '../../../learning/data/triplets.js';
import { evaluate, evaluateVectors } from '../../../learning/eval/evaluate.js';
import { submissionDepth, writeCirrSubmission } from '../../../learning/eval/protocols/cirr-test.js';
import { checkFits, findProtocol, type Protocol, protocols } from '../../../learning/eval/protocols/index.js';
import { withSplitImages } from '../../../learning/eval/split-images.js';
import { readVectorFile, rowsOfTriplets } from '../../../learning/eval/vector-files.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { runCaptionEvaluation } from '../caption-evaluation.js';
import { addDatasetOptions, type Dataset, type DatasetOptions, datasetFormat, openDataset } from '../datasets.js';
import { addDecodingOptions, type DecodingFlags, decodingOf } from '../decoding.js';
import { asJson, asText, type Evaluation, ranksFile } from '../evaluation-report.js';
import { type LongWork, runLong } from '../long-work.js';
import { computingCommand, required } from '../options.js';

interface EvaluateFlags extends DatasetOptions, DecodingFlags {
  task: 'retrieval' | 'caption';
  model?: string;
  queries?: string;
  queryIds?: string;
  gallery?: string;
  galleryIds?: string;
  split?: SplitName;
  protocol?: string;
  ranks?: string;
  submission?: string;
  json?: boolean;
}

export function evaluateCommand(): Command {
  const command = computingCommand(
    'evaluate',
    'Measure the recall of a model or of vectors under a named protocol, or evaluate a captioner.',
  );
  return addDecodingOptions(addDatasetOptions(command))
    .addOption(
      new Option('--task <name>', 'retrieval, or caption: BLEU, METEOR, ROUGE-L and CIDEr-D of a captioner')
        .choices(['retrieval', 'caption'])
        .default('retrieval'),
    )
    .option('--model <folder>', 'a run folder, or the model in it')
    .option('--queries <file>', 'instead of a model: query vectors (.safetensors, .npy), one row for each triplet')
    .option('--query-ids <file>', 'ids of the query rows, .json or one on each line, if the annotations have ids')
    .option('--gallery <file>', 'with --queries: gallery vectors, one row for each image')
    .option('--gallery-ids <file>', 'image ids of the gallery rows, .json or one on each line, if the file has none')
    .addOption(new Option('--split <name>', 'the split (default: as published)').choices(['train', 'val', 'test']))
    .option('--protocol <id>', `one of ${protocols.map(({ id }) => id).join(', ')} (default: by the dataset)`)
    .option('--ranks <file>', 'also write the rank of every query, as JSON')
    .option('--submission <folder>', 'where cirr-test writes the two files for the test server')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nSeveral categories, e.g. "--category dress,shirt,toptee" or "--category all", are reported one by one and averaged;' +
        '\n"{category}" in --model, --queries and --gallery stands for the name of each.',
    )
    .action(runEvaluate);
}

async function runEvaluate(flags: EvaluateFlags): Promise<void> {
  if (flags.task === 'caption') {
    const ofRecall = ['protocol', 'queries', 'queryIds', 'gallery', 'galleryIds', 'ranks', 'submission'] as const;
    const others = ofRecall.filter((name) => flags[name] !== undefined).map((name) => `"${name}"`);
    return runCaptionEvaluation(flags, decodingOf(flags), others);
  }
  const protocol = protocolOf(flags);
  const split = flags.split ?? protocol.split;
  const score = scorerOf(flags);
  const submission = protocol.answers ? undefined : required(flags.submission, '--submission', 'evaluate');
  const { category: _, ...rest } = flags;
  const categories = await categoriesOf(flags, split);
  const evaluations = await runLong(async (tools) => {
    const done: Evaluation[] = [];
    let first = 0;
    for (const [index, category] of categories.entries()) {
      const more = index + 1 < categories.length;
      const dataset = await openDataset('evaluate', { ...rest, ...(category !== undefined && { category }) }, tools);
      const named = (path: string) => path.replaceAll('{category}', category ?? '');
      const evaluation = await score({ flags, protocol, split, dataset, named, first, more, tools });
      done.push(evaluation);
      first += evaluation.report.queries;
    }
    return done;
  });
  if (submission !== undefined) {
    const [{ split: ranked, report }] = evaluations as [Evaluation];
    const paths = await writeCirrSubmission(submission, ranked, report.rankings as NonNullable<typeof report.rankings>);
    process.stderr.write(`Written for the CIRR test server: ${paths.join(', ')}\n`);
  }
  if (flags.ranks !== undefined) await writeFileAtomic(flags.ranks, ranksFile(evaluations));
  process.stdout.write(flags.json ? asJson(evaluations) : asText(evaluations));
}

function protocolOf({ protocol: id, dataset }: EvaluateFlags): Protocol {
  const protocol = findProtocol(id ?? datasetFormat(dataset).defaultProtocol);
  checkFits(protocol, dataset);
  return protocol;
}

/** The categories to evaluate one by one; `undefined` stands for the whole dataset. */
async function categoriesOf({ category, data, dataset }: EvaluateFlags, split: SplitName): Promise<(string | undefined)[]> {
  const { categories, categoriesTogether } = datasetFormat(dataset);
  if (category !== 'all') return category?.split(',').map((name) => name.trim()) ?? [undefined];
  if (!categories || categoriesTogether || dataset === 'wardrobe') return [undefined];
  const found = await categories(required(data, '--data', 'evaluate'));
  return [...found].filter(([, splits]) => splits.includes(split)).map(([name]) => name);
}

interface Task {
  flags: EvaluateFlags;
  protocol: Protocol;
  split: SplitName;
  dataset: Dataset;
  /** Puts the category into a path. */
  named(path: string): string;
  /** Queries of the categories before this one. */
  first: number;
  /** Whether categories follow. */
  more: boolean;
  tools: LongWork;
}

function scorerOf({ model, queries, gallery }: EvaluateFlags): (task: Task) => Promise<Evaluation> {
  if (queries === undefined && gallery === undefined) {
    const folder = required(model, '--model', 'evaluate', 'Or give vectors with --queries and --gallery.');
    return (task) => scoreModel(folder, task);
  }
  if (model !== undefined) throw new LimnError('USAGE', 'Give --model, or --queries and --gallery, not both.');
  const files = [required(queries, '--queries', 'evaluate'), required(gallery, '--gallery', 'evaluate')] as const;
  return (task) => scoreFiles(...files, task);
}

const topOf = (protocol: Protocol) => (protocol.answers ? undefined : submissionDepth.recall);
const targetsOf = (protocol: Protocol) => (protocol.answers ? 'required' : 'optional');

async function scoreModel(folder: string, { flags, protocol, split, dataset, named, tools }: Task): Promise<Evaluation> {
  const model = await RetrievalModel.open(named(folder));
  try {
    const whole = await dataset.split(split, { targets: targetsOf(protocol) });
    const onBroken = flags.skipBroken ? 'skip' : 'error';
    return await withSplitImages({ model, split: whole, onBroken, ...tools }, async (images, usable) => {
      const evaluated = await evaluate({ model, split: usable, images, protocol, top: topOf(protocol), ...tools });
      const { model: scored, ...report } = evaluated;
      return { report, split: usable, dataset: dataset.origin, scored: { model: scored } };
    });
  } finally {
    await model.close();
  }
}

/** Vectors need the annotations only: nothing is missing as long as every picture has a vector. */
async function scoreFiles(queryFile: string, galleryFile: string, task: Task): Promise<Evaluation> {
  const { flags, protocol, named, tools } = task;
  const read = await task.dataset.split(task.split, { onMissing: 'ignore', targets: targetsOf(protocol) });
  const split = { ...read, missing: [] };
  if (flags.queryIds !== undefined && split.triplets.every(({ id }) => id === undefined)) {
    const message = `The annotations of ${flags.dataset} have no ids to find queries by: leave out --query-ids, and give one row for each triplet, in order.`;
    throw new LimnError('USAGE', message);
  }
  const queries = await readVectorFile(named(queryFile), flags.queryIds && named(flags.queryIds));
  const gallery = await readVectorFile(named(galleryFile), flags.galleryIds && named(flags.galleryIds));
  if (!gallery.ids) {
    const message = `${named(galleryFile)} does not say which row is which image; give --gallery-ids, a .json list or one id on each line.`;
    throw new LimnError('USAGE', message);
  }
  // One file for several categories has their queries one category after another.
  const from = named(queryFile) === queryFile ? task.first : 0;
  const to = task.more && named(queryFile) === queryFile ? from + split.triplets.length : undefined;
  const report = await evaluateVectors({
    queries: rowsOfTriplets(queries, split.triplets, from, to),
    gallery: { ...gallery, ids: gallery.ids },
    split,
    protocol,
    top: topOf(protocol),
    ...tools,
  });
  const vectors = { queries: queries.hash, gallery: gallery.hash };
  return { report, split, dataset: task.dataset.origin, scored: { vectors } };
}
