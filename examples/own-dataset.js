/**
 * A dataset of one's own and the protocol that measures it, in one file.
 *
 *     pairs.json   [{ "split": "train", "from": "a.png", "to": "b.png", "says": "in red" }, ...]
 *     *.png        the images, beside it
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commonParts, defineDataset, defineProtocol } from 'limn';

const readPairs = async (directory) => JSON.parse(await readFile(join(directory, 'pairs.json'), 'utf8'));

const pairs = defineDataset({
  id: 'pairs',
  description: 'pairs of images with a sentence, in one JSON file',
  layout: 'pairs.json and the images',
  images: 'beside pairs.json',
  defaultProtocol: 'pairs-with-reference',
  splits: async (directory) => [...new Set((await readPairs(directory)).map(({ split }) => split))],
  async read({ directory, split }) {
    const rows = (await readPairs(directory)).filter((row) => row.split === split);
    const ids = [...new Set(rows.flatMap(({ from, to }) => [from, to]))];
    return {
      name: split,
      images: ids.map((id) => ({ id, path: join(directory, id) })),
      triplets: rows.map(({ from, to, says }, i) => ({
        reference: from,
        targets: [to],
        text: says,
        captions: [says],
        source: `pairs.json, row ${i + 1}`,
      })),
      missing: [],
    };
  },
});

const withReference = defineProtocol({
  ...commonParts,
  id: 'pairs-with-reference',
  description: 'gallery: all images of the split; the reference stays in it',
  datasets: ['pairs'],
  excludeReference: false,
  ks: [1, 5, 10],
  gallery: (split) => split.images.map(({ id }) => id),
});

export default [pairs, withReference];
