/** The other end of sides.mjs: each line on stdin asks for steps, and a line on stdout tells how long they took. */
import { createInterface } from 'node:readline';
import { peakBytes } from './peak-memory.mjs';

/**
 * @param ready what to say first
 * @param step does what is measured, `stepsPerCall` steps at once; told the number of the call
 * @param options.check answers a request of so many checked steps, see step-race.mjs
 */
export async function answerSteps(ready, step, { stepsPerCall = 1, check } = {}) {
  const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  tell(ready);
  let calls = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.check) {
      tell(await check(request.check));
      continue;
    }
    const times = [];
    const before = process.cpuUsage();
    for (let i = 0; i < request.steps; i += stepsPerCall) {
      const started = performance.now();
      await step(calls++);
      times.push((performance.now() - started) / stepsPerCall);
    }
    const { user, system } = process.cpuUsage(before);
    tell({ times, cpu: (user + system) / 1000, peakBytes: peakBytes() });
  }
}
