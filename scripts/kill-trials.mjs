/**
 * Kills limn at random moments and looks at what is left: node --import tsx scripts/kill-trials.mjs [--kills 40] [--seed 1] [--only NAME]
 *
 * Each scenario runs once without a kill, for its result and its time. Then it is begun anew, killed (SIGKILL) up to three times at random
 * moments, gone on with after each, and run to its end; the result must be that of the run without a kill, and nothing may lie in its
 * folders that does not lie there without one. Needs "npm run build".
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../src/core/random.ts';
import { generateWardrobe } from '../src/learning/data/wardrobe/generate.ts';
import { drawPicture } from '../src/search/gallery/testing/tiny-gallery.ts';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.ts';
import { openStore } from '../src/search/store/open-store.ts';
import { startPg } from '../src/search/store/testing/pg-server.ts';

const { values: flags } = parseArgs({
  options: {
    kills: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const program = resolve(import.meta.dirname, '../dist/apps/cli/main.js');
const root = await mkdtemp(join(tmpdir(), 'limn-kills-'));
const at = (...parts) => join(root, ...parts);
const environment = { ...process.env, LIMN_HOME: at('home'), LIMN_THREADS: '1' };

function start(words) {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let error = '';
  child.stderr.on('data', (chunk) => {
    error += chunk;
  });
  return { child, ended: once(child, 'close').then(([code, signal]) => ({ code, signal, error })) };
}

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

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .sort();
}

/** Items and rounded vectors of a gallery. */
async function contentOf(location) {
  const store = await openStore(location);
  const items = await store.list({ limit: 1000 });
  const vectors = await store.vectors(items.map(({ id }) => id));
  const count = await store.count();
  await store.close();
  const rounded = vectors.map(({ matching }) => Array.from(matching, (value) => value.toFixed(3).replace('-0.000', '0.000')));
  return [JSON.stringify({ count, items, rounded })];
}

await generateWardrobe({ directory: at('wardrobe'), pictures: 90, seed: 3, size: 32 });
await saveTinyModel(at('model'));
mkdirSync(at('pictures'));
for (let i = 0; i < 60; i++) await drawPicture(at('pictures', `p${String(i).padStart(2, '0')}.jpg`), i);
const pg = flags.only && !flags.only.includes('PostgreSQL') ? undefined : await startPg();

const small = ['--data', 'wardrobe', '--category', 'wardrobe', '--width', '16', '--heads', '2', '--factors', '2'];
const tiny = [...small, '--layers', '1', '--picture-size', '16', '--patch-layers', '1', '--batch-size', '16', '--epochs', '2'];
const training = ['train', ...tiny, '--config', 'training.json'];
const { writeFile } = await import('node:fs/promises');
await writeFile(at('training.json'), JSON.stringify({ train: { training: { checkpointSeconds: 0.05 } } }));

const indexing = (location) => (name) => ['index', '--model', 'model', '--images', 'pictures', '--store', location(name)];
const scenarios = [
  {
    name: 'train',
    words: (name) => [...training, '--out', name],
    goOn: ['--resume'],
    result: (name) => hashes(at(name, 'model', 'weights.safetensors'), at(name, 'model', 'config.json')),
    folder: (name) => at(name),
  },
  {
    name: 'index, memory',
    words: indexing((name) => `memory:${name}`),
    goOn: [],
    result: (name) => contentOf(`memory:${at(name)}`),
    folder: (name) => at(name),
  },
  {
    name: 'index, LanceDB',
    words: indexing((name) => `lancedb:${name}`),
    goOn: [],
    result: (name) => contentOf(`lancedb:${at(name)}`),
    folder: () => at('home'),
  },
  {
    name: 'index, PostgreSQL',
    words: indexing((name) => pg.location(name.replace(/\W/g, ''))),
    goOn: [],
    result: (name) => contentOf(pg.location(name.replace(/\W/g, ''))),
    folder: () => at('home'),
  },
].filter(({ name }) => !flags.only || name.includes(flags.only));

const rows = [];
for (const { name, words, goOn, result, folder } of scenarios) {
  const random = Random.derive(Number(flags.seed), name);
  const begun = performance.now();
  const whole = await start(words('whole')).ended;
  if (whole.code !== 0) throw new Error(`${name}: ${whole.error}`);
  const time = performance.now() - begun;
  const wanted = await result('whole');
  // Compacted logs have numbers of their own.
  const shape = (files) => files.map((file) => file.replace(/items-\d+/, 'items-N')).join('\n');
  const files = shape(await filesIn(folder('whole')));
  const row = { scenario: name, kills: 0, runs: 0, lost: 0, refused: 0, leftovers: 0 };
  for (let trial = 0; row.kills < Number(flags.kills) && trial < 3 * Number(flags.kills); trial++) {
    const out = `trial-${trial}`;
    const begins = async () => (await filesIn(at(out))).includes('/config.json');
    for (let kill = 0; kill < 3 && row.kills < Number(flags.kills); kill++) {
      const running = start([...words(out), ...((await begins()) ? goOn : [])]);
      const timer = setTimeout(() => running.child.kill('SIGKILL'), time * (0.15 + 0.85 * random.uniform()));
      const { signal, code, error } = await running.ended;
      clearTimeout(timer);
      if (signal === 'SIGKILL') row.kills++;
      else if (code !== 0) {
        row.refused++;
        console.error(`${name}, ${out}: ${error}`);
      } else break;
    }
    const last = await start([...words(out), ...((await begins()) ? goOn : [])]).ended;
    row.runs++;
    if (last.code !== 0) {
      row.refused++;
      console.error(`${name}, ${out}: ${last.error}`);
      continue;
    }
    if (JSON.stringify(await result(out)) !== JSON.stringify(wanted)) {
      row.lost++;
      console.error(`${name}, ${out}: another result`);
    }
    const left = shape(await filesIn(folder(out)));
    if (left !== files) {
      row.leftovers++;
      console.error(`${name}, ${out}: left over\n${left}\nand not\n${files}`);
    }
    await rm(at(out), { recursive: true, force: true });
  }
  await rm(at('whole'), { recursive: true, force: true });
  rows.push(row);
  console.log(JSON.stringify(row));
}
console.table(rows);
await pg?.close();
await rm(root, { recursive: true, force: true });
process.exit(rows.every(({ lost, refused, leftovers }) => lost + refused + leftovers === 0) ? 0 : 1);
