/** Small models with 1, 4 and 16 steps a run, in turns: where an ONNX Loop pays. */
import type { StepOptions } from '../lib/configs.js';
import { type Measured, type Side, startLimn, takeTurns } from '../lib/sides.js';
import { optimizer } from '../lib/step-race.js';

const models = [
  { name: 'd=32, batch 16', width: 32, batch: 16 },
  { name: 'd=64, batch 16', width: 64, batch: 16 },
  { name: 'd=128, batch 32', width: 128, batch: 32 },
];
const counts = [1, 4, 16];

export async function loop(threads: number, rounds: number) {
  const results: (Measured & { model: string; stepsPerRun: number })[] = [];
  for (const { name, width, batch } of models) {
    const sides: Side[] = [];
    for (const stepsPerRun of counts) {
      sides.push(
        await startLimn({
          width,
          batch,
          stepsPerRun,
          threads,
          factors: 4,
          layers: 1,
          heads: 4,
          projection: 32,
          dropout: 0.1,
          words: 12,
          vocabulary: 200,
          images: 256,
          image: { kind: 'patch', size: 32, patch: 8, layers: 1 },
          optimizer,
        } as StepOptions),
      );
    }
    const measured = await takeTurns(sides, { rounds, steps: 16, warmup: 32 });
    measured.forEach((result, i) => {
      results.push({ model: name, stepsPerRun: counts[i]!, ...result });
    });
  }
  console.table(
    results.map(({ model, stepsPerRun, parameters, milliseconds, cpuMilliseconds, peakMiB }) => ({
      model,
      parameters,
      'steps a run': stepsPerRun,
      'ms a step': milliseconds.median,
      'cpu ms a step': cpuMilliseconds,
      'steps a second': Number((1000 / milliseconds.median).toFixed(1)),
      'peak MiB': peakMiB,
    })),
  );
  return { threads, results };
}
