/** Which rows and references of a batch are no negatives of each other, against the definition. */
import { describe, expect, it } from 'vitest';
import { tensor } from '../../engine/tensor/tensor.js';
import { Vocabulary } from '../../models/encoders/text/vocabulary.js';
import { modelConfig } from '../../models/methods/model-config.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import { wordSource } from '../../models/retrieval/text-source.js';
import type { Split, Triplet } from '../data/triplets.js';
import { trainingSettings } from './settings.js';
import { TripletBatches } from './triplet-batches.js';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
/** Row 2 wants the reference of row 0, row 3 its own reference, rows 0 and 4 the same picture. */
const pairs: [string, string][] = [
  ['a', 'b'],
  ['c', 'd'],
  ['d', 'a'],
  ['e', 'e'],
  ['f', 'b'],
  ['b', 'f'],
];
const vocabulary = Vocabulary.build(['in red']);
const image = { kind: 'captions', words: 2 } as const;

/** Pictures whose captions are their rows. */
const images: ImageFeatures = {
  config: image,
  ids,
  broken: [],
  rowOf: (id) => ids.indexOf(id),
  feeds: (rows, { prefix = '' } = {}) => {
    const words = BigInt64Array.from({ length: rows.length * 2 }, (_, i) => BigInt(rows[Math.floor(i / 2)] as number));
    return { [`${prefix}caption`]: tensor('int64', [rows.length, 2], words) };
  },
  statistics: () => ({}),
  close: async () => {},
};

function batches(changes: { method?: string; referenceNegatives?: boolean }, labels: Record<string, string> = {}) {
  const triplets = pairs.map(
    ([reference, target]): Triplet => ({ reference, targets: [target], text: 'in red', captions: ['in red'], source: '' }),
  );
  const listed = ids.map((id) => ({ id, path: id, ...(labels[id] ? { label: labels[id] } : {}) }));
  const split: Split = { name: 'train', images: listed, triplets, missing: [] };
  const config = modelConfig.parse({ vocabularySize: vocabulary.size, image, ...changes });
  const settings = trainingSettings.parse({ batchSize: pairs.length });
  const texts = wordSource(vocabulary, 2);
  return new TripletBatches({ split, images, texts, vocabulary, config, settings, seed: 1 });
}

const size = pairs.length;
const steps = { step: 0, count: 2, masks: [], isStacked: true };

/** What the pairs of rows of both steps must be, from the pictures that were fed. */
function expected(feeds: ReturnType<TripletBatches['feeds']>, labels: Record<string, string> = {}) {
  const rowsOf = (side: string) =>
    Array.from(feeds[`${side}.caption`]!.data as BigInt64Array, Number).filter((_, i) => i % 2 === 0);
  const label = (row: number) => labels[ids[row] as string] ?? row;
  const [references, targets] = [rowsOf('reference').map(label), rowsOf('target').map(label)];
  const each = (relation: (i: number, j: number) => boolean) =>
    Array.from({ length: 2 * size * size }, (_, at) => {
      const i = Math.floor(at / size);
      return Number(relation(i, Math.floor(i / size) * size + (at % size)));
    });
  return {
    sameTarget: each((i, j) => i !== j && targets[i] === targets[j]),
    referenceAnswers: each((i, j) => targets[i] === references[j]),
  };
}

describe('the pairs of a batch that are no negatives', () => {
  it.each([[{}], [{ a: 'shirt', d: 'shirt', f: 'dress', e: 'dress' }]])('are those of equal answers, labels %j', (labels) => {
    const feeds = batches({ referenceNegatives: true }, labels).feeds(steps);
    const wanted = expected(feeds, labels);
    expect(wanted.referenceAnswers.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(2 * 5);
    for (const name of ['sameTarget', 'referenceAnswers'] as const) {
      expect(feeds[name]?.shape).toEqual([2, size, size]);
      expect(Array.from(feeds[name]!.data as Float32Array), name).toEqual(wanted[name]);
    }
  });

  it('are said of references only where they are negatives, and a method that sees no picture is then fed them', () => {
    expect(Object.keys(batches({ method: 'text-only' }).feeds(steps)).sort()).toEqual(['sameTarget', 'target.caption', 'words']);
    const fed = Object.keys(batches({ method: 'text-only', referenceNegatives: true }).feeds(steps)).sort();
    expect(fed).toEqual(['reference.caption', 'referenceAnswers', 'sameTarget', 'target.caption', 'words']);
  });
});
