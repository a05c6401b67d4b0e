/**
 * Kills limn at random moments and looks at what is left: node --import tsx scripts/kill-trials.mjs [--kills 30] [--seed 1] [--only BEGINNING]
 *
 * Commands (train, self-train, index): each runs once without a kill, for its result and its time. Then it is begun anew, killed (SIGKILL) up
 * to three times at random moments, gone on with after each, and run to its end; the result must be that of the run without a kill, and nothing
 * may lie in its folders that does not lie there without one. Servers are killed while clients write, and must have what they acknowledged;
 * workers are killed in the middle of jobs, and the gallery must be that of a run without a queue. Needs "npm run build".
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../src/core/random.ts';
import { drawImage } from '../src/search/gallery/testing/tiny-gallery.ts';
import { hasRedis } from '../src/search/queue/testing/redis-server.ts';
import { startPg } from '../src/search/store/testing/pg-server.ts';
import { killRuns, startLimn } from '../test/support/kill-runs.ts';
import {
  contentOf,
  indexScenario,
  indexWords,
  prepareKills,
  selfTrainScenario,
  trainScenario,
} from '../test/support/kill-scenarios.ts';
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

await prepareKills(root);
const pg = flags.only && !'index, PostgreSQL'.startsWith(flags.only) ? undefined : await startPg();
const command = (scenario) => (random, onKill) => killRuns(root, scenario, kills, random, onKill);

const scenarios = {
  train: command(await trainScenario(root)),
  'self-train': command(await selfTrainScenario(root)),
  'index, memory': command(indexScenario((name) => `memory:${at(name)}`, at)),
  'index, LanceDB': command(
    indexScenario(
      (name) => `lancedb:${at(name)}`,
      () => at('home'),
    ),
  ),
  'index, PostgreSQL': command(
    indexScenario(
      (name) => pg.location(name.replace(/\W/g, '')),
      () => at('home'),
    ),
  ),
  'serve, writes': async (random, onKill) => {
    mkdirSync(at('served'));
    for (const name of ['a.jpg', 'b.jpg']) await drawImage(at('served', name), name.charCodeAt(0));
    const location = `memory:${at('served-gallery')}`;
    const made = await startLimn(root, ['index', '--model', 'model', '--images', 'served', '--store', location]).ended;
    if (made.code !== 0) throw new Error(made.error);
    return killServe(root, { location, images: at('served') }, kills, random, onKill);
  },
  'queue workers': async (random, onKill) =>
    killWorkers(root, { location: (name) => `lancedb:${at(name)}`, index: indexWords, result: contentOf }, kills, random, onKill),
};

const rows = [];
for (const [scenario, run] of Object.entries(scenarios)) {
  if (flags.only && !scenario.startsWith(flags.only)) continue;
  if (scenario === 'queue workers' && !hasRedis) {
    console.warn('queue workers: left out, redis-server is not installed');
    continue;
  }
  const { problems, ...counts } = await run(Random.derive(Number(flags.seed), scenario), (count, what) =>
    console.error(`${scenario}: kill ${count}: ${what}`),
  );
  for (const problem of problems) console.error(`${scenario}: ${problem}`);
  rows.push({ scenario, ...counts, problems: problems.length });
  console.log(JSON.stringify(rows.at(-1)));
}
console.table(rows);
await pg?.close();
await rm(root, { recursive: true, force: true });
process.exit(rows.every(({ problems }) => problems === 0) ? 0 : 1);
