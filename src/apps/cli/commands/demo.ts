/**
 * limn demo: the whole way in a few minutes, without any data. Draws the wardrobe, trains LIMN and two models that see one side
 * of the query only, compares them, indexes the pictures that none was trained on, and searches them three times.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { limnHome, sha256, writeFileAtomic } from '../../../core/files.js';
import { formatDuration } from '../../../core/progress.js';
import { readFashionIQ } from '../../../learning/data/fashioniq.js';
import { generateSyntheticFashion, metadataFile } from '../../../learning/data/synthetic-fashion/generate.js';
import type { Split } from '../../../learning/data/triplets.js';
import { type EvaluationReport, evaluate } from '../../../learning/eval/evaluate.js';
import { findProtocol } from '../../../learning/eval/protocols/index.js';
import { withSplitImages } from '../../../learning/eval/split-images.js';
import { train } from '../../../learning/train/train.js';
import { ImageEncoderRuntime } from '../../../models/retrieval/image-encoder-runtime.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { Gallery } from '../../../search/gallery/gallery.js';
import { openInBrowser } from '../browser.js';
import { type LongWork, runLong } from '../long-work.js';
import { computingCommand } from '../options.js';
import { resultsPage, type ShownSearch } from '../results-page.js';
import { serveUntilTold, servingSettings } from '../serving.js';
import { settingOption } from '../setting-option.js';
import { shownHits } from '../shown-hits.js';

// Sizes that end within 5 minutes on two cores.
const seed = 1;
const images = 2000;
const patchEncoder = { size: 48, patch: 8, layers: 1 };
const model = { width: 96, factors: 8, layers: 2, heads: 4, projection: 32, expansion: 2 };
const training = { batchSize: 128, learningRate: 1e-3 };
const protocolId = 'fashioniq-original-ref-excluded';
const hitsShown = 10;
const contestants = [
  { folder: 'limn', name: 'LIMN, picture and text', query: 'both', epochs: 10 },
  { folder: 'picture-only', name: 'picture only', query: 'picture', epochs: 10 },
  { folder: 'text-only', name: 'text only', query: 'text', epochs: 10 },
] as const;

type Contestant = (typeof contestants)[number];

export function demoCommand(): Command {
  return computingCommand('demo', 'Train, compare, index and search drawn pictures: no data needed.')
    .option('--out <folder>', 'where everything is kept; finished parts are used again (default: in LIMN_HOME)')
    .option('--serve', 'then serve a page to search the pictures with, until Ctrl-C')
    .addOption(settingOption('--port <number>', servingSettings.shape.port, { text: 'where to serve it' }))
    .action(runDemo);
}

async function runDemo(flags: { out?: string; serve?: boolean; port?: number }): Promise<void> {
  const started = performance.now();
  const recipe = JSON.stringify({ seed, pictures: images, patchEncoder, model, training, contestants });
  const out = flags.out ?? limnHome('demo', sha256(recipe).slice(0, 8));
  const { reports, page } = await runLong(async (tools) => {
    const { directory, category } = await generateSyntheticFashion({ directory: join(out, 'wardrobe'), images, seed, ...tools });
    const split = (name: 'train' | 'val') => readFashionIQ({ directory, category, split: name });
    const splits = { train: await split('train'), val: await split('val') };
    const reports: EvaluationReport[] = [];
    for (const contestant of contestants) reports.push(await compete(contestant, splits, out, tools));
    return { reports, page: await searchExamples(splits.val, directory, out, tools) };
  });
  const rows = reports.map(({ recall }, i) => {
    const percent = ['1', '10', '50'].map((k) => (recall[k] ?? 0).toFixed(1).padStart(7));
    return `${(contestants[i] as Contestant).name.padEnd(24)}${percent.join('')}`;
  });
  const { queries, gallery } = reports[0] as EvaluationReport;
  process.stdout.write(
    [
      `Wardrobe, protocol ${protocolId}: ${queries} queries, gallery of ${gallery} pictures`,
      `${'recall in percent'.padEnd(24)}${['R@1', 'R@10', 'R@50'].map((name) => name.padStart(7)).join('')}`,
      ...rows,
      `Three example searches: ${page}`,
      `Took ${formatDuration((performance.now() - started) / 1000)}.`,
      ...(flags.serve ? [] : ['Search them yourself: limn demo --serve']),
      '',
    ].join('\n'),
  );
  if (!flags.serve) return;
  await serveUntilTold(new Map([['wardrobe', join(out, 'gallery')]]), { port: flags.port, log: 'warn' }, (url) => {
    process.stdout.write(`The page: ${url} (Ctrl-C ends it)\n`);
    openInBrowser(url);
  });
}

/** Trains one model, unless an earlier demo did, and evaluates it. */
async function compete(
  contestant: Contestant,
  splits: { train: Split; val: Split },
  out: string,
  tools: LongWork,
): Promise<EvaluationReport> {
  const { folder, name, query, epochs } = contestant;
  const run = join(out, folder);
  // Written when the training has ended; until then the run is resumed.
  const marker = join(run, 'finished');
  const onProgress: LongWork['onProgress'] = (event) => tools.onProgress({ ...event, stage: `${name}: ${event.stage}` });
  const reader = ImageEncoderRuntime.patch(patchEncoder.size, patchEncoder.patch, patchEncoder.layers);
  if (!existsSync(marker)) {
    await train({
      ...splits,
      reader,
      out: run,
      dataset: { name: 'wardrobe', pictures: images, seed },
      model: { ...model, query },
      training: { ...training, epochs, protocol: protocolId },
      seed,
      resume: true,
      signal: tools.signal,
      onProgress,
    });
    await writeFileAtomic(marker, '');
  }
  const trained = await RetrievalModel.open(run);
  const protocol = findProtocol(protocolId);
  const { signal } = tools;
  try {
    return await withSplitImages({ model: trained, split: splits.val, reader, signal }, (images, split) =>
      evaluate({ model: trained, split, images, protocol, signal }),
    );
  } finally {
    await trained.close();
  }
}

