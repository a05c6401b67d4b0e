/** The other end of sides.ts: each line on stdin asks for steps, and a line on stdout tells how long they took. */
import { createInterface } from 'node:readline';
import { peakBytes } from '../lib/peak-memory.js';
import type { Ready } from '../lib/sides.js';
import type { Checked } from '../lib/step-race.js';

export interface AnswerOptions {
  /** Steps that `step` does at once. @default 1 */
  stepsPerCall?: number;
  /** Answers a request of so many checked steps, see step-race.ts. */
  check?: (steps: number) => Promise<Checked>;
}

/**
 * @param ready what to say first
 * @param step does what is measured; told the number of the call
 */
export async function answerSteps(
  ready: Ready,
  step: (call: number) => Promise<unknown>,
  { stepsPerCall = 1, check }: AnswerOptions = {},
): Promise<void> {
  const tell = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);
  tell(ready);
  let calls = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const request: { steps: number; check?: number } = JSON.parse(line);
    if (request.check && check) {
      tell(await check(request.check));
      continue;
    }
    const times: number[] = [];
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
