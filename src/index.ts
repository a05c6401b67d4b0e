/**
 * limn: search your own pictures with a picture and a sentence.
 *
 * @example
 * import { Limn } from 'limn';
 *
 * const limn = await Limn.open('runs/my-model');
 * const gallery = await limn.index('pictures/', 'my-gallery');
 * const { hits } = await gallery.search({ references: [{ path: 'a.jpg' }], texts: ['the same in red'], k: 10 });
 * console.log(hits.map(({ rank, id, score }) => ({ rank, id, score })));
 * await limn.close();
 */

import { learn } from './catalogue/learn.js';
import type { LearnOptions, LearnResult } from './catalogue/learn-types.js';
import type { Device } from './engine/runtime/device.js';
import { RetrievalModel } from './models/retrieval/retrieval-model.js';
import { type CreateOptions, Gallery } from './search/gallery/gallery.js';

/** A trained model with the galleries that were made or opened with it. */
export class Limn {
  private readonly galleries: Gallery[] = [];

  private constructor(readonly model: RetrievalModel) {}

  /**
   * Opens a trained model: a run folder, or the `model` folder in it.
   *
   * @param options.device "cpu", or "webgpu" for any GPU (docs/devices.md). @default `LIMN_DEVICE` or "cpu"
   * @throws LimnError CHECKPOINT when there is no model, or it is damaged
   */
  static async open(folder: string, options: { device?: Device } = {}): Promise<Limn> {
    return new Limn(await RetrievalModel.open(folder, options));
  }

  /**
   * Indexes the pictures of a folder into a gallery on disk, or brings it up to date with them, and opens it. See
   * {@link Gallery.create} for options and errors.
   */
  async index(images: string, out: string, options: Omit<CreateOptions, 'model' | 'images' | 'out'> = {}): Promise<Gallery> {
    return this.keep(await Gallery.create({ ...options, model: this.model, images, out }));
  }

  /** Opens a gallery that this model indexed before. @throws LimnError GALLERY */
  async gallery(location: string): Promise<Gallery> {
    return this.keep(await Gallery.open(location, { model: this.model }));
  }

  /**
   * From a shop's table and images to a search, without any annotation: triplets from metadata, a trained LIMN, its numbers on held-out
   * products, and a gallery. See {@link LearnOptions}.
   *
   * @example
   * const reader = await ImageEncoderRuntime.open('encoder.json');
   * const { model, gallery, test, warnings } = await Limn.learn({ list: 'shop.csv', images: 'photos', out: 'shop', reader, minutes: 20 });
   * @throws LimnError DATA for a table or images that nothing can be learned from; USAGE; INTERRUPTED, after which the same call goes on
   */
  static learn(options: LearnOptions): Promise<LearnResult> {
    return learn(options);
  }

  /** Closes the galleries and the model, and ends their threads. */
  async close(): Promise<void> {
    for (const gallery of this.galleries.splice(0)) await gallery.close();
    await this.model.close();
  }

  private keep(gallery: Gallery): Gallery {
    this.galleries.push(gallery);
    return gallery;
  }
}

