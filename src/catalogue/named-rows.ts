/** A catalogue without a table: what the names of files and folders say of the images. */
import { join, posix } from 'node:path';
import { LimnError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import type { CatalogueRow } from '../learning/from-metadata/catalogue-row.js';
import { englishLexicon } from '../learning/from-metadata/english.js';
import { titleWords } from '../learning/from-metadata/titles.js';
import type { Catalogue } from './catalogue.js';

const lexicon = new Set(Object.values(englishLexicon).flatMap((values) => Object.values(values).flat()));

/**
 * Rows of an images folder: "red-dress/123.jpg" is a red dress, as is "red_dress_123.jpg". Folders of which the dictionary knows no word are kinds.
 *
 * @throws LimnError DATA where names say nothing
 */
export function namedRows(images: string, paths: readonly string[], most: number, random: Random): Catalogue {
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
  if (!asTitles && (kinds.size < 2 || kinds.size > named.length / 2)) {
    const shown = paths.slice(0, 3).join(', ');
    const message = `The names of the ${paths.length} images and of their folders do not describe them (${shown}), so nothing can be learned from them. Give a table of the products with --list, or sort the images into folders such as "red dress"; with a LIMN and a captioner that are trained already, "limn self-train --pool" learns without either.`;
    throw new LimnError('DATA', message, { details: { images } });
  }
  const rows = named.map(({ path, folders, name }): CatalogueRow => {
    const title = [...folders, name].filter(Boolean).join(' ');
    const values = asTitles ? { title } : { type: folders.at(-1) ?? '' };
    return { id: path, path: join(images, path), values };
  });
  const from = asTitles ? 'names of files and folders are read as titles' : `each of the ${kinds.size} folders counts as a type`;
  return {
    rows,
    imageColumn: undefined,
    counts: { rows: paths.length, matched: paths.length, images: paths.length },
    uniqueIds: false,
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
