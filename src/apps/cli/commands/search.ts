/** limn search */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { LimnError } from '../../../core/errors.js';
import { writeFileAtomic } from '../../../core/files.js';
import { oneLine } from '../../../core/text.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { Gallery } from '../../../search/gallery/gallery.js';
import { searchSettings } from '../../../search/gallery/search/search-settings.js';
import type { SearchRequest } from '../../../search/gallery/search-types.js';
import { filterHints } from '../filter-hints.js';
import { findImage, shownReferences } from '../gallery-references.js';
import { computingCommand, numberListOption, repeatableOption, required } from '../options.js';
import { resultsPage } from '../results-page.js';
import { settingOption } from '../setting-option.js';
import { shownFields } from '../shown-fields.js';
import { nameOf, type ShownHit, shownHits } from '../shown-hits.js';

interface SearchFlags {
  gallery?: string;
  model?: string;
  images?: string;
  image?: string[];
  text?: string[];
  negative?: string[];
  negativeWeight?: number;
  filter?: string;
  show?: string;
  k?: number;
  offset?: number;
  weights?: number[];
  includeReference?: boolean;
  explain?: boolean;
  json?: boolean;
  html?: string;
}

export function searchCommand(): Command {
  return computingCommand('search', 'Find the picture you mean: a reference picture, changed as a sentence says.')
    .option('--gallery <location>', 'a gallery made by "limn index"')
    .option('--model <folder>', "the gallery's model, if it has moved")
    .option('--images <folder>', "where the gallery's images are, if they moved")
    .addOption(repeatableOption('--image <file>', 'the reference image: a file, or an id of the gallery'))
    .addOption(repeatableOption('--text <words>', 'what to change, e.g. "in red and with short sleeves"'))
    .addOption(
      repeatableOption('--negative <file>', 'an image that the hits are not to resemble: a file, or an id of the gallery'),
    )
    .addOption(settingOption('--negative-weight <number>', searchSettings.shape.negativeWeight))
    .option('--filter <condition>', 'a condition on the metadata, e.g. "colour = \'red\' and price < 50"')
    .option('--show <fields>', 'fields of the metadata to show of each hit, e.g. price,brand')
    .addOption(settingOption('-k <count>', searchSettings.shape.k))
    .addOption(settingOption('--offset <count>', searchSettings.shape.offset))
    .addOption(numberListOption('--weights <list>', 'the weight of each factor, e.g. 1,0,0.5,... (default: 1/K each)'))
    .option('--include-reference', 'keep the reference image and copies of it among the hits')
    .option('--explain', 'say what each factor adds; with --html, show where it looks')
    .option('--json', 'print the hits as JSON')
    .option('--html <file>', "write a page with the images and each factor's share of the score")
    .action(runSearch);
}

async function runSearch(flags: SearchFlags): Promise<void> {
  const location = required(flags.gallery, '--gallery', 'search', 'Make one with "limn index".');
  const model = flags.model === undefined ? undefined : await RetrievalModel.open(flags.model);
  if (flags.images !== undefined && !existsSync(flags.images)) {
    throw new LimnError('USAGE', `The folder ${flags.images} of --images does not exist. Check the path.`);
  }
  const gallery = await Gallery.open(location, { model, images: flags.images });
  try {
    const missing = await gallery.missingImages();
    if (missing !== undefined) process.stderr.write(`${missing}\n`);
    const { image = [], text = [], negative = [], k, offset, weights, filter, negativeWeight } = flags;
    const show = await shownFields(gallery, flags.show, (note) => process.stderr.write(`${note}\n`));
    const find = (values: readonly string[]) => Promise.all(values.map((value) => findImage(gallery, value)));
    const [references, negatives] = [await find(image), await find(negative)];
    const request: SearchRequest = {
      references: references.map(({ reference }) => reference),
      texts: text,
      negatives: negatives.map(({ reference }) => reference),
      negativeWeight,
      k,
      offset,
      weights,
      filter,
      excludeReferences: !flags.includeReference,
    };
    const answer = await gallery.search(request);
    const notes = await gallery.notesOn(request, answer);
    for (const note of notes) process.stderr.write(`${note}\n`);
    const { filters } = await gallery.suggest({ said: text, count: 0 });
    for (const hint of filterHints(filters, filter)) process.stderr.write(`${hint}\n`);
    const hits = await shownHits(gallery, answer.hits, { images: flags.html !== undefined });
    if (flags.explain) for (const hit of hits) hit.explanation = await gallery.explain(request, hit.id);
    if (flags.html) {
      const searches = [{ ...(await shownReferences(gallery, references)), text: text.join(' and '), hits }];
      const [title, size] = [`The ${hits.length} nearest pictures`, await gallery.count()];
      await writeFileAtomic(flags.html, await resultsPage({ title, gallery: location, size, searches, show }));
      process.stderr.write(`Wrote ${flags.html}\n`);
    }
    if (flags.json) {
      const shown = hits.map(({ image, ...hit }) => hit);
      process.stdout.write(
        `${JSON.stringify({ gallery: location, image, text, hits: shown, next: answer.next, ...(notes.length > 0 ? { notes } : {}), ...(filters.length > 0 ? { filters } : {}) }, undefined, 2)}\n`,
      );
    } else for (const hit of hits) process.stdout.write(lineOf(hit, show));
  } finally {
    await gallery.close();
    await model?.close();
  }
}

/** Rank, score, the title and the chosen fields where there are any, and where the image is. */
function lineOf({ id, rank, score, path, metadata, explanation }: ShownHit, show: readonly string[]): string {
  const name = nameOf({ id, metadata });
  const said = [...(name === id ? [] : [name]), ...show.map((field) => `${field} ${metadata[field] ?? 'unknown'}`)].join(', ');
  const line = `${String(rank).padStart(3)}  ${score.toFixed(4)}  ${[...(said === '' ? [] : [oneLine(said)]), path].join('  ')}\n`;
  if (!explanation || explanation.factors.length === 0) return line;
  const shares = [...explanation.factors]
    .sort((a, b) => b.share - a.share)
    .map(({ name, share }) => `${name} ${share.toFixed(3)}`);
  return `${line}     ${shares.join(', ')}\n`;
}
