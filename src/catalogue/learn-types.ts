/** What goes into learning a catalogue, and what comes out of it. */
import type { Logger, OnProgress } from '../core/progress.js';
import type { SplitName } from '../learning/data/triplets.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import type { ChoiceOutcome } from './choice-round.js';
import type { PlusOutcome } from './limn-plus.js';
import type { Plan } from './plan.js';

/** Options of {@link Limn.learn}. */
export interface LearnOptions {
  /** The folder of the images, which stay where they are. */
  images: string;
  /** CSV, TSV, JSON lines or Parquet: a row a product, one column of which names its image. @default names of files and folders are read */
  list?: string | undefined;
  /** The folder of everything that is made: data/, limn/, gallery/, learn.json. */
  out: string;
  /** What reads the images; the caller closes it. */
  reader: ImageEncoderRuntime;
  /** Minutes for the whole, which choose the model's size and the epochs. @default 30 */
  minutes?: number | undefined;
  /** The model's size and the epochs, in place of those that the time would choose. */
  fixed?: (Plan['size'] & { epochs: number }) | undefined;
  /** Columns to learn from. @default those that say something which images show */
  fields?: readonly string[] | undefined;
  /** The column that names the image. @default the one that fits most images */
  imageColumn?: string | undefined;
  /** Files of templates for further languages. @default English alone */
  templates?: readonly string[] | undefined;
  /** Whether a round of LIMN+ on the shop's own images follows, where there is time for it; it is kept only where validation rises. @default true */
  plus?: boolean | undefined;
  /** A captioner's folder, trained on the same encoder: it writes LIMN+'s texts. @default one is trained on the triplets */
  captioner?: string | undefined;
  /**
   * The folder of `limn serve --keep-choices`: what people chose becomes further triplets, which LIMN judges and is trained on. The model is kept where
   * validation does not fall. A folder that was learned before can be given again with it, once. @default none
   */
  choices?: string | undefined;
  /** Most products that are learned from. @default 12000 */
  most?: number | undefined;
  /** Seed of all random draws. @default 1 */
  seed?: number | undefined;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
  /** Where remarks go. @default {@link silentLogger} */
  logger?: Logger | undefined;
}

/** R@K in percent by K, of the held-out products. */
export interface LearnedRecall {
  /** How many queries were ranked. */
  queries: number;
  /** Images that each query ranks. */
  gallery: number;
  /** What a random ranking is expected to reach. */
  chance: Record<string, number>;
  /** The same model, given the text alone. */
  textAlone: Record<string, number>;
  /** The same model, given the image alone. */
  imageAlone: Record<string, number>;
  /** The composed search, with image and text. */
  limn: Record<string, number>;
}

/** What {@link Limn.learn} made and measured. */
export interface LearnResult {
  /** The folder that contains everything. */
  out: string;
  /** The folder of the triplets. */
  data: string;
  /** The folder of the trained model, for {@link Limn.open}. */
  model: string;
  /** The folder of the gallery. */
  gallery: string;
  /** Images in the gallery. */
  images: number;
  /** Name of the image encoder. */
  encoder: string;
  /** The number of triplets of each split. */
  triplets: Record<SplitName, number>;
  /** Attributes that the texts are about. */
  attributes: string[];
  /** Columns that were not used, with the reason. */
  leftOut: { name: string; reason: string }[];
  /** The model's size, the batch size and the number of epochs that were chosen. */
  plan: Pick<Plan, 'epochs' | 'batchSize'> & Plan['size'];
  /** Recall on held-out products. */
  test: LearnedRecall;
  /** Names of LIMN's factors, learned from the metadata. */
  factors: string[];
  /** What the numbers are not worth, and what would help. */
  warnings: string[];
  /** What LIMN+ did, and whether its model is the one that is used; undefined where it was not wanted. */
  plus?: PlusOutcome;
  /** What was learned from the choices of people; undefined where none were given. */
  choices?: ChoiceOutcome;
  /** What was left out. */
  leftOutStages: string[];
  /** Seconds of work, over all calls. */
  seconds: number;
  /** The command that serves it. */
  serve: string;
}