export { z } from 'zod';
export type { LearnedRecall, LearnOptions, LearnResult } from './catalogue/learn-types.js';
export { type MadeData, type MakeDataOptions, makeData } from './catalogue/make-data.js';
export { LimnError, type LimnErrorCode } from './core/errors.js';
export type { Part, PartKind } from './core/part.js';
export {
  type Logger,
  type OnProgress,
  type ProgressEvent,
  silentLogger,
  stderrLogger,
} from './core/progress.js';
export { progressDisplay } from './core/progress-display.js';
export type { Device } from './engine/runtime/device.js';
export { type CheckOptions, checkDataset, type DataReport } from './learning/data/check.js';
export type { DatasetFormat, ReadOptions } from './learning/data/dataset-format.js';
export { defineDataset } from './learning/data/dataset-format.js';
export { datasetFormats, findDataset } from './learning/data/datasets.js';
export { type FashionIQOptions, listCategories, readFashionIQ } from './learning/data/fashioniq.js';
export { type Corrections, readCorrections } from './learning/data/spelling.js';
export {
  generateSyntheticFashion,
  generateSyntheticFashion as generateWardrobe,
  type SyntheticFashion,
  type SyntheticFashion as Wardrobe,
  type SyntheticFashionOptions,
  type SyntheticFashionOptions as WardrobeOptions,
} from './learning/data/synthetic-fashion/generate.js';
// The names of the release before, for one more release (docs/glossary.md).
export type { DatasetImage, DatasetImage as Picture, Split, SplitName, Triplet } from './learning/data/triplets.js';
export { type CaptionMetric, type CaptionScores, captionScores } from './learning/eval/captions/caption-scores.js';
export {
  type EvaluateOptions,
  type EvaluateVectorsOptions,
  type EvaluationReport,
  evaluate,
  evaluateVectors,
  type VectorsReport,
} from './learning/eval/evaluate.js';
export { writeCirrSubmission } from './learning/eval/protocols/cirr-test.js';
export { findProtocol, type Protocol, protocols } from './learning/eval/protocols/index.js';
export { commonParts, defineProtocol, type Rankings, type Ranks } from './learning/eval/protocols/protocol.js';
export { type Summary, summarize } from './learning/eval/summarize.js';
export { readVectorFile, type VectorFile } from './learning/eval/vector-files.js';
export { type Experiment, type ExperimentMethod, parseExperiment, readExperiment } from './learning/experiment/config.js';
export type { OpenEncoder } from './learning/experiment/dataset.js';
export { type PlannedRun, planRuns, resultsOf, selectRuns } from './learning/experiment/plan.js';
export {
  type QueuedRunOptions,
  runExperimentThroughQueue,
} from './learning/experiment/queue/run-through-queue.js';
export { type ExperimentWorkerOptions, runExperimentWorker } from './learning/experiment/queue/run-worker.js';
export { type ReportOptions, writeReport } from './learning/experiment/report.js';
export type { RunResult } from './learning/experiment/result.js';
export { type ExperimentRunOptions, type RunsEnded, runExperiment } from './learning/experiment/run.js';
export type { ExperimentSummary } from './learning/experiment/summary.js';
export type { SelfTrainOptions } from './learning/self-training/begin.js';
export type { RoundResult, SelfTrainResult } from './learning/self-training/rounds.js';
export { selfTrain } from './learning/self-training/self-train.js';
export { type SelfTrainSettings, type SelfTrainSettingsInput, selfTrainSettings } from './learning/self-training/settings.js';
export type { TrainingSettingsInput } from './learning/train/settings.js';
export { type TrainingSettings, trainingSettings } from './learning/train/settings.js';
export { type EpochReport, type TrainOptions, type TrainResult, train } from './learning/train/train.js';
export { type TrainCaptionerOptions, type TrainCaptionerResult, trainCaptioner } from './learning/train/train-captioner.js';
export type { BackboneConfig } from './models/backbone/config.js';
export type { EncodedInput, EncodedInput as Encoded } from './models/backbone/encoded.js';
export { type Caption, CaptionerModel, type CaptionOptions } from './models/captioner/captioner-model.js';
export type { DecodingOptions } from './models/captioner/decoding.js';
export { checkHubEncoder, type HubEncoder, listHubEncoders, openHubEncoder } from './models/encoders/hub/encoder-folder.js';
export { type EncoderFindings, encoderFindings, findingLines } from './models/encoders/hub/findings.js';
export { type ImportOptions, importEncoder } from './models/encoders/hub/import-encoder.js';
export { type PullOptions, pullEncoder } from './models/encoders/hub/pull.js';
export { defineEncoder, type EncoderDefinition, type ImageEncoder } from './models/encoders/image/define-encoder.js';
export type { EncoderDescription } from './models/encoders/image/description.js';
export type { ImageSettings, ImageSettings as PictureSettings } from './models/encoders/image/image.js';
export {
  type FrozenImageEncoder,
  type FrozenImageEncoder as PictureEncoder,
  type ImageFeatureArrays,
  type ImageFeatureArrays as PictureFeatures,
  OnnxImageEncoder,
  OnnxImageEncoder as OnnxPictureEncoder,
} from './models/encoders/image/image-encoder.js';
export type { TextDescription } from './models/encoders/text/text-description.js';
export {
  type FrozenTextEncoder,
  OnnxTextEncoder,
  type TextEncoderOptions,
  type TextFeatures,
} from './models/encoders/text/text-encoder.js';
export { inBatchClassification, inBatchLoss } from './models/methods/classification.js';
export {
  defineMethod,
  type MethodConfig,
  type MethodDefinition,
  type ModelConfig,
  type QueryInputs,
} from './models/methods/define-method.js';
export type { LimnConfig, LimnConfigInput } from './models/methods/limn.js';
export type { BatchRows, Embedding, MethodLoss } from './models/methods/method.js';
export { methods } from './models/methods/methods.js';
export type { ModelConfigInput } from './models/methods/model-config.js';
export type { Embeddings } from './models/retrieval/embeddings.js';
export { ImageEncoderRuntime, ImageEncoderRuntime as PictureReader } from './models/retrieval/image-encoder-runtime.js';
export type { ImageFeatures, ImageFeatures as PictureSource } from './models/retrieval/image-features.js';
export { openImageEncoder, type ReaderOptions } from './models/retrieval/open-image-encoder.js';
export { RetrievalModel, RetrievalModel as LimnModel } from './models/retrieval/retrieval-model.js';
export { type TextEncoderChoice, TextReader } from './models/retrieval/text-reader.js';
export { type ZeroShotOptions, zeroShot } from './models/retrieval/zero-shot.js';
export { loadPlugins } from './plugins/load-plugins.js';
export { type Plugin, usePlugin } from './plugins/use-plugin.js';
export {
  type CheckGalleryOptions,
  checkGallery,
  type GalleryCheck,
  type GalleryProblem,
} from './search/gallery/check-gallery.js';
export type { Field } from './search/gallery/explain/fields.js';
export {
  type CreateOptions,
  Gallery,
  type GalleryDescription,
  type GalleryOptions,
  type NewItem,
  type OpenOptions,
  type UpdateOptions,
} from './search/gallery/gallery.js';
export type { Ingest, IngestOptions, IngestReport } from './search/gallery/ingest/ingest.js';
export { type FetchLimits, SafeFetcher } from './search/gallery/ingest/safe-fetch.js';
export type { ImageLocations as PictureSources } from './search/gallery/make-gallery.js';
export { galleryInfo, type ImageLocations } from './search/gallery/make-gallery.js';
export type {
  Explanation,
  HeatMap,
  ImageReference,
  ImageReference as PictureReference,
  SearchAnswer,
  SearchHit,
  SearchRequest,
} from './search/gallery/search-types.js';
export { type IndexThroughQueueOptions, indexThroughQueue } from './search/queue/index-through-queue.js';
export { runWorker, type WorkerOptions } from './search/queue/worker.js';
export type { WorkerCounts } from './search/queue/worker-options.js';
export { defineStore, type StoreDefinition, type StoreOptions } from './search/store/define-store.js';
export type { Filter } from './search/store/filter.js';
export type { ItemMetadata, ItemMetadata as Metadata, MetadataValue } from './search/store/metadata.js';
export type { GalleryInfo, GalleryStore, StoredItem } from './search/store/store.js';
