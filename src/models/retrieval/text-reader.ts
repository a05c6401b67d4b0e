/** What reads texts for a model: its own vocabulary, a frozen text encoder, or one that is trained with the rest. */
import { LimnError } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import type { SessionOptions } from '../../engine/runtime/session.js';
import type { TextConfig } from '../backbone/config.js';
import type { TrainableEncoder } from '../backbone/trainable.js';
import { openTextFeatures } from '../encoders/cache/text-cache.js';
import { openHubEncoder } from '../encoders/hub/encoder-folder.js';
import { HubTokenizer } from '../encoders/text/hub-tokenizer.js';
import type { TextDescription } from '../encoders/text/text-description.js';
import { OnnxTextEncoder } from '../encoders/text/text-encoder.js';
import type { Vocabulary } from '../encoders/text/vocabulary.js';
import { type TextSource, textFeatureSource, tokenSource, wordSource } from './text-source.js';
import { openTrainable } from './trainable-files.js';

/** A text encoder, and how it is used. */
export interface TextEncoderChoice {
  /** A pulled or imported encoder: its folder or name. */
  encoder: string;
  /** Places for tokens, special ones included; longer texts are cut. @default all that the encoder has */
  tokens?: number | undefined;
  /** The first block that is trained with the rest, from 0. @default none: the encoder is frozen */
  trainFrom?: number | undefined;
}

/** What is read. */
export interface ReadTextsOptions {
  /** The texts; equal ones are read once. */
  texts: Iterable<string>;
  /** Words of the training texts. */
  vocabulary: Vocabulary;
  /** Words that the vocabulary's texts are cut to. */
  words: number;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
}

/** What a reader works with; nothing for the vocabulary. */
interface Deps {
  choice?: TextEncoderChoice;
  encoder?: OnnxTextEncoder;
  tokenizer?: HubTokenizer;
  trainable?: TrainableEncoder<TextDescription>;
}

/** What reads texts for a model: its own word vectors, or a text encoder. */
export class TextReader {
  private constructor(
    readonly config: TextConfig,
    /** Tells encoders apart, as a picture reader's id does. */
    readonly id: string,
    private readonly deps: Deps = {},
  ) {}

  /** How the encoder is opened again; undefined for the vocabulary. */
  get choice(): TextEncoderChoice | undefined {
    return this.deps.choice;
  }

  /** The encoder's file, where it is trained with the rest. */
  get trainable(): TrainableEncoder<TextDescription> | undefined {
    return this.deps.trainable;
  }

  /** @deprecated it is called {@link trainable} */
  get tuned(): TrainableEncoder<TextDescription> | undefined {
    return this.trainable;
  }

  /** The words of the training texts; their vectors are trained with the rest. */
  static words(): TextReader {
    return new TextReader({ kind: 'words' }, 'words');
  }

  /**
   * A text encoder from the Hub.
   *
   * @throws LimnError USAGE for one that is not there or has no text side, and for a block that it does not have; ENCODER,
   * GRAPH_UNSUPPORTED, DATA or IO for files that cannot be used
   */
  static async open(choice: TextEncoderChoice, session: SessionOptions = {}): Promise<TextReader> {
    const { text, name } = await openHubEncoder(choice.encoder);
    if (!text) throw new LimnError('USAGE', `The encoder ${name} reads pictures alone. Choose one with a text model.`);
    const { description, files } = text;
    const { trainFrom } = choice;
    if (trainFrom !== undefined && description.attendsPadding && description.inputs.mask === undefined) {
      throw new LimnError(
        'USAGE',
        `The encoder ${name} takes no attention_mask and reads the padding that a batch of training puts behind short texts: export it with that input, or leave out --train-from.`,
      );
    }
    const tokens = trainFrom !== undefined && description.fixedLength ? description.length : choice.tokens;
    const encoder = await OnnxTextEncoder.open(description, files, tokens === undefined ? session : { ...session, tokens });
    const { local, global, id } = encoder;
    const sizes = { tokens: local.tokens, channels: local.channels, globalChannels: global.channels };
    if (trainFrom === undefined) return new TextReader({ kind: 'features', ...sizes }, id, { choice, encoder });
    await encoder.close();
    const trainable = await openTrainable(description, files.weights, trainFrom);
    const tokenizer = await HubTokenizer.open(files.tokenizer, files.tokenizerConfig, description.lowercase);
    return new TextReader({ kind: 'tuned', ...sizes, from: trainFrom }, id, { choice, tokenizer, trainable });
  }

  /** The reader that a saved model was trained with. @throws LimnError ENCODER when what is there now is another encoder */
  static async restore(id: string, choice: TextEncoderChoice | undefined, session: SessionOptions = {}): Promise<TextReader> {
    if (!choice) return TextReader.words();
    const reader = await TextReader.open(choice, session);
    if (reader.id === id) return reader;
    await reader.close();
    throw new LimnError(
      'ENCODER',
      `The model was trained with the text encoder ${id}, but ${choice.encoder} is ${reader.id} now: get the right one with "limn encoders pull".`,
      { details: { wanted: id, found: reader.id } },
    );
  }

  /** Makes texts ready to be fed; a frozen encoder computes their features, or takes them from the cache. */
  async read({ texts, vocabulary, words, signal, onProgress }: ReadTextsOptions): Promise<TextSource> {
    const { encoder, tokenizer, trainable } = this.deps;
    if (encoder) return textFeatureSource(await openTextFeatures({ encoder, texts, signal, onProgress }));
    if (tokenizer && trainable && this.config.kind === 'tuned')
      return tokenSource(tokenizer, this.config.tokens, trainable.description.padding);
    return wordSource(vocabulary, words);
  }

  /** Frees threads and memory; nothing may be called afterwards. */
  async close(): Promise<void> {
    await this.deps.encoder?.close();
  }
}
