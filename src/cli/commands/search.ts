/** limn search */
import type { Command } from 'commander';
import { writeFileAtomic } from '../../core/files.js';
import { Gallery } from '../../gallery/gallery.js';
import { LimnModel } from '../../models/limn-model.js';
import { newCommand, numberListOption, numberOption, required } from '../options.js';
import { resultsPage } from '../results-page.js';

interface SearchFlags {
  gallery?: string;
  model?: string;
  image?: string;
  text?: string;
  k?: number;
  weights?: number[];
  includeReference?: boolean;
  json?: boolean;
  html?: string;
}

export function searchCommand(): Command {
  return newCommand('search', 'Find the picture you mean: a reference picture, changed as a sentence says.')
    .option('--gallery <folder>', 'made by "limn index"')
    .option('--model <folder>', "the gallery's model, where it is no longer at its old place")
    .option('--image <file>', 'the reference picture')
    .option('--text <words>', 'what to change, e.g. "in red and with short sleeves"')
    .addOption(numberOption('-k <count>', 'how many hits (default: 10)', { least: 1, whole: true }))
    .addOption(numberListOption('--weights <list>', 'the weight of each factor, e.g. 1,0,0.5,... (default: 1/K each)'))
    .option('--include-reference', 'keep copies of the reference picture among the hits')
    .option('--json', 'print the hits as JSON')
    .option('--html <file>', "write a page with the pictures and each factor's share of the score")
    .action(runSearch);
}

async function runSearch(flags: SearchFlags): Promise<void> {
  const folder = required(flags.gallery, '--gallery', 'search', 'Make one with "limn index".');
  const model = flags.model === undefined ? undefined : await LimnModel.open(flags.model);
  const gallery = await Gallery.open(folder, { model });
  try {
    const { sees } = gallery.model;
    const image = sees.picture ? required(flags.image, '--image', 'search') : flags.image;
    const text = sees.text ? required(flags.text, '--text', 'search') : flags.text;
    const { k, weights } = flags;
    const hits = await gallery.search({ image, text, k, weights, excludeReference: !flags.includeReference });
    if (flags.html) {
      const searches = [{ reference: image, text: text ?? '', hits }];
      await writeFileAtomic(
        flags.html,
        await resultsPage({ title: `The ${hits.length} nearest pictures`, gallery: folder, size: gallery.size, searches }),
      );
      process.stderr.write(`Wrote ${flags.html}\n`);
    }
    if (flags.json) process.stdout.write(`${JSON.stringify({ gallery: folder, image, text, hits }, undefined, 2)}\n`);
    else
      for (const { rank, score, path } of hits)
        process.stdout.write(`${String(rank).padStart(3)}  ${score.toFixed(4)}  ${path}\n`);
  } finally {
    await gallery.close();
    await model?.close();
  }
}