/** Indexes the validation pictures, searches with three annotated queries, and writes the page. @returns its path */
async function searchExamples(val: Split, directory: string, out: string, { signal, onProgress }: LongWork): Promise<string> {
  const limn = await RetrievalModel.open(join(out, 'limn'));
  const images = join(directory, 'images');
  // With what a shop would know of them, for filters and for the names of the factors.
  const list = join(directory, metadataFile('val'));
  const gallery = await Gallery.create({
    model: limn,
    images,
    list,
    out: join(out, 'gallery'),
    replace: true,
    signal,
    onProgress,
  });
  try {
    const searches: ShownSearch[] = [];
    // Evenly spread over the split, so that nobody picked the ones that look good.
    for (const part of [1, 2, 3]) {
      const triplet = val.triplets[Math.floor((part * val.triplets.length) / 4)] as Split['triplets'][number];
      const pathOf = (id: string) => val.images.find((image) => image.id === id)?.path as string;
      const reference = pathOf(triplet.reference);
      const { hits } = await gallery.search({ references: [{ path: reference }], texts: [triplet.text], k: hitsShown });
      const wanted = triplet.targets.map((id) => pathOf(id).slice(images.length + 1));
      searches.push({ references: [reference], text: triplet.text, hits: await shownHits(gallery, hits), wanted });
    }
    const path = join(out, 'searches.html');
    const notes = ['three annotated queries, evenly spread over the validation data, none chosen by hand'];
    await writeFileAtomic(
      path,
      await resultsPage({
        title: 'Three searches in the wardrobe',
        gallery: 'the gallery',
        size: await gallery.count(),
        notes,
        searches,
      }),
    );
    return path;
  } finally {
    await gallery.close();
    await limn.close();
  }
}
