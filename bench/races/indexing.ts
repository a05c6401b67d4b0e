/**
 * Indexing photographs against its two halves alone, in turns, each in a process of its own: the encoder (ONNX Runtime on tensors that are
 * ready, MobileNetV2 and then LIMN's own graph) and the decoder (sharp on files), each with all cores.
 *
 *     npm run bench -- indexing [-- --images FOLDER --pictures 512 --model RUN --store lancedb]
 *
 * Images are by default those of $LIMN_SHARED_DATA/product-photos; the model is by default one of random weights. Both halves want
 * all cores, so that indexing cannot reach either: 1 / (1 / encoder + 1 / decoder) is what it could at most. Results go to
 * bench/results/indexing.json.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { imagesIn } from '../lib/images.js';
import { sharedData } from '../lib/paths.js';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { type Side, startNode, takeTurns } from '../lib/sides.js';
import { saveUntrainedModel } from '../lib/untrained-model.js';
import type { IndexingSideOptions } from '../workers/indexing-side.js';

const { values: flags } = parseArgs({
  options: {
    images: { type: 'string', default: join(sharedData, 'product-photos') },
    pictures: { type: 'string', default: '512' },
    model: { type: 'string' },
    store: { type: 'string', default: 'lancedb' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
  },
});
const [threads, rounds] = [Number(flags.threads), Number(flags.rounds)];
const folder = await mkdtemp(join(tmpdir(), 'limn-bench-indexing-'));
try {
  const model = flags.model ?? join(folder, 'model');
  if (!flags.model) await saveUntrainedModel(model);
  const files = await imagesIn(flags.images, Number(flags.pictures));
  const options = { model, images: flags.images, files, threads, store: flags.store, folder };
  const names = ['indexing', 'encoder', 'decoder'] as const;
  const sides: Side[] = [];
  for (const side of names) {
    sides.push(await startNode(side, 'indexing-side', { ...options, side } satisfies IndexingSideOptions));
  }
  const results = await takeTurns(sides, { rounds, steps: 1, warmup: 1 });
  const perSecond = results.map(({ milliseconds }) => Number(((1000 * files.length) / milliseconds.median).toFixed(1)));
  const [indexing, encoder, decoder] = perSecond as [number, number, number];
  const bound = 1 / (1 / encoder + 1 / decoder);
  console.table(
    names.map((side, i) => ({
      side,
      'images/s': perSecond[i],
      'median ms for all': results[i]!.milliseconds.median,
      'quartiles ms': results[i]!.milliseconds.quartiles.join(' - '),
      'cpu ms an image': Number((results[i]!.cpuMilliseconds / files.length).toFixed(2)),
      'peak MiB': results[i]!.peakMiB,
    })),
  );
  const ratios = {
    toLower: Number((indexing / Math.min(encoder, decoder)).toFixed(3)),
    toBound: Number((indexing / bound).toFixed(3)),
  };
  console.log(
    `indexing reaches ${ratios.toLower} of the slower half alone, and ${ratios.toBound} of what both on the same cores can (${bound.toFixed(1)}/s)`,
  );
  await saveResult('indexing', {
    options: { pictures: files.length, threads, store: flags.store, trained: flags.model !== undefined },
    ratios,
    picturesPerSecond: { indexing, encoder, decoder, bound: Number(bound.toFixed(1)) },
    sides: Object.fromEntries(names.map((name, i) => [name, results[i]])),
  });
} catch (error) {
  reportFailure(error);
} finally {
  await rm(folder, { recursive: true });
}
