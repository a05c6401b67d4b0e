/** What reads pictures for a model. */

import { LimnError } from '../../core/errors.js';
import { presentOptions } from '../../core/former-names.js';
import type { SessionOptions } from '../../engine/runtime/session.js';
import type { ImageConfig } from '../backbone/config.js';
import type { TrainableEncoder } from '../backbone/trainable.js';
import { openFeatures } from '../encoders/cache/feature-cache.js';
import { encodeInMemory } from '../encoders/cache/feature-memory.js';
import type { ImageCacheOptions } from '../encoders/cache/image-cache.js';
import { openPixels, PixelTable } from '../encoders/cache/pixel-table.js';
import { colourChannels } from '../encoders/image/colour.js';
import { type EncoderDefinition, encoders, openDefined } from '../encoders/image/define-encoder.js';
import { type EncoderDescription, findWeights, imageSettings, loadDescription } from '../encoders/image/description.js';
import type { ImageSettings } from '../encoders/image/image.js';
import { type FrozenImageEncoder, OnnxImageEncoder } from '../encoders/image/image-encoder.js';
import type { Vocabulary } from '../encoders/text/vocabulary.js';
import { ImageCaptions } from './image-captions.js';
import { captionSource, featureSource, type ImageFeatures, pixelSource } from './image-features.js';
import type { EncoderIdentity } from './model-folder.js';
import { openTrainable } from './trainable-files.js';

/** What a reader works with. */
interface Deps {
  /** Where the description's file was found. */
  weights?: string;
  description?: EncoderDescription;
  encoder?: FrozenImageEncoder;
  /** The id of the encoder's definition, where it is one of a plug-in. */
  definition?: string;
  captions?: ImageCaptions;
  trainable?: TrainableEncoder<EncoderDescription>;
}

/**
 * What reads pictures for a model: a frozen ONNX encoder, one that is trained with the rest, the patch encoder inside the model
 * itself, or given captions.
 */
export class ImageEncoderRuntime {
  private constructor(
    readonly config: ImageConfig,
    /** Tells encoders apart: features of one mean nothing to a model trained with another. */
    readonly id: string,
    private readonly deps: Deps = {},
  ) {}

  /** What the encoder is; undefined for patches and captions. */
  get description(): EncoderDescription | undefined {
    return this.deps.description;
  }

  /** Where the file of a described encoder was found. */
  get weights(): string | undefined {
    return this.deps.weights;
  }

  /** How a model's folder names the encoder. */
  get identity(): EncoderIdentity {
    const { description, definition } = this.deps;
    return { id: this.id, ...(description ? { description } : {}), ...(definition === undefined ? {} : { definition }) };
  }

  /** The encoder's file, where it is trained with the rest. */
  get trainable(): TrainableEncoder<EncoderDescription> | undefined {
    return this.deps.trainable;
  }

  /** @deprecated it is called {@link trainable} */
  get tuned(): TrainableEncoder<EncoderDescription> | undefined {
    return this.trainable;
  }

  /** The built-in patch encoder. @param size side in pixels @param patch side of a patch */
  static patch(size: number, patch: number, layers: number): ImageEncoderRuntime {
    if (size % patch !== 0)
      throw new LimnError('CONFIG', `A picture of ${size} pixels cannot be cut into patches of ${patch}: choose a divisor.`);
    return new ImageEncoderRuntime({ kind: 'patch', size, patch, layers }, `patch-${size}-${patch}-${layers}`);
  }

  /**
   * An encoder from the JSON file that describes it.
   *
   * @param options.trainFrom the first block that is trained with the rest, from 0. @default none: the encoder is frozen
   * @throws LimnError CONFIG, ENCODER, RUNTIME or GRAPH_UNSUPPORTED when the description and the file do not fit, or the file cannot be trained;
   * USAGE for a block that it does not have
   */
  static async open(
    path: string,
    options: SessionOptions & {
      /** The first block that is trained. @default none: the encoder is frozen */
      trainFrom?: number | undefined;
    } = {},
  ): Promise<ImageEncoderRuntime> {
    const { trainFrom, ...session } = options;
    const { description, weights } = await loadDescription(path);
    return ImageEncoderRuntime.fromWeights(description, weights, trainFrom, session);
  }

