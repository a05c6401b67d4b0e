/** Runs of an experiment through a real Redis, with workers in this process. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hasRedis, type RedisServer, startRedis, withoutRedis } from '../../../core/redis/testing/redis-server.js';
import { planRuns, resultsOf } from '../plan.js';
import { runExperiment } from '../run.js';
import { drawTinyDataset, openPatchEncoder, tinyExperiment } from '../testing/tiny-experiment.js';
import { jobOf, readJob, readOutcome } from './run-job.js';
import { RunQueue } from './run-queue.js';
import { runExperimentThroughQueue } from './run-through-queue.js';
import { runExperimentWorker } from './run-worker.js';

if (!hasRedis) console.warn(`The tests of queued experiments are skipped: ${withoutRedis}.`);

describe('what a queue holds', () => {
  it('is refused where another version of limn wrote it', () => {
    expect(() => readJob({ version: 2, run: 'limn/seed-1' })).toThrow('another version of limn');
    expect(() => readOutcome({ result: { format: 'limn-result-0' } })).toThrow('another version of limn');
  });
});

describe.skipIf(!hasRedis)('an experiment through a queue', () => {
  let work: string;
  let redis: RedisServer;
  const at = (name: string) => join(work, name);
  const tools = { openEncoder: openPatchEncoder, command: 'limn experiment run tiny.json' };

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'limn-queued-'));
    vi.stubEnv('LIMN_HOME', at('home'));
    await drawTinyDataset(work);
    redis = await startRedis();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await redis?.close();
    await rm(work, { recursive: true, force: true });
  });

  /** The experiment handed out, each test's under a name of its own. */
  function handOut(name: string, changes: object = {}, more: { signal?: AbortSignal; patience?: number; warn?: string[] } = {}) {
    const experiment = tinyExperiment(work, { name, ...changes });
    const runs = planRuns(experiment, at(name));
    const { warn = [], ...rest } = more;
    const logger = { info: () => {}, warn: (message: string) => warn.push(message) };
    const ended = runExperimentThroughQueue({ experiment, runs, queue: redis.url, logger, ...tools, ...rest });
    return { experiment, runs, ended };
  }

  /** A worker of it, until it is stopped. */
  function startWorker(name: string, out: string, changes: object = {}, more: object = {}) {
    const stop = new AbortController();
    const experiment = tinyExperiment(work, { name, ...changes });
    const options = { experiment, out: at(out), queue: redis.url, signal: stop.signal, ...tools, ...more };
    const trained = runExperimentWorker(options);
    const end = () => {
      stop.abort();
      return trained;
    };
    return { trained, end, stop };
  }

  const outcomes = async (runs: Parameters<typeof resultsOf>[0]) =>
    [...(await resultsOf(runs))].map(([id, { ranks, metrics, model, examples }]) => ({ id, ranks, metrics, model, examples }));

  it('gives the results of one process, from two workers', async () => {
    const { experiment, runs, ended } = handOut('shared');
    const workers = [startWorker('shared', 'machine-1'), startWorker('shared', 'machine-2')];
    expect(await ended).toEqual({ busy: [], failed: [] });
    const trained = await Promise.all(workers.map(({ end }) => end()));
    expect(trained[0]! + trained[1]!).toBe(4);

    const alone = planRuns(experiment, at('alone'));
    await runExperiment({ experiment, runs: alone, ...tools });
    expect(await outcomes(runs)).toEqual(await outcomes(alone));
    expect(await readFile(join(runs[0]!.folder, 'result.json'), 'utf8')).toContain('"command": "limn experiment run tiny.json"');
    // Everything was collected: the queue holds nothing, and the same command has nothing to wait for.
    const client = new Redis(redis.url);
    const left = await client.keys('limn:experiment-shared:run-*');
    client.disconnect();
    expect(left).toEqual([]);
    expect(await handOut('shared').ended).toEqual({ busy: [], failed: [] });
  });

  it('goes on where the producer, a worker or the memory of the queue was lost', async () => {
    const one = { seeds: [1], methods: [{ id: 'limn' }] };
    const producer = new AbortController();
    const first = handOut('lost', one, { signal: producer.signal });
    const interrupted = new AbortController();
    const onProgress = ({ stage }: { stage: string }) => {
      if (stage.endsWith('train')) interrupted.abort();
    };
    const leaving = startWorker('lost', 'lost-machine', one, { signal: interrupted.signal, onProgress });
    // It was interrupted in the middle of its run, and gave that back.
    expect(await leaving.trained).toBe(0);
    producer.abort();
    await expect(first.ended).rejects.toMatchObject({ code: 'INTERRUPTED', message: expect.stringMatching(/collects/) });

    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    const again = handOut('lost', one, { patience: 0 });
    const staying = startWorker('lost', 'lost-machine', one);
    expect(await again.ended).toEqual({ busy: [], failed: [] });
    expect(await staying.end()).toBe(1);
    expect((await outcomes(again.runs)).map(({ id }) => id)).toEqual(['limn/wardrobe/seed-1']);
  });

  it('queues a run again that the queue has forgotten', async () => {
    const one = { seeds: [1], methods: [{ id: 'one', model: { factors: 1 } }] };
    const { experiment, runs, ended } = handOut('forgotten', one, { patience: 0 });
    const queue = await RunQueue.open(redis.url, 'forgotten');
    const client = new Redis(redis.url);
    await expect.poll(() => client.keys('limn:experiment-forgotten:run-*')).toHaveLength(1);
    await client.flushall();
    await expect.poll(() => client.keys('limn:experiment-forgotten:run-*')).toHaveLength(1);
    client.disconnect();
    await queue.close();
    const worker = startWorker('forgotten', 'forgotten-machine', one);
    await ended;
    await worker.end();
    expect((await outcomes(runs)).length).toBe(experiment.seeds.length);
  });

  it('ends a worker that has another experiment or other data, and keeps the runs for others', async () => {
    const one = { seeds: [1], methods: [{ id: 'limn' }] };
    const { runs, ended } = handOut('strict', one);
    await expect(
      startWorker('strict', 'other-1', { ...one, training: { epochs: 3, batchSize: 16 } }).trained,
    ).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/limn\/wardrobe\/seed-1 has other settings there.*the same file/),
    });
    const other = { ...one, images: { encoder: 'patch', imageSize: 32, patchSize: 8, patchLayers: 0 } };
    await expect(startWorker('strict', 'other-2', other).trained).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/the data or the encoder of limn\/wardrobe\/seed-1 are not the same here/i),
    });
    const right = startWorker('strict', 'right', one);
    await ended;
    await right.end();
    expect((await outcomes(runs)).length).toBe(1);
  });

  it('reports a run that diverged, and gives it another chance when asked again', async () => {
    const wild = { seeds: [1], methods: [{ id: 'wild', training: { learningRate: 1e30, clipNorm: 1e30 } }] };
    const warn: string[] = [];
    const { ended } = handOut('wild', wild, { warn });
    const worker = startWorker('wild', 'wild-machine', wild);
    const { failed } = await ended;
    expect(failed).toMatchObject([
      { run: { id: 'wild/wardrobe/seed-1' }, reason: expect.stringMatching(/The loss became NaN at step 2/) },
    ]);
    expect(warn.at(-1)).toContain('1 of 1 (wild/wardrobe/seed-1)');
    expect((await handOut('wild', wild).ended).failed).toHaveLength(1);
    await worker.end();
  });

  it('refuses a result that is another run, and a folder with other settings', async () => {
    const one = { seeds: [1], methods: [{ id: 'limn' }] };
    const [run] = planRuns(tinyExperiment(work, { name: 'shared', ...one }), at('shared'));
    expect(jobOf(run!, 'a').hash).toEqual({ settings: run!.hash, data: 'a' });
    await expect(handOut('shared', { ...one, training: { epochs: 1, batchSize: 16 } }).ended).rejects.toMatchObject({
      code: 'CONFIG',
    });
    await writeFile(join(run!.folder, 'result.json'), '{}');
    await expect(handOut('shared', one).ended).rejects.toMatchObject({ code: 'DATA' });
  });
});
