/** How long reading takes that only reads: libc's search for a byte that is not there, by threads that each have a part of the memory. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { answerSteps } from './answer-steps.js';
import { givenOptions } from './options.js';

if (isMainThread) {
  const { count, width, threads } = givenOptions<{ count: number; width: number; threads: number }>();
  const part = Math.ceil((4 * count * width) / threads);
  const workers = Array.from({ length: threads }, () => {
    // Written once, because pages that never were are all the same one.
    const memory = new SharedArrayBuffer(part);
    Buffer.from(memory).fill(1);
    return new Worker(new URL(import.meta.url), { workerData: memory });
  });
  const pass = (worker: Worker) =>
    new Promise((resolve) => {
      worker.once('message', resolve);
      worker.postMessage('read');
    });
  await answerSteps({}, () => Promise.all(workers.map(pass)));
  for (const worker of workers) await worker.terminate();
} else {
  const bytes = Buffer.from(workerData as SharedArrayBuffer);
  parentPort!.on('message', () => parentPort!.postMessage(bytes.indexOf(2)));
}
