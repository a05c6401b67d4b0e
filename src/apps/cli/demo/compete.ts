/** Training one model of the demo, unless an earlier demo did, and measuring it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../core/files.js';
import type { Split } from '../../../learning/data/triplets.js';
import { type EvaluationReport, evaluate } from '../../../learning/eval/evaluate.js';
import { findProtocol } from '../../../learning/eval/protocols/index.js';
import { withSplitImages } from '../../../learning/eval/split-images.js';
import { type EpochReport, train } from '../../../learning/train/train.js';
import { ImageEncoderRuntime } from '../../../models/retrieval/image-encoder-runtime.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import type { LongWork } from '../long-work.js';
import { type Contestant, images, model, patchEncoder, protocolId, seed, training } from './recipe.js';

export interface Competition {
  splits: { train: Split; val: Split };
  /** The folder of the demo. */
  out: string;
  tools: LongWork;
  /** Called after each epoch of a training that is not finished yet. */
  onEpoch?: (report: EpochReport) => Promise<void>;
}

/** @returns how well the best epoch's model finds the validation targets */
export async function compete(contestant: Contestant, { splits, out, tools, onEpoch }: Competition): Promise<EvaluationReport> {
  const { folder, name, query } = contestant;
  const run = join(out, folder);
  const { signal } = tools;
  const onProgress: LongWork['onProgress'] = (event) => tools.onProgress({ ...event, stage: `${name}: ${event.stage}` });
  const reader = ImageEncoderRuntime.patch(patchEncoder.size, patchEncoder.patch, patchEncoder.layers);
  // Written when the training has ended; until then the run is resumed.
  const marker = join(run, 'finished');
  if (!existsSync(marker)) {
    await train({
      ...splits,
      reader,
      out: run,
      dataset: { name: 'wardrobe', images, seed },
      model: { ...model, query },
      training: { ...training, protocol: protocolId },
      seed,
      resume: true,
      signal,
      onProgress,
      onEpoch,
    });
    await writeFileAtomic(marker, '');
  }
  const trained = await RetrievalModel.open(run);
  const protocol = findProtocol(protocolId);
  try {
    return await withSplitImages({ model: trained, split: splits.val, reader, signal }, (read, split) =>
      evaluate({ model: trained, split, images: read, protocol, signal }),
    );
  } finally {
    await trained.close();
  }
}
