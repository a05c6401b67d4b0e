/** What encodes pictures for a model. */
import { LimnError } from '../core/errors.js';
import { colourChannels } from '../encoders/colour.js';
import { type EncoderDescription, findWeights } from '../encoders/description.js';
import { openFeatures } from '../encoders/feature-cache.js';
import type { PictureCacheOptions } from '../encoders/picture-cache.js';
import { OnnxPictureEncoder } from '../encoders/picture-encoder.js';
import { openPixels } from '../encoders/pixel-table.js';
import type { Vocabulary } from '../encoders/vocabulary.js';
import type { SessionOptions } from '../runtime/session.js';
import type { PictureConfig } from './config.js';
import { PictureCaptions } from './picture-captions.js';
import { captionSource, featureSource, type PictureSource, pixelSource } from './picture-source.js';

/** What encodes pictures for a model: a frozen ONNX encoder, the patch encoder inside the model itself, or given captions. */
export class PictureReader {
  private constructor(
    readonly config: PictureConfig,
    /** Tells encoders apart: features of one mean nothing to a model trained with another. */
    readonly id: string,
    readonly description: EncoderDescription | undefined,
    private readonly encoder: OnnxPictureEncoder | undefined,
    private readonly captions: PictureCaptions | undefined,
  ) {}

  /** The built-in patch encoder. @param size side in pixels @param patch side of a patch */
  static patch(size: number, patch: number, layers: number): PictureReader {
    if (size % patch !== 0)
      throw new LimnError('CONFIG', `A picture of ${size} pixels cannot be cut into patches of ${patch}: choose a divisor.`);
    return new PictureReader(
      { kind: 'patch', size, patch, layers },
      `patch-${size}-${patch}-${layers}`,
      undefined,
      undefined,
      undefined,
    );
  }

  /** A frozen encoder from the JSON file that describes it. */
  static async open(path: string, options: SessionOptions = {}): Promise<PictureReader> {
    return PictureReader.frozen(await OnnxPictureEncoder.open(path, options));
  }

  /**
   * Captions in place of pictures ("caption proxy"): for annotations whose pictures are not at hand. Numbers of such a model are
   * never set beside those of one that sees pictures.
   *
   * @param files JSON files of { picture id: caption }
   * @param words of a caption that are read
   */
  static async captions(files: readonly string[], words = 24): Promise<PictureReader> {
    const captions = await PictureCaptions.read(files);
    return new PictureReader({ kind: 'captions', words }, captions.id, undefined, undefined, captions);
  }

  /** The reader that a saved model was trained with. @param folder where weights may lie beside the model */
  static async restore(
    config: PictureConfig,
    id: string,
    description: EncoderDescription | undefined,
    folder: string,
  ): Promise<PictureReader> {
    if (config.kind === 'patch') return PictureReader.patch(config.size, config.patch, config.layers);
    if (config.kind === 'captions')
      throw new LimnError(
        'CHECKPOINT',
        `The model in ${folder} was trained on captions in place of pictures and cannot read pictures. Use it through "limn experiment".`,
      );
    if (!description)
      throw new LimnError(
        'CHECKPOINT',
        `The model in ${folder} does not say which encoder it was trained with: its config.json is damaged.`,
      );
    const reader = PictureReader.frozen(await OnnxPictureEncoder.fromWeights(description, findWeights(description.file, folder)));
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

  private static frozen(encoder: OnnxPictureEncoder): PictureReader {
    const colours = encoder.description.colour ? colourChannels : 0;
    const config: PictureConfig = {
      kind: 'features',
      tokens: encoder.local.tokens,
      channels: encoder.local.channels - colours,
      globalChannels: encoder.global.channels - colours,
      colourChannels: colours,
    };
    return new PictureReader(config, encoder.id, encoder.description, encoder, undefined);
  }

  /** Texts of these pictures that belong into the vocabulary: their captions, where captions stand in for them. */
  texts(pictures: readonly { id: string }[]): string[] {
    return this.captions ? pictures.map(({ id }) => this.captions!.of(id)) : [];
  }

  /** Reads (or takes from the cache) the features or pixels of a list of pictures. @param vocabulary of the model, which captions need */
  async read({ vocabulary, ...options }: PictureCacheOptions & { vocabulary?: Vocabulary }): Promise<PictureSource> {
    const { config } = this;
    if (this.encoder) return featureSource(await openFeatures({ ...options, encoder: this.encoder }), config);
    if (config.kind === 'captions') {
      if (!vocabulary)
        throw new LimnError('USAGE', 'Captions in place of pictures are read with the vocabulary of a model: give it.');
      return captionSource(this.captions!, options.pictures, config, vocabulary);
    }
    const { size } = config as Extract<PictureConfig, { kind: 'patch' }>;
    return pixelSource(await openPixels({ ...options, size, fit: 'contain' }), config);
  }

  async close(): Promise<void> {
    await this.encoder?.close();
  }
}
