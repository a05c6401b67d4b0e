/** What a frozen picture encoder is to the rest of limn, and the one that runs an ONNX file. */

import { sha256 } from '../../../core/files.js';
import { formerNames, readableAs } from '../../../core/former-names.js';
import { chosenDevice } from '../../../engine/runtime/device.js';
import { Session, type SessionOptions } from '../../../engine/runtime/session.js';
import { byteGraph } from './byte-graph.js';
import { colourChannels } from './colour.js';
import { type EncoderDescription, imageSettings, loadDescription, weightsHashes } from './description.js';
import { featureRecordsOf, type GraphLayout, writeFeatures } from './encoder-features.js';
import { type ImageSettings, imageSettingsId } from './image.js';
import { layoutOf, requireNames, runByteGraph, runGraph, runToHalves } from './image-graph.js';

/** Features of N images. */
export interface ImageFeatureArrays {
  /** (N, tokens, channels), places row by row. */
  local: Float32Array;
  /** (N, channels). */
  global: Float32Array;
}

/** What computes features of images and is not trained. */
export interface FrozenImageEncoder {
  /** Equal ids give equal features: a hash of the description, the preprocessing and the weights. */
  readonly id: string;
  /** Tokens and channels of the local features of one image. */
  readonly local: { readonly tokens: number; readonly channels: number };
  /** Channels of the global feature. */
  readonly global: { readonly channels: number };
  /** How pictures are decoded for {@link encode}. */
  readonly image: Readonly<ImageSettings>;
  /** Pictures that one run of the encoder takes. */
  readonly batch: number;
  /** Features of pictures that are (size, size, 3) RGB, 0 to 255. */
  encode(images: readonly Uint8Array[]): Promise<ImageFeatureArrays>;
  /** One record an image, as a cache keeps it: local and then global features as binary16. @default made of what {@link encode} gives */
  readonly records?: ((images: readonly Uint8Array[]) => Promise<Uint16Array[]>) | undefined;
  /** Frees threads and memory; nothing may be called afterwards. */
  close(): Promise<void>;
}

/** Few, which keeps the thread that asks responsive. */
const imagesPerRun = 8;

/** A frozen image encoder that runs an ONNX file. */
export class OnnxImageEncoder implements FrozenImageEncoder {
  readonly local: { readonly tokens: number; readonly channels: number };
  readonly global: { readonly channels: number };
  readonly image: Readonly<ImageSettings>;
  readonly batch: number;
  readonly records: FrozenImageEncoder['records'];

  private constructor(
    readonly id: string,
    readonly description: EncoderDescription,
    private readonly session: Session,
    private readonly layout: GraphLayout,
    /** Whether the graph is one of {@link byteGraph}'s. */
    private readonly takesBytes: boolean,
  ) {
    const extra = description.colour ? colourChannels : 0;
    this.local = { tokens: layout.tokens, channels: layout.localChannels + extra };
    this.global = { channels: layout.globalChannels + extra };
    this.image = imageSettings(description);
    readableAs(this, 'picture');
    this.batch = description.batch ?? imagesPerRun;
    if (takesBytes) this.records = (images) => this.recordsOf(images);
  }

  /**
   * Opens the encoder that a JSON file describes; the graph runs in a thread of its own.
   *
   * @throws LimnError CONFIG, ENCODER or RUNTIME when the description, the weights or the graph's inputs and outputs do not fit
   */
  static async open(path: string, options: SessionOptions = {}): Promise<OnnxImageEncoder> {
    const { description, weights } = await loadDescription(path);
    return OnnxImageEncoder.fromWeights(description, weights, options);
  }

  /** Opens an encoder from its description and the path of its ONNX file. */
  static async fromWeights(
    description: EncoderDescription,
    weights: string,
    options: SessionOptions = {},
  ): Promise<OnnxImageEncoder> {
    const id = await encoderId(description, weights);
    const bytes = chosenDevice(options.device) === 'cpu' ? await byteGraph(description, weights) : undefined;
    const session = await Session.open(bytes ?? weights, { label: `encoder ${description.name}`, ...options });
    try {
      const { input, outputs, size, name } = description;
      if (!bytes) requireNames(name, 'input', session.inputs, [input]);
      requireNames(name, 'output', session.outputs, [outputs.local, outputs.global]);
      const grey = new Uint8Array(size * size * 3).fill(128);
      const probe = await (bytes ? runByteGraph : runGraph)(session, description, [grey]);
      return new OnnxImageEncoder(id, description, session, layoutOf(description, probe), bytes !== undefined);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async encode(images: readonly Uint8Array[]): Promise<ImageFeatureArrays> {
    const { tokens } = this.layout;
    const [localChannels, globalChannels] = [this.local.channels, this.global.channels];
    const local = new Float32Array(images.length * tokens * localChannels);
    const global = new Float32Array(images.length * globalChannels);
    for (let start = 0; start < images.length; start += this.batch) {
      const group = images.slice(start, start + this.batch);
      const outputs = await (this.takesBytes ? runByteGraph : runGraph)(this.session, this.description, group);
      writeFeatures(this.description, this.layout, outputs, group, {
        local: local.subarray(start * tokens * localChannels),
        global: global.subarray(start * globalChannels),
      });
    }
    return { local, global };
  }

  private async recordsOf(images: readonly Uint8Array[]): Promise<Uint16Array[]> {
    const records: Uint16Array[] = [];
    for (let start = 0; start < images.length; start += this.batch) {
      const group = images.slice(start, start + this.batch);
      const outputs = await runToHalves(this.session, this.description, group);
      records.push(...featureRecordsOf(this.description, this.layout, outputs, group));
    }
    return records;
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

async function encoderId(description: EncoderDescription, weights: string): Promise<string> {
  const { name, file, batch, externalData, ...meaning } = description;
  const hashes = await weightsHashes(weights, externalData);
  const key = JSON.stringify([imageSettingsId(description), Object.entries(formerNames(meaning)).sort(), hashes]);
  return `${name}-${sha256(key).slice(0, 16)}`;
}
