/** The thread that gives inputs to one target: a value or an error that limn throws on purpose is right, everything else is a finding. */
import { parentPort, workerData } from 'node:worker_threads';
import { targets } from './targets.mjs';

const target = targets.find(({ name }) => name === workerData.target);
await target.prepare?.();

async function outcome(bytes) {
  try {
    await target.run(Buffer.from(bytes));
    return { accepted: true };
  } catch (error) {
    const meant = ['LimnError', 'HttpProblem'].includes(error?.name) || target.alsoThrows?.(error);
    return meant ? {} : { problem: `${error?.stack ?? error}`.split('\n').slice(0, 3).join(' | ') };
  }
}

parentPort.on('message', async ({ bytes, times = 1 }) => {
  let fastest = Number.POSITIVE_INFINITY;
  let found;
  for (let run = 0; run < times; run++) {
    const started = performance.now();
    found = await outcome(bytes);
    fastest = Math.min(fastest, performance.now() - started);
  }
  parentPort.postMessage({ ...found, milliseconds: fastest });
});
parentPort.postMessage('ready');
