/** A catalogue without a table: what the names of files and folders say of the images. */
import { join, posix } from 'node:path';
import { LimnError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import type { CatalogueRow } from '../learning/from-metadata/catalogue-row.js';
import { englishLexicon } from '../learning/from-metadata/english/lexicon.js';
import { titleWords } from '../learning/from-metadata/titles.js';
import type { Catalogue } from './catalogue.js';

const lexicon = new Set(Object.values(englishLexicon).flatMap((values) => Object.values(values).flat()));

/**
 * Rows of an images folder: "red-dress/123.jpg" is a red dress, as is "red_dress_123.jpg". Folders of which the dictionary knows no word are kinds.
 *
 * @param hasCaptioner whether images whose names say nothing can be described by other means
 * @throws LimnError DATA where names say nothing, and nothing else does
 */
export function namedRows(
  images: string,
  paths: readonly string[],
  { most, random, hasCaptioner }: { most: number; random: Random; hasCaptioner: boolean },
): Catalogue {
  const chosen =
    paths.length <= most
      ? [...paths]
      : random
          .shuffle([...paths])
          .slice(0, most)
          .sort();
  const named = chosen.map((path) => {
    const folders = posix.dirname(path) === '.' ? [] : posix.dirname(path).split('/');
    return { path, folders: folders.map(spoken), name: spoken(posix.basename(path).replace(/\.[^.]*$/, '')) };
  });
  const knows = (text: string) => titleWords(text).some((word) => lexicon.has(word));
  const described = named.filter(({ folders, name }) => [...folders, name].some(knows)).length;
  const kinds = new Set(named.map(({ folders }) => folders.at(-1) ?? ''));
  const asTitles = described >= named.length / 4;
  const isDescribed = asTitles || (kinds.size >= 2 && kinds.size <= named.length / 2);
  if (!isDescribed && !hasCaptioner) {
    const shown = paths.slice(0, 3).join(', ');
    const message = `The names of the ${paths.length} images and of their folders do not describe them (${shown}), so nothing can be learned from them. Give a table of the products with --list, or sort the images into folders such as "red dress"; a captioner that is trained already (--captioner) does without either, and so does "limn self-train --pool" with a trained LIMN as well.`;
    throw new LimnError('DATA', message, { details: { images } });
  }
  const rows = named.map(({ path, folders, name }): CatalogueRow => {
    const title = [...folders, name].filter(Boolean).join(' ');
    const values = asTitles ? { title } : isDescribed ? { type: folders.at(-1) ?? '' } : {};
    return { id: path, path: join(images, path), values };
  });
  const from = !isDescribed
    ? 'the captioner says what changes between images, whose names do not describe them'
    : asTitles
      ? 'names of files and folders are read as titles'
      : `each of the ${kinds.size} folders counts as a type`;
  return {
    rows,
    imageColumn: undefined,
    counts: { rows: paths.length, matched: paths.length, images: paths.length },
    uniqueIds: false,
    isDescribed,
    notes: [
      `There is no table: ${from}. Results are weaker than with a table of colours, types and titles.`,
      ...(paths.length > most ? [`${most} of ${paths.length} images are learned from, drawn by the seed.`] : []),
    ],
  };
}

/** A name as words, without numbers: "red-dress_12" is "red dress". */
function spoken(name: string): string {
  const words = name.replace(/\p{Ll}\p{Lu}/gu, (pair) => `${pair[0]} ${pair[1]}`).split(/[^\p{L}]+/u);
  const joined = words.filter(Boolean).join(' ').toLowerCase();
  // "t-shirt" is one word.
  return joined.replaceAll(/\bt shirt/g, 't-shirt');
}
