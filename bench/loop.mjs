/** Steps per second of small models with 1, 4 and 16 steps a run: where an ONNX Loop pays. */
import { startLimn, summary } from './sides.mjs';

const models = [
  { name: 'd=32, batch 16', width: 32, batch: 16 },
  { name: 'd=64, batch 16', width: 64, batch: 16 },
  { name: 'd=128, batch 32', width: 128, batch: 32 },
];

export async function loop(threads) {
  const results = [];
  for (const { name, width, batch } of models) {
    for (const stepsPerRun of [1, 4, 16]) {
      const side = await startLimn({
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
        pictures: 256,
        picture: { kind: 'patch', size: 32, patch: 8, layers: 1 },
      });
      await side.ask(32);
      const { times, peakBytes } = await side.ask(160);
      await side.end();
      results.push({
        model: name,
        parameters: side.ready.parameters,
        stepsPerRun,
        milliseconds: summary(times),
        peakMiB: Math.round(peakBytes / 2 ** 20),
      });
    }
  }
  console.table(
    results.map(({ model, stepsPerRun, milliseconds, peakMiB }) => ({
      model,
      'steps a run': stepsPerRun,
      'ms a step': milliseconds.median,
      'steps a second': Number((1000 / milliseconds.median).toFixed(1)),
      'peak MiB': peakMiB,
    })),
  );
  return { threads, results };
}
