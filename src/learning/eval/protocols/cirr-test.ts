/**
 * CIRR's test split, whose targets only its test server knows (github.com/Cuberick-Orion/CIRR, Test-split_server.md): ranks the
 * gallery and the img_set of each query, and gives the two files that the server takes.
 */
import { join } from 'node:path';
import { LimnError } from '../../../core/errors.js';
import { writeFileAtomic } from '../../../core/files.js';
import type { Split } from '../../data/triplets.js';
import { allImages, defineProtocol, type Rankings } from './protocol.js';

export const cirrTest = defineProtocol({
  id: 'cirr-test',
  description:
    'the two files for the CIRR test server: the best 50 of all pictures, the best 3 of the img_set; the reference is removed',
  datasets: ['cirr'],
  split: 'test',
  ks: [],
  excludeReference: true,
  gallery: allImages,
  subset: true,
});

/** How many pictures the server takes for a query. */
export const submissionDepth = { recall: 50, recall_subset: 3 } as const;

/**
 * The texts of the two submission files, by file name.
 *
 * @throws LimnError DATA for a triplet without a pairid, or a pairid that two triplets have
 */
export function cirrSubmission(split: Split, rankings: Rankings): Record<string, string> {
  const ids = split.triplets.map(({ id, source }) => {
    if (id !== undefined) return id;
    throw new LimnError('DATA', `${source} has no pairid, which the CIRR test server asks for; use CIRR's own annotation file.`);
  });
  const positions = new Map(ids.map((id, row) => [id, row]));
  const twice = ids.find((id, row) => positions.get(id) !== row);
  if (twice !== undefined) {
    throw new LimnError('DATA', `The pairid ${twice} is in the split twice, and a submission has each once; remove one.`);
  }
  // Written by hand, because an object would put the numeric pairids before "version" and "metric".
  const file = (metric: keyof typeof submissionDepth, lists: readonly (readonly string[])[]) => {
    const rows = ids.map((id, row) => [id, (lists[row] as readonly string[]).slice(0, submissionDepth[metric])]);
    const entries = [['version', 'rc2'], ['metric', metric], ...rows];
    return `{${entries.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(', ')}}\n`;
  };
  return {
    'recall.json': file('recall', rankings.gallery),
    'recall_subset.json': file('recall_subset', rankings.subset),
  };
}

/** Writes both files into a folder. @returns their paths. @throws LimnError DATA as {@link cirrSubmission}, IO */
export async function writeCirrSubmission(folder: string, split: Split, rankings: Rankings): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, text] of Object.entries(cirrSubmission(split, rankings))) {
    const path = join(folder, name);
    await writeFileAtomic(path, text);
    paths.push(path);
  }
  return paths;
}
