/** The other end of sides.mjs: each line on stdin asks for steps, and a line on stdout tells how long they took. */
import { createInterface } from 'node:readline';

/** @param ready what to say first @param step does one thing that is measured; told its number */
export async function answerSteps(ready, step) {
  const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  tell(ready);
  let done = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const { steps } = JSON.parse(line);
    const times = [];
    const before = process.cpuUsage();
    for (let i = 0; i < steps; i++) {
      const started = performance.now();
      await step(done++);
      times.push(performance.now() - started);
    }
    const { user, system } = process.cpuUsage(before);
    tell({ times, cpu: (user + system) / 1000, peakBytes: process.resourceUsage().maxRSS * 1024 });
  }
}