  /** An encoder that defineEncoder made. @throws LimnError ENCODER when it cannot be opened or does not fit */
  static async defined(definition: EncoderDefinition): Promise<ImageEncoderRuntime> {
    const encoder = await openDefined(definition);
    const { tokens, channels } = encoder.local;
    const config = { kind: 'features', tokens, channels, globalChannels: encoder.global.channels, colourChannels: 0 } as const;
    return new ImageEncoderRuntime(config, encoder.id, { encoder, definition: definition.id });
  }

  /**
   * Captions in place of pictures ("caption proxy"): for annotations whose images are not available. Numbers of such a model are
   * never set beside those of one that sees pictures.
   *
   * @param files JSON files of { picture id: caption }
   * @param words of a caption that are read
   */
  static async captions(files: readonly string[], words = 24): Promise<ImageEncoderRuntime> {
    const captions = await ImageCaptions.read(files);
    return new ImageEncoderRuntime({ kind: 'captions', words }, captions.id, { captions });
  }

  /** The reader that a saved model was trained with. @param folder where weights may lie beside the model */
  static async restore(
    config: ImageConfig,
    id: string,
    description: EncoderDescription | undefined,
    folder: string,
    {
      definition,
      ...session
    }: SessionOptions & {
      /** Id of the plug-in encoder. @default an encoder that limn has */
      definition?: string | undefined;
    } = {},
  ): Promise<ImageEncoderRuntime> {
    if (config.kind === 'patch') return ImageEncoderRuntime.patch(config.size, config.patch, config.layers);
    if (config.kind === 'captions')
      throw new LimnError(
        'CHECKPOINT',
        `The model in ${folder} was trained on captions in place of pictures and cannot read pictures. Use it through "limn experiment".`,
      );
    if (definition !== undefined) return ImageEncoderRuntime.restoreDefined(definition, id, folder);
    if (!description)
      throw new LimnError(
        'CHECKPOINT',
        `The model in ${folder} does not say which encoder it was trained with: its config.json is damaged.`,
      );
    const trainFrom = config.kind === 'tuned' ? config.from : undefined;
    const reader = await ImageEncoderRuntime.fromWeights(description, findWeights(description.file, folder), trainFrom, session);
    if (reader.id !== id) {
      await reader.close();
      throw new LimnError(
        'ENCODER',
        `The model was trained with the encoder ${id}, but the weights found are ${reader.id}: put the right ${description.file} in place.`,
        {
          details: { wanted: id, found: reader.id },
        },
      );
    }
    return reader;
  }

  private static async restoreDefined(definition: string, id: string, folder: string): Promise<ImageEncoderRuntime> {
    const found = encoders.get(definition);
    if (!found) {
      const message = `The model in ${folder} was trained with the encoder "${definition}", which a plug-in defines: give that plug-in's file with --plugin, or call usePlugin.`;
      throw new LimnError('ENCODER', message, { details: { encoder: definition } });
    }
    const reader = await ImageEncoderRuntime.defined(found);
    if (reader.id === id) return reader;
    await reader.close();
    const message = `The model in ${folder} was trained with the encoder ${id}, but the plug-in's encoder "${definition}" is ${reader.id} now: use the version of the plug-in that the model was trained with.`;
    throw new LimnError('ENCODER', message, { details: { wanted: id, found: reader.id } });
  }

