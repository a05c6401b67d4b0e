/** Gives changed inputs to every parser of outside input, in a thread that is ended when it hangs. */
import { Worker } from 'node:worker_threads';
import { mutated, seeded, stretched } from './mutate.mjs';
import { targets } from './targets.mjs';

/** A thread with its memory bounded, so that an input that makes much of little ends it. */
class Runner {
  constructor(target) {
    this.target = target;
    this.start();
  }

  start() {
    const resourceLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 64 };
    const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: { target: this.target }, resourceLimits });
    worker.on('message', (answer) => this.settle?.(answer));
    worker.on('error', (error) => {
      if (worker === this.worker) this.settle?.({ problem: `ends the thread: ${error.message}`, dead: true });
    });
    this.worker = worker;
    this.ready = this.answer(60_000);
  }

  answer(patience) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settle({ problem: 'hangs', dead: true }), patience);
      this.settle = (answer) => {
        clearTimeout(timer);
        this.settle = undefined;
        resolve(answer);
      };
    });
  }

  async give(bytes, patience, times) {
    await this.ready;
    const answered = this.answer(patience);
    this.worker.postMessage({ bytes, times });
    const answer = await answered;
    if (answer.dead) {
      await this.worker.terminate();
      this.start();
    }
    return answer;
  }
}

/**
 * @param options.inputs how many in all @param options.patience milliseconds for one input, which is tried twice
 * @returns what was found, one a kind; how many inputs each target had, and how many of its right ones it took
 */
export async function fuzz({ inputs, seed, minutes = Number.POSITIVE_INFINITY, only, patience = 1_000, say = () => {} }) {
  const chosen = targets.filter(({ name }) => only === undefined || name === only);
  const until = Date.now() + minutes * 60_000;
  const found = new Map();
  const counts = {};
  const accepted = {};
  for (const [number, { name, seeds, cost = 1 }] of chosen.entries()) {
    const below = seeded(seed * 1_000 + number);
    const limit = cost > 1 ? 10 * patience : patience;
    const runner = new Runner(name);
    const note = (problem, bytes) => {
      const kind = `${name}: ${problem.replaceAll(/\d+/g, 'N')}`;
      if (found.has(kind)) return;
      found.set(kind, { target: name, problem, input: bytes.subarray(0, 4_000).toString('base64'), size: bytes.length });
      say(kind);
    };
    counts[name] = 0;
    accepted[name] = 0;
    for (let i = 0; i < Math.ceil(inputs / chosen.length / cost) && Date.now() < until; i++) {
      counts[name]++;
      if (i % 50 === 49) {
        const [short, long, longest] = stretched(seeds, below, 4_000);
        const one = await runner.give(short, 4 * limit, 3);
        const four = await runner.give(long, 8 * limit, 3);
        const grows = (more, less) => more.milliseconds > 60 && more.milliseconds > 10 * less.milliseconds;
        if (four.problem ?? one.problem) note(four.problem ?? one.problem, short);
        else if (grows(four, one)) {
          // What grows with the square does so again; a machine that was busy for a moment does not.
          const sixteen = await runner.give(longest, 64 * limit, 3);
          const times = [one, four, sixteen].map(({ milliseconds }) => Math.round(milliseconds)).join(', ');
          if (sixteen.problem || grows(sixteen, four)) {
            note(`takes more than ten times as long for four times the input: ${times} ms`, short);
          }
        }
        continue;
      }
      const bytes = i < seeds.length ? seeds[i] : mutated(seeds, below);
      let answer = await runner.give(bytes, limit);
      // A machine that is busy is no finding.
      if (answer.problem === 'hangs') answer = await runner.give(bytes, 3 * limit);
      if (answer.problem) note(answer.problem, bytes);
      else if (i < seeds.length && answer.accepted) accepted[name]++;
    }
    await runner.worker.terminate();
    say(
      `${name}: ${counts[name]} inputs, ${[...found.values()].filter(({ target }) => target === name).length} kinds of findings`,
    );
  }
  return { counts, accepted, findings: [...found.values()] };
}
