/** Training and measuring one method of retrieval. */
import { join } from 'node:path';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { Split } from '../data/triplets.js';
import { type EvaluationReport, evaluate } from '../eval/evaluate.js';
import { findProtocol, type Protocol } from '../eval/protocols/index.js';
import { withSplitImages } from '../eval/split-images.js';
import { train } from '../train/train.js';
import type { Experiment } from './config.js';
import type { Material } from './dataset.js';
import { type Measured, onBrokenOf, originOf, parametersOf, type RunTools } from './measured.js';
import { metricOf } from './metrics.js';
import type { PlannedRun } from './plan.js';
import { encodeRanks, type RunResult } from './result.js';
import { selfTrainRun } from './self-training-run.js';

const exampleQueries = 24;
const exampleHits = 8;

export async function retrievalRun(
  run: PlannedRun,
  material: Material,
  experiment: Experiment,
  tools: RunTools,
): Promise<Measured> {
  const { measured: split, reader } = material;
  const onBroken = onBrokenOf(experiment);
  const trained = await trainRun(run, material, experiment, tools);
  const model = await RetrievalModel.open(trained.model);
  try {
    return await withSplitImages({ model, split, reader, onBroken, ...tools }, async (images, usable) => {
      const protocol = findProtocol(experiment.protocol);
      const measured = await evaluate({ model, split: usable, images, protocol, top: exampleHits, ...tools });
      const { ranks, subsetRanks, queries, gallery, missing } = measured;
      return {
        queries,
        gallery,
        missing,
        metrics: Object.fromEntries(experiment.metrics.map((metric) => [metric, metricOf(metric, { ranks, subsetRanks })])),
        ranks: encodeRanks(ranks),
        ...(subsetRanks.length > 0 ? { subsetRanks: encodeRanks(subsetRanks) } : {}),
        examples: examplesOf(protocol, usable, measured),
        parameters: parametersOf(model, images),
        training: { seconds: trained.seconds, epoch: trained.epoch, steps: trained.steps },
        model: model.hash,
      };
    });
  } finally {
    await model.close();
  }
}

/** Once on the labels, or in rounds. */
function trainRun(run: PlannedRun, material: Material, experiment: Experiment, tools: RunTools) {
  const { train: trainSplit, validation: val, reader, text, hash } = material;
  const common = { train: trainSplit, val, reader, dataset: originOf(run, experiment), ...tools };
  const { selfTraining, ...settings } = run.settings;
  if (selfTraining) return selfTrainRun(run, join(run.root, 'labels'), hash, common);
  return train({ ...common, text, out: run.folder, ...settings, seed: run.seed, resume: true, onBroken: onBrokenOf(experiment) });
}

/** The best hits of some queries, evenly taken from the split. */
function examplesOf(
  protocol: Protocol,
  split: Split,
  { ranks, rankings }: Pick<EvaluationReport, 'ranks' | 'rankings'>,
): RunResult['examples'] {
  const answers = protocol.answers?.(split);
  const count = Math.min(exampleQueries, ranks.length);
  return Array.from({ length: count }, (_, i) => {
    const query = Math.floor(((i + 0.5) * ranks.length) / count);
    const triplet = split.triplets[query]!;
    const right = answers?.(triplet) ?? [];
    const hits = rankings?.gallery[query] ?? [];
    // Of many right answers (Fashion200K), those that are shown.
    const targets = [...new Set([...triplet.targets, ...hits.filter((id) => right.includes(id))])];
    return { reference: triplet.reference, text: triplet.text, targets, rank: ranks[query]!, hits: [...hits] };
  });
}
