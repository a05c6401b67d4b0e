/**
 * Indexing photographs against its two halves alone, in turns, each in a process of its own: the encoder (ONNX Runtime on tensors that are
 * ready, MobileNetV2 and then LIMN's own graph) and the decoder (sharp on files), each with all cores.
 *
 *     npm run bench -- indexing [-- --images FOLDER --pictures 512 --model RUN --store lancedb]
 *
 * Pictures are by default those of $LIMN_SHARED_DATA/product-photos; the model is by default one of random weights. Both halves want
 * all cores, so that indexing cannot reach either: 1 / (1 / encoder + 1 / decoder) is what it could at most. Results go to
 * bench/results/indexing.json.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { imagesIn } from './images.mjs';
import { saveResult } from './save-result.mjs';
import { startNode, takeTurns } from './sides.mjs';
import { saveUntrainedModel } from './untrained-model.mjs';

const { values: flags } = parseArgs({
  options: {
    images: { type: 'string', default: join(process.env.LIMN_SHARED_DATA ?? '../shared/data', 'product-photos') },
    pictures: { type: 'string', default: '512' },
    model: { type: 'string' },
    store: { type: 'string', default: 'lancedb' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
  },
});
const [threads, rounds, images] = [flags.threads, flags.rounds, flags.pictures].map(Number);
const folder = await mkdtemp(join(tmpdir(), 'limn-bench-indexing-'));
try {
  const model = flags.model ?? join(folder, 'model');
  if (!flags.model) await saveUntrainedModel(model);
  const files = await imagesIn(flags.images, images);
  const options = { model, images: flags.images, files, threads, store: flags.store, folder };
  const names = ['indexing', 'encoder', 'decoder'];
  const sides = [];
  for (const name of names) sides.push(await startNode(name, 'indexing-side.mjs', { ...options, side: name }));
  const results = await takeTurns(sides, { rounds, steps: 1, warmup: 1 });
  const perSecond = results.map(({ milliseconds }) => Number(((1000 * files.length) / milliseconds.median).toFixed(1)));
  const [indexing, encoder, decoder] = perSecond;
  const bound = 1 / (1 / encoder + 1 / decoder);
  console.table(
    names.map((side, i) => ({
      side,
      'pictures/s': perSecond[i],
      'median ms for all': results[i].milliseconds.median,
      'quartiles ms': results[i].milliseconds.quartiles.join(' - '),
      'cpu ms a picture': Number((results[i].cpuMilliseconds / files.length).toFixed(2)),
      'peak MiB': results[i].peakMiB,
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
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