  private static async fromWeights(
    description: EncoderDescription,
    weights: string,
    trainFrom?: number,
    session: SessionOptions = {},
  ): Promise<ImageEncoderRuntime> {
    const encoder = await OnnxImageEncoder.fromWeights(description, weights, session);
    const colours = description.colour ? colourChannels : 0;
    const sizes = {
      tokens: encoder.local.tokens,
      channels: encoder.local.channels - colours,
      globalChannels: encoder.global.channels - colours,
    };
    if (trainFrom === undefined)
      return new ImageEncoderRuntime({ kind: 'features', ...sizes, colourChannels: colours }, encoder.id, {
        description,
        weights,
        encoder,
      });
    await encoder.close();
    const trainable = await openTrainable(description, weights, trainFrom);
    const { size, layout } = description;
    return new ImageEncoderRuntime({ kind: 'tuned', size, layout, ...sizes, from: trainFrom }, encoder.id, {
      description,
      weights,
      trainable,
    });
  }

  /** Texts of these pictures that belong into the vocabulary: their captions, where captions stand in for them. */
  texts(
    images: readonly {
      /** Tells these captions from others. */
      id: string;
    }[],
  ): string[] {
    const { captions } = this.deps;
    return captions ? images.map(({ id }) => captions.of(id)) : [];
  }

  /** Reads (or takes from the cache) the features or pixels of a list of pictures. @param vocabulary of the model, which captions need */
  async read(
    asked: ImageCacheOptions & {
      /** Needed for captions in place of images. */
      vocabulary?: Vocabulary;
    },
  ): Promise<ImageFeatures> {
    const { vocabulary, ...given } = presentOptions(asked);
    // A dataset may list a picture several times (Fashion200K); it is read once.
    const options = { ...given, images: [...new Map(given.images.map((image) => [image.id, image])).values()] };
    const { config } = this;
    const { encoder, captions, trainable } = this.deps;
    if (encoder) return featureSource(await openFeatures({ ...options, encoder }), config);
    if (captions && config.kind === 'captions') {
      if (!vocabulary)
        throw new LimnError('USAGE', 'Captions in place of pictures are read with the vocabulary of a model: give it.');
      return captionSource(captions, options.images, config, vocabulary);
    }
    if (trainable) {
      const settings = imageSettings(trainable.description);
      return pixelSource(await openPixels({ ...options, ...settings }), config, trainable.description);
    }
    const { size } = config as Extract<ImageConfig, { kind: 'patch' }>;
    return pixelSource(await openPixels({ ...options, size, fit: 'contain' }), config);
  }

  /** How picture files are decoded for {@link encode}. @throws LimnError USAGE where captions stand in for pictures */
  get image(): ImageSettings {
    const { config } = this;
    const { encoder, trainable } = this.deps;
    if (encoder) return encoder.image;
    if (trainable) return imageSettings(trainable.description);
    if (config.kind === 'patch') return { size: config.size, fit: 'contain' };
    throw new LimnError('USAGE', 'Captions stand in for pictures here, so there is nothing to decode.');
  }

  /** @deprecated it is called {@link image} */
  get picture(): ImageSettings {
    return this.image;
  }

  /**
   * Features or pixels of decoded pictures, in memory alone: what {@link read} gives, without its caches.
   *
   * @param images (size, size, 3) RGB, decoded as {@link image} says @param ids one each, also the names in error messages
   * @throws LimnError NOT_FINITE when the encoder gives no usable numbers
   */
  async encode(images: readonly Uint8Array[], ids: readonly string[]): Promise<ImageFeatures> {
    const { encoder, trainable } = this.deps;
    if (encoder) return featureSource(await encodeInMemory(encoder, images, ids), this.config);
    const { size } = this.image;
    const bytes = size * size * 3;
    const pixels = new Uint8Array(images.length * bytes);
    images.forEach((image, i) => {
      pixels.set(image, i * bytes);
    });
    const cached = { ids: [...ids], places: new Float64Array(ids.length), broken: [] };
    return pixelSource(new PixelTable(cached, size, pixels), this.config, trainable?.description);
  }

  /** Frees threads and memory; nothing may be called afterwards. */
  async close(): Promise<void> {
    await this.deps.encoder?.close();
  }
}
