/** The two contestants as child processes that compute only when told to, and what to say about the machine. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Starts a side; `ask(request)` lets it work and resolves with its answer, which has `times` in ms and `cpu`, ms of all threads in all. */
async function start(name, command, args, env = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((_, reject) => {
    child.on('error', (error) => reject(new Error(`${name} cannot start: ${error.message}`)));
  });
  failed.catch(() => {});
  const answer = async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done) throw new Error(`${name} ended before it answered`);
    const message = JSON.parse(value);
    if (message.error) throw new Error(message.error);
    return message;
  };
  const ready = await answer().catch((error) => {
    child.kill();
    throw error;
  });
  return {
    name,
    ready,
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    },
    /** Lets it finish, or stops it at once. */
    async end({ kill = false } = {}) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = new Promise((resolve) => child.on('exit', resolve));
      child.stdin.end();
      if (kill) child.kill();
      await exit;
    },
  };
}

export const startLimn = (options, script = 'limn-side.mjs') =>
  start('limn', process.execPath, [here(`./${script}`), JSON.stringify(options)], { LIMN_THREADS: String(options.threads) });

/** A script of this folder as a side. */
export const startNode = (name, script, options) =>
  start(name, process.execPath, [here(`./${script}`), JSON.stringify(options)], { LIMN_THREADS: String(options.threads) });

/** The Python is `LIMN_PYTHON`, or python3. */
export const startPytorch = (options, script = 'training_step.py') =>
  start('PyTorch', process.env.LIMN_PYTHON ?? 'python3', [here(`./pytorch/${script}`), JSON.stringify(options)], {
    OMP_WAIT_POLICY: 'passive',
    OMP_NUM_THREADS: String(options.threads),
  });

/** A script of the folder python as a side. */
export const startPython = (name, script, options) =>
  start(name, process.env.LIMN_PYTHON ?? 'python3', [here(`./python/${script}`), JSON.stringify(options)], {
    OMP_NUM_THREADS: String(options.threads),
  });

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** @param part 0.5 is the median, 0.99 what one in a hundred exceeds */
export function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

/**
 * Lets sides work in turns, so that what else the machine does hurts all alike; an idle side computes nothing.
 *
 * @returns for each side its times, the processor milliseconds a step (of all threads, spinning included) and its peak memory
 */
export async function takeTurns(sides, { rounds, steps, warmup }) {
  const results = sides.map(() => ({ times: [], cpu: 0, steps: 0, peakBytes: 0 }));
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const [i, side] of sides.entries()) {
        const { times, peakBytes, cpu } = await side.ask({ steps: round === 0 ? warmup : steps });
        results[i].peakBytes = peakBytes;
        if (round > 0) {
          results[i].times.push(...times);
          results[i].cpu += cpu;
          results[i].steps += steps;
        }
        // Threads that still spin for their next task come to rest before the other side's turn.
        await sleep(300);
      }
    }
  } finally {
    for (const side of sides) await side.end({ kill: results.some(({ times }) => times.length === 0) });
  }
  return results.map(({ times, cpu, steps, peakBytes }, i) => ({
    milliseconds: summary(times),
    cpuMilliseconds: Number((cpu / steps).toFixed(2)),
    peakMiB: Math.round(peakBytes / 2 ** 20),
    parameters: sides[i].ready.parameters,
    ...(sides[i].ready.version ? { version: sides[i].ready.version } : {}),
    times: times.map((time) => Number(time.toFixed(2))),
  }));
}

/** Median, quartiles and extremes in milliseconds. */
export function summary(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part) => Number(sorted[Math.round(part * (sorted.length - 1))].toFixed(2));
  return {
    median: Number(median(times).toFixed(2)),
    quartiles: [at(0.25), at(0.75)],
    min: at(0),
    max: at(1),
    steps: times.length,
  };
}

export function machine() {
  const require = createRequire(import.meta.url);
  const version = (name) => JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')).version;
  return {
    cpu: cpus()[0]?.model.trim(),
    cores: availableParallelism(),
    memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
    loadBefore: loadavg().map((load) => Number(load.toFixed(2))),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    onnxruntime: version('onnxruntime-node'),
    limn: JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version,
  };
}
