/** Kills `limn worker` processes while they do the jobs of a queue, and looks at the gallery that comes of it. */
import { setTimeout } from 'node:timers/promises';
import type { Random } from '../../src/core/random.js';
import { startRedis } from '../../src/core/redis/testing/redis-server.js';
import { openStore } from '../../src/search/store/open-store.js';
import { type KillReport, type OnKill, startLimn } from './kill-runs.js';

/**
 * @param location of the gallery called `name`
 * @param index words of "limn index" without the store
 * @param result what the gallery at a location holds, to be compared with that of a run without a queue
 */
export async function killWorkers(
  root: string,
  {
    location,
    index,
    result,
  }: { location: (name: string) => string; index: string[]; result: (location: string) => Promise<unknown> },
  kills: number,
  random: Random,
  onKill: OnKill,
): Promise<KillReport> {
  const report: KillReport = { kills: 0, runs: 0, problems: [] };
  const plain = location('plain');
  const whole = await startLimn(root, [...index, '--store', plain]).ended;
  if (whole.code !== 0) throw new Error(whole.error);
  const wanted = JSON.stringify(await result(plain));
  const redis = await startRedis();
  const environment = { LIMN_QUEUE: redis.url };
  try {
    for (let trial = 0; report.kills < kills; trial++) {
      const gallery = location(`queued${trial}`);
      const indexing = startLimn(root, [...index, '--store', gallery, '--job-size', '2'], environment);
      const work = () => startLimn(root, ['worker', '--gallery', gallery, '--stalled-after', '1'], environment);
      while (!indexing.error().includes('queued') && indexing.child.exitCode === null) await setTimeout(20);
      for (let kill = 0; kill < 3 && report.kills < kills && indexing.child.exitCode === null; kill++) {
        const before = await countOf(gallery);
        const worker = work();
        while ((await countOf(gallery)) === before && indexing.child.exitCode === null) await setTimeout(10);
        await setTimeout(random.below(150));
        worker.child.kill('SIGKILL');
        if ((await worker.ended).signal === 'SIGKILL')
          onKill(++report.kills, `a worker of trial ${trial}, ${before} items or more there`);
      }
      const last = work();
      const { code, error } = await indexing.ended;
      last.child.kill('SIGTERM');
      if ((await last.ended).code !== 0) report.problems.push(`the last worker of trial ${trial}: ${last.error()}`);
      report.runs++;
      if (code !== 0) report.problems.push(`trial ${trial} was refused: ${error}`);
      else if (JSON.stringify(await result(gallery)) !== wanted) report.problems.push(`trial ${trial} has another result`);
    }
  } finally {
    await redis.close();
  }
  return report;
}

async function countOf(location: string): Promise<number> {
  const store = await openStore(location).catch(() => undefined);
  const count = (await store?.count().catch(() => 0)) ?? 0;
  await store?.close();
  return count;
}
