/**
 * Kills limn at random moments and looks at what is left: node --import tsx scripts/kill-trials.mjs [--kills 30] [--seed 1] [--only NAME]
 *
 * Commands (train, self-train, index): each runs once without a kill, for its result and its time. Then it is begun anew, killed (SIGKILL) up
 * to three times at random moments, gone on with after each, and run to its end; the result must be that of the run without a kill, and nothing
 * may lie in its folders that does not lie there without one. Servers are killed while clients write, and must have what they acknowledged;
 * workers are killed in the middle of jobs, and the gallery must be that of a run without a queue. Needs "npm run build".
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../src/core/random.ts';
import { generateSyntheticFashion } from '../src/learning/data/synthetic-fashion/generate.ts';
import { drawImage } from '../src/search/gallery/testing/tiny-gallery.ts';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.ts';
import { hasRedis } from '../src/search/queue/testing/redis-server.ts';
import { openStore } from '../src/search/store/open-store.ts';
import { startPg } from '../src/search/store/testing/pg-server.ts';
import { killRuns, startLimn } from '../test/support/kill-runs.ts';
import { killServe } from '../test/support/kill-serve.ts';
import { killWorkers } from '../test/support/kill-workers.ts';

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const kills = Number(flags.kills);
const root = await mkdtemp(join(tmpdir(), 'limn-kills-'));
const at = (...parts) => join(root, ...parts);

/** SHA-256 of files. */
async function hashes(...paths) {
  return Promise.all(
    paths.map(async (path) =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ),
  );
}

/** Items and rounded vectors of a gallery. */
async function contentOf(location) {
  const store = await openStore(location);
  const items = await store.list({ limit: 1000 });
  const vectors = await store.vectors(items.map(({ id }) => id));
  const count = await store.count();
  await store.close();
  const rounded = vectors.map(({ matching }) => Array.from(matching, (value) => value.toFixed(3).replace('-0.000', '0.000')));
  return { count, items, rounded };
}

await generateSyntheticFashion({ directory: at('wardrobe'), images: 90, seed: 3, size: 32 });
await saveTinyModel(at('model'));
mkdirSync(at('pictures'));
for (let i = 0; i < 60; i++) await drawImage(at('pictures', `p${String(i).padStart(2, '0')}.jpg`), i);
const pg = flags.only && !flags.only.includes('PostgreSQL') ? undefined : await startPg();

const small = ['--data', 'wardrobe', '--category', 'wardrobe', '--width', '16', '--heads', '2', '--factors', '2'];
const tiny = [...small, '--layers', '1', '--image-size', '16', '--patch-layers', '1', '--batch-size', '16', '--epochs', '2'];
await writeFile(at('training.json'), JSON.stringify({ train: { training: { checkpointSeconds: 0.05 } } }));

const model = { width: 16, heads: 2, layers: 1 };
const training = { epochs: 1, batchSize: 16, learningRate: 3e-3, checkpointSeconds: 0.05 };
const selfTraining = {
  rounds: 1,
  labels: 0.6,
  pairs: { reversed: 20, twoHop: 10, sharedReference: 5, sharedTarget: 5, neighbours: { count: 20, high: 1 } },
  judge: { rank: 40, margin: -2 },
  gallerySample: 30,
  others: 2,
  limn: { model: { ...model, factors: 2, projection: 8 }, training },
  captioner: { model, training },
};
await writeFile(at('plus.json'), JSON.stringify({ 'self-train': { selfTraining } }));
const plus = ['self-train', '--config', 'plus.json', '--data', 'wardrobe', '--category', 'wardrobe'];
const patches = ['--image-size', '32', '--patch-size', '16', '--patch-layers', '0'];

const index = ['index', '--model', 'model', '--images', 'pictures'];
const indexed = (location, folder) => ({
  words: (name) => [...index, '--store', location(name)],
  result: (name) => contentOf(location(name)),
  folder,
});
const command = (scenario) => (random) => killRuns(root, scenario, kills, random);

const scenarios = {
  train: command({
    words: (name) => ['train', ...tiny, '--config', 'training.json', '--out', name],
    goOn: ['--resume'],
    result: (name) => hashes(at(name, 'model', 'weights.safetensors'), at(name, 'model', 'config.json')),
    folder: (name) => at(name),
  }),
  'self-train': command({
    words: (name) => [...plus, ...patches, '--out', name],
    goOn: ['--resume'],
    result: (name) => hashes(at(name, 'limn', 'weights.safetensors'), at(name, 'captioner', 'weights.safetensors')),
    folder: (name) => at(name),
  }),
  'index, memory': command(
    indexed(
      (name) => `memory:${at(name)}`,
      (name) => at(name),
    ),
  ),
  'index, LanceDB': command(
    indexed(
      (name) => `lancedb:${at(name)}`,
      () => at('home'),
    ),
  ),
  'index, PostgreSQL': command(
    indexed(
      (name) => pg.location(name.replace(/\W/g, '')),
      () => at('home'),
    ),
  ),
  'serve, writes': async (random) => {
    mkdirSync(at('served'));
    for (const name of ['a.jpg', 'b.jpg']) await drawImage(at('served', name), name.charCodeAt(0));
    const location = `memory:${at('served-gallery')}`;
    const made = await startLimn(root, ['index', '--model', 'model', '--images', 'served', '--store', location]).ended;
    if (made.code !== 0) throw new Error(made.error);
    return killServe(root, { location, images: at('served') }, kills, random);
  },
  'queue workers': async (random) =>
    killWorkers(root, { location: (name) => `lancedb:${at(name)}`, index, result: contentOf }, kills, random),
};

const rows = [];
for (const [scenario, run] of Object.entries(scenarios)) {
  if (flags.only && !scenario.includes(flags.only)) continue;
  if (scenario === 'queue workers' && !hasRedis) {
    console.warn('queue workers: left out, redis-server is not installed');
    continue;
  }
  const { problems, ...counts } = await run(Random.derive(Number(flags.seed), scenario));
  for (const problem of problems) console.error(`${scenario}: ${problem}`);
  rows.push({ scenario, ...counts, problems: problems.length });
  console.log(JSON.stringify(rows.at(-1)));
}
console.table(rows);
await pg?.close();
await rm(root, { recursive: true, force: true });
process.exit(rows.every(({ problems }) => problems === 0) ? 0 : 1);
