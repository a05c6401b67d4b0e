/** How the rows of a file of metadata fit the pictures of a list: which do, which do not, and what may be the reason. */
import { basename, extname } from 'node:path/posix';
import type { ItemMetadata } from '../../store/metadata.js';
import { type ImageList, type MetadataFit, withMetadata } from './image-list.js';

const mostExamples = 5;

/** A list with the metadata of a file, and how they fit. @param rows by id or path @param file what to call it */
export async function fitMetadata(list: ImageList, rows: ReadonlyMap<string, ItemMetadata>, file: string): Promise<ImageList> {
  const byId = new Set<string>();
  const byPath = new Set<string>();
  for await (const { id, location } of list.images()) {
    if (rows.has(id)) byId.add(id);
    if (rows.has(location)) byPath.add(location);
  }
  // A row that is about a picture by its id is not about another one that lies at a path of that name.
  const of = ({ id, location }: { id: string; location: string }) =>
    rows.get(id) ?? (byId.has(location) ? undefined : rows.get(location));
  const unmatched = [...rows.keys()].filter((key) => !byId.has(key) && !byPath.has(key));
  const matched = rows.size - unmatched.length;
  const reason = unmatched.length > 0 ? await likelyReason(list, unmatched) : undefined;
  const examples = unmatched.slice(0, mostExamples);
  const fit: MetadataFit = { rows: rows.size, matched, examples, ...(reason === undefined ? {} : { reason }) };
  const note = unmatched.length > 0 || rows.size === 0 ? [fitNote(fit, file)] : [];
  return { ...withMetadata(list, of), metadata: fit, notes: [...(list.notes ?? []), ...note] };
}

function fitNote({ rows, matched, examples, reason }: MetadataFit, file: string): string {
  const counts = `${file}: ${matched} of ${rows} rows fit an image`;
  if (rows === 0) return `${counts}, since the file has no rows.`;
  const shown = examples.map((example) => JSON.stringify(example.length > 80 ? `${example.slice(0, 80)}…` : example)).join(', ');
  const rest = rows - matched > examples.length ? ', ...' : '';
  const why = reason === undefined ? 'no id or path of an image is like them.' : `${reason}.`;
  return `${counts}; without one: ${shown}${rest}. ${why.charAt(0).toUpperCase()}${why.slice(1)}`;
}

/** Ways in which two names of one picture differ, and what undoes each. */
const differences: { says: (row: string, image: string) => string; undo(name: string): string }[] = [
  { says: () => 'their accents are encoded in another way (Unicode NFC and NFD)', undo: (name) => name.normalize('NFC') },
  { says: () => 'they have spaces at an end', undo: (name) => name.trim() },
  { says: () => 'they have backslashes in place of "/"', undo: (name) => name.replaceAll('\\', '/') },
  { says: () => 'they differ in case', undo: (name) => name.toLowerCase() },
  { says: folderDifference, undo: (name) => basename(name) || name },
  { says: endingDifference, undo: (name) => name.slice(0, name.length - extname(name).length) || name },
];

const undone = (name: string, without?: number) =>
  differences.reduce((text, { undo }, i) => (i === without ? text : undo(text)), name);

/** The most frequent difference between rows and the pictures that are like them. */
async function likelyReason(list: ImageList, rows: readonly string[]): Promise<string | undefined> {
  const byCore = new Map<string, string[]>();
  for (const row of rows) byCore.set(undone(row), [...(byCore.get(undone(row)) ?? []), row].slice(0, mostExamples));
  const counts = new Map<string, { count: number; example: string }>();
  for await (const { id, location } of list.images()) {
    for (const name of id === location ? [id] : [id, location]) {
      for (const row of byCore.get(undone(name)) ?? []) {
        // Only those that have to be undone to make the two one.
        const needed = differences.filter((_, i) => undone(row, i) !== undone(name, i));
        const says = needed.map(({ says }) => says(row, name)).join(' and ');
        if (says === '') continue;
        const known = counts.get(says);
        if (known) known.count++;
        else counts.set(says, { count: 1, example: `${JSON.stringify(row)} and ${JSON.stringify(name)}` });
      }
    }
  }
  const [found] = [...counts].sort(([, a], [, b]) => b.count - a.count);
  return found && `it may be that ${found[0]}: ${found[1].example}`;
}

function folderDifference(row: string, image: string): string {
  if (!row.includes('/') && image.includes('/')) return 'they lack the folder';
  if (row.includes('/') && !image.includes('/')) return 'they have a folder in front';
  return 'they have another folder in front';
}

function endingDifference(row: string, image: string): string {
  if (extname(row) === '') return `they have no extension (${extname(image)})`;
  return extname(image) === '' ? `they have an extension (${extname(row)})` : `they have another extension (${extname(row)})`;
}
