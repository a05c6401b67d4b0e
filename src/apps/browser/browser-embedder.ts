/** A model in a browser: what {@link QueryEmbedder} asks, on graphs of one image or query each. */
import { throwIfAborted } from '../../core/errors.js';
import { toFloat16 } from '../../engine/tensor/float16.js';
import { type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { Box } from '../../models/encoders/image/box.js';
import { writeFeatures } from '../../models/encoders/image/encoder-features.js';
import type { ImageSettings } from '../../models/encoders/image/image-settings.js';
import { normalizedPixels, type PixelForm } from '../../models/encoders/image/pixel-form.js';
import { Vocabulary } from '../../models/encoders/text/vocabulary.js';
import { wordSource } from '../../models/retrieval/text-source.js';
import type { BrowserModel, DataFiles } from '../../search/export/format.js';
import type { Composition, DecodedImage, EmbeddingVectors } from '../../search/gallery/embedder.js';
import type { EncodedImages, QueryEmbedder } from '../../search/gallery/query-embedder.js';
import { decodePixels } from './decode-image.js';
import { fitPixels } from './fit-pixels.js';
import type { Sessions } from './sessions.js';

type Feeds = Record<string, Tensor>;

export class BrowserEmbedder implements QueryEmbedder {
  readonly vocabulary: Vocabulary;

  constructor(
    readonly model: BrowserModel,
    private readonly data: DataFiles,
    private readonly sessions: Sessions,
  ) {
    this.vocabulary = Vocabulary.fromJSON(model.vocabulary);
  }

  get sees(): { image: boolean; text: boolean } {
    return this.model.sees;
  }

  get attentionGrid(): number | undefined {
    const { galleryAttention, queryAttention } = this.data;
    return galleryAttention && (queryAttention || !this.model.sees.image) ? this.model.attentionGrid : undefined;
  }

  async imageSettings(): Promise<ImageSettings> {
    return this.model.decoding;
  }

  async decode(bytes: Uint8Array, name: string, box?: Box): Promise<DecodedImage> {
    const settings = this.model.decoding;
    return { name, image: fitPixels(await decodePixels(bytes, name, { settings, box }), settings) };
  }

  async encode(decoded: readonly DecodedImage[]): Promise<EncodedImages> {
    const rows: Feeds[] = [];
    for (const { image } of decoded) rows.push(await this.inputsOf(image));
    return oneByOne(rows);
  }

  async embed(
    source: EncodedImages,
    wanted: { targets: readonly number[]; queries: readonly Composition[] },
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ targets: EmbeddingVectors[]; queries: EmbeddingVectors[] }> {
    const { local } = this.model;
    const targets: EmbeddingVectors[] = [];
    for (const row of wanted.targets) {
      throwIfAborted(signal, 'searching');
      targets.push(vectorsOf(await this.sessions.run(this.data.gallery, source.feeds([row], { local }))));
    }
    const queries: EmbeddingVectors[] = [];
    for (const { image, text } of wanted.queries) {
      throwIfAborted(signal, 'searching');
      const seen = image === 'average' ? this.averageInputs() : source.feeds([image], { local });
      const feeds = { ...(this.sees.image ? seen : {}), ...(this.sees.text ? this.words(text) : {}) };
      queries.push(vectorsOf(await this.sessions.run(this.data.query, feeds)));
    }
    return { targets, queries };
  }

  async attention(image: DecodedImage, text?: string): Promise<Float32Array> {
    const file = (text === undefined ? this.data.galleryAttention : this.data.queryAttention) as DataFiles['query'];
    const words = text !== undefined && this.sees.text ? this.words(text) : {};
    const result = await this.sessions.run(file, { ...(await this.inputsOf(image.image)), ...words });
    return result.attention?.data as Float32Array;
  }

  private words(text: string): Feeds {
    return wordSource(this.vocabulary, this.model.words).feeds([text]);
  }

  /** A model's inputs of one image of (size, size, 3) RGB. */
  private async inputsOf(image: Uint8Array): Promise<Feeds> {
    const { image: config, encoder, decoding } = this.model;
    const { size } = decoding;
    if (config.kind !== 'features' || !encoder || !this.data.encoder) {
      const form: PixelForm = encoder ?? { layout: 'NHWC', size, mean: [0, 0, 0], std: [1, 1, 1] };
      return { pixels: tensor('float32', shapeOf(form), normalizedPixels({ ...form, size }, [image])) };
    }
    const { tokens, channels, globalChannels, colourChannels } = config;
    const copies = new Array<Uint8Array>(encoder.batch ?? 1).fill(image);
    const pixels = normalizedPixels(encoder, copies);
    const shape = [copies.length, ...shapeOf(encoder).slice(1)];
    const half = encoder.inputType === 'float16';
    const given = half ? tensor('float16', shape, toFloat16(pixels)) : tensor('float32', shape, pixels);
    const result = await this.sessions.run(this.data.encoder, { [encoder.input]: given });
    const layout = { tokens, localChannels: channels, globalChannels, grid: Math.round(Math.sqrt(tokens)) };
    const [width, wholeWidth] = [channels + colourChannels, globalChannels + colourChannels];
    const out = { local: new Float32Array(tokens * width), global: new Float32Array(wholeWidth) };
    const outputs = {
      local: result[encoder.outputs.local] as Tensor<'float32'>,
      global: result[encoder.outputs.global] as Tensor<'float32'>,
    };
    writeFeatures(encoder, layout, outputs, [image], out);
    return {
      local: tensor('float16', [1, tokens, width], toFloat16(out.local)),
      global: tensor('float16', [1, wholeWidth], toFloat16(out.global)),
    };
  }

  private averageInputs(): Feeds {
    return Object.fromEntries(
      this.model.average.map(({ name, dtype, shape, data }) => {
        const { buffer } = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
        return [
          name,
          dtype === 'float16' ? tensor(dtype, shape, new Uint16Array(buffer)) : tensor(dtype, shape, new Float32Array(buffer)),
        ];
      }),
    );
  }
}

const shapeOf = ({ layout, size }: Pick<PixelForm, 'layout' | 'size'>) =>
  layout === 'NHWC' ? [1, size, size, 3] : [1, 3, size, size];

/** Rows that are asked for one at a time. */
function oneByOne(rows: readonly Feeds[]): EncodedImages {
  return {
    feeds: (wanted, { local = true } = {}) => {
      const inputs = Object.entries(rows[wanted[0] as number] as Feeds);
      return Object.fromEntries(inputs.filter(([name]) => local || name !== 'local'));
    },
  };
}

function vectorsOf({ matching, factors }: Record<string, Tensor>): EmbeddingVectors {
  return {
    matching: matching?.data as Float32Array,
    factors: (factors?.data ?? new Float32Array(0)) as Float32Array,
  };
}
