/** Training and measuring one difference captioner. */

import { CaptionerModel } from '../../models/captioner/captioner-model.js';
import { evaluateCaptions } from '../eval/evaluate-captions.js';
import { withSplitImages } from '../eval/split-images.js';
import { trainCaptioner } from '../train/train-captioner.js';
import type { Experiment } from './config.js';
import type { Material } from './dataset.js';
import { type Measured, onBrokenOf, originOf, parametersOf, type RunTools } from './measured.js';
import { captionMetrics, metricOf } from './metrics.js';
import type { PlannedRun } from './plan.js';
import { encodeScores } from './result.js';

export async function captionRun(
  run: PlannedRun,
  material: Material,
  experiment: Experiment,
  tools: RunTools,
): Promise<Measured> {
  const { train, validation, measured: split, reader } = material;
  const onBroken = onBrokenOf(experiment);
  const { model: changes, training } = run.settings;
  const common = { reader, dataset: originOf(run, experiment), seed: run.seed, resume: true, onBroken, ...tools } as const;
  const trained = await trainCaptioner({ ...common, train, val: validation, out: run.folder, model: changes, training });
  const model = await CaptionerModel.open(trained.model);
  try {
    return await withSplitImages({ model, split, reader, onBroken, ...tools }, async (images, usable) => {
      const { captions, perCaption } = await evaluateCaptions({ model, split: usable, images, ...tools });
      const scores = Object.fromEntries(captionMetrics.map((metric) => [metric, perCaption[metric].map((score) => 100 * score)]));
      const ranks = { ranks: [], subsetRanks: [], scores };
      return {
        queries: captions,
        gallery: usable.images.length,
        missing: images.broken.length,
        metrics: Object.fromEntries(experiment.metrics.map((metric) => [metric, metricOf(metric, ranks)])),
        ranks: '',
        scores: Object.fromEntries(Object.entries(scores).map(([metric, values]) => [metric, encodeScores(values)])),
        examples: [],
        parameters: parametersOf(model, images),
        training: { seconds: trained.seconds, epoch: trained.epoch, steps: trained.steps },
        model: model.hash,
      };
    });
  } finally {
    await model.close();
  }
}
