/** A frozen text encoder that runs an ONNX file: tokens and a whole for each text. */
import { LimnError } from '../../../core/errors.js';
import { sha256, sha256File } from '../../../core/files.js';
import { Session, type SessionOptions } from '../../../engine/runtime/session.js';
import { toFloat16 } from '../../../engine/tensor/float16.js';
import { int64, type Tensor, tensor } from '../../../engine/tensor/tensor.js';
import { weightsHashes } from '../image/description.js';
import { quantizesDynamically } from '../image/dynamic-quantization.js';
import { requireNames } from '../image/image-graph.js';
import { HubTokenizer } from './hub-tokenizer.js';
import type { TextDescription } from './text-description.js';

/** Where the files of a {@link TextDescription} are. */
export interface TextFiles {
  /** The ONNX file. */
  weights: string;
  /** The file tokenizer.json. */
  tokenizer: string;
  /** The file tokenizer_config.json. */
  tokenizerConfig: string;
}

/** Options of {@link OnnxTextEncoder.open}. */
export interface TextEncoderOptions extends SessionOptions {
  /**
   * Places for the tokens of a text, special ones included; longer texts lose words before the last token.
   *
   * @default the most that the encoder takes, 77 for CLIP
   */
  tokens?: number;
}

/** Features of N texts. */
export interface TextFeatures {
  /** (N, tokens, channels) binary16 bits; zeros after a text's last token. */
  local: Uint16Array;
  /** (N) how many of the tokens belong to the text, special ones included. */
  lengths: Int32Array;
  /** (N, channels) binary16 bits. */
  global: Uint16Array;
  /** How many texts did not fit. */
  truncated: number;
}

/** What a text encoder is to the rest of limn. */
export interface FrozenTextEncoder {
  /** Equal ids give equal features: a hash of the description, the tokenizer, the weights and the number of tokens. */
  readonly id: string;
  /** Tokens and channels of the local features of one text. */
  readonly local: { readonly tokens: number; readonly channels: number };
  /** Channels of the global feature. */
  readonly global: { readonly channels: number };
  /** Features of texts, in their order. */
  encode(texts: readonly string[]): Promise<TextFeatures>;
  /** Frees threads and memory; nothing may be called afterwards. */
  close(): Promise<void>;
}

const textsPerRun = 32;

interface OpenedTextEncoder extends Pick<FrozenTextEncoder, 'id' | 'local' | 'global'> {
  description: TextDescription;
  session: Session;
  tokenizer: HubTokenizer;
  alone: boolean;
}

/** A frozen text encoder that runs an ONNX file. */
export class OnnxTextEncoder implements FrozenTextEncoder {
  readonly id: string;
  /** The JSON file that describes it. */
  readonly description: TextDescription;
  readonly local: FrozenTextEncoder['local'];
  readonly global: FrozenTextEncoder['global'];
  private readonly session: Session;
  private readonly tokenizer: HubTokenizer;
  /** What a text gives depends on the texts beside it: each is run for itself. */
  private readonly alone: boolean;

  private constructor(opened: OpenedTextEncoder) {
    this.id = opened.id;
    this.description = opened.description;
    this.local = opened.local;
    this.global = opened.global;
    this.session = opened.session;
    this.tokenizer = opened.tokenizer;
    this.alone = opened.alone;
  }

  /**
   * Opens a text encoder; its graph runs in a thread of its own.
   *
   * @throws LimnError ENCODER, RUNTIME, IO or DATA when the files and the description do not fit together
   */
  static async open(description: TextDescription, files: TextFiles, options: TextEncoderOptions = {}): Promise<OnnxTextEncoder> {
    const { tokens = description.length, ...sessionOptions } = options;
    if (!Number.isInteger(tokens) || tokens < 2 || tokens > description.length) {
      throw new LimnError(
        'CONFIG',
        `The encoder ${description.name} takes 2 to ${description.length} tokens a text, not ${tokens}.`,
      );
    }
    const tokenizer = await HubTokenizer.open(files.tokenizer, files.tokenizerConfig, description.lowercase);
    const alone = await quantizesDynamically(files.weights);
    const id = await encoderId(description, files, tokens, alone);
    const label = `text encoder ${description.name}`;
    const session = await Session.open(files.weights, { label, ...sessionOptions });
    try {
      const { name, inputs, outputs } = description;
      requireNames(name, 'input', session.inputs, Object.values(inputs) as string[]);
      requireNames(name, 'output', session.outputs, [outputs.local, outputs.global]);
      const { ids } = tokenizer.encode('a', tokens);
      const probe = await runTexts(session, description, [ids]);
      const [localChannels, globalChannels] = channelsOf(description, probe);
      const local = { tokens, channels: localChannels };
      const global = { channels: globalChannels };
      return new OnnxTextEncoder({ id, description, local, global, session, tokenizer, alone });
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /**
   * Features of texts, in their order. An empty text has the features of its special tokens alone.
   *
   * @throws LimnError NOT_FINITE when the encoder gives values that float16 cannot hold, RUNTIME
   */
  async encode(texts: readonly string[]): Promise<TextFeatures> {
    const { tokens, channels } = this.local;
    const encoded = texts.map((text) => this.tokenizer.encode(text, tokens));
    const lengths = Int32Array.from(encoded, ({ ids }) => ids.length);
    const local = new Uint16Array(texts.length * tokens * channels);
    const global = new Uint16Array(texts.length * this.global.channels);
    // Texts of like length share a run, so that little is padded.
    const order = [...lengths.keys()].sort((a, b) => (lengths[a] as number) - (lengths[b] as number));
    const most = this.alone ? 1 : (this.description.batch ?? textsPerRun);
    const length = (row: number | undefined) => lengths[row as number];
    for (let start = 0, end = 0; start < order.length; start = end) {
      end = Math.min(start + most, order.length);
      if (this.description.attendsPadding) while (length(order[end - 1]) !== length(order[start])) end--;
      const rows = order.slice(start, end);
      const outputs = await runTexts(
        this.session,
        this.description,
        rows.map((row) => encoded[row]?.ids as number[]),
      );
      const padded = outputs.local.shape[1] as number;
      rows.forEach((row, i) => {
        const from = i * padded * channels;
        const size = (lengths[row] as number) * channels;
        local.set(toFloat16(outputs.local.data.subarray(from, from + size)), row * tokens * channels);
        const width = this.global.channels;
        global.set(toFloat16(outputs.global.data.subarray(i * width, (i + 1) * width)), row * width);
      });
    }
    if ([local, global].some((halves) => halves.some((half) => (half & 0x7c00) === 0x7c00))) {
      throw new LimnError(
        'NOT_FINITE',
        `The text encoder ${this.description.name} gives NaN or values over 65504. Use another one.`,
      );
    }
    return { local, lengths, global, truncated: encoded.filter(({ truncated }) => truncated).length };
  }

  /** Whether padding behind a text changes what the graph gives of it. A mask may be passed over, or a convolution reach behind it. */
  async attendsPadding(): Promise<boolean> {
    const { inputs, fixedLength, padding, batch = 2 } = this.description;
    const { ids } = this.tokenizer.encode('a', this.local.tokens);
    if (fixedLength || this.alone || batch === 1 || ids.length >= this.local.tokens) return false;
    const run = (texts: number[][]) => runTexts(this.session, this.description, texts);
    const padded = [...ids, padding];
    // Beside a longer text a mask hides the padding of the shorter one; without one, padding is a token as any other.
    const [own, other] = [await run([ids]), await run(inputs.mask === undefined ? [padded] : [ids, padded])];
    // Files in half precision have masks, and round otherwise beside a longer text.
    const rounding = inputs.mask === undefined ? 1e-4 : 2e-3;
    const differs = (a: Float32Array, b: Float32Array) =>
      a.some((x, i) => !(Math.abs(x - (b[i] as number)) <= rounding * Math.max(1, Math.abs(x))));
    const size = ids.length * this.local.channels;
    const rowOf = ({ local }: TextOutputs) => local.data.subarray(0, size);
    const wholeOf = ({ global }: TextOutputs) => global.data.subarray(0, this.global.channels);
    return differs(rowOf(own), rowOf(other)) || differs(wholeOf(own), wholeOf(other));
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

interface TextOutputs {
  local: Tensor<'float32'>;
  global: Tensor<'float32'>;
}

/** Runs texts through the graph, padded to the longest or to what the graph insists on. */
async function runTexts(session: Session, description: TextDescription, texts: readonly number[][]): Promise<TextOutputs> {
  const { inputs, outputs, dtype, fixedLength, padding, batch = texts.length } = description;
  const length = fixedLength ? description.length : Math.max(...texts.map((ids) => ids.length));
  const ids = new Array<number>(batch * length).fill(padding);
  const mask = new Array<number>(batch * length).fill(0);
  for (let row = 0; row < batch; row++) {
    const text = texts[Math.min(row, texts.length - 1)] as number[];
    text.forEach((id, i) => {
      ids[row * length + i] = id;
      mask[row * length + i] = 1;
    });
  }
  const shape = [batch, length];
  const integers = (values: number[]) =>
    dtype === 'int64' ? int64(shape, values) : tensor('int32', shape, Int32Array.from(values));
  const feeds: Record<string, Tensor> = { [inputs.ids]: integers(ids) };
  if (inputs.mask !== undefined) feeds[inputs.mask] = integers(mask);
  if (inputs.types !== undefined) feeds[inputs.types] = integers(new Array<number>(batch * length).fill(0));
  const result = await session.run(feeds, { fetch: [...new Set([outputs.local, outputs.global])], transfer: true });
  return { local: result[outputs.local] as Tensor<'float32'>, global: result[outputs.global] as Tensor<'float32'> };
}

function channelsOf({ name, outputs, batch = 1 }: TextDescription, { local, global }: { local: Tensor; global: Tensor }) {
  const fits = local.dtype === 'float32' && global.dtype === 'float32' && local.shape.length === 3 && global.shape.length === 2;
  if (fits && local.shape[0] === batch && global.shape[0] === batch) return [local.shape[2], global.shape[1]] as [number, number];
  throw new LimnError(
    'ENCODER',
    `The encoder ${name} does not fit its description: ${outputs.local} is ${local.dtype} [${local.shape}] and ${outputs.global} is ${global.dtype} [${global.shape}], not float32 [${batch}, tokens, channels] and [${batch}, channels].`,
    { details: { local: local.shape, global: global.shape } },
  );
}

async function encoderId(description: TextDescription, files: TextFiles, tokens: number, alone: boolean): Promise<string> {
  const { name, file, batch, externalData, tokenizer, tokenizerConfig, ...meaning } = description;
  const hashes = await weightsHashes(files.weights, externalData);
  const texts = await Promise.all([files.tokenizer, files.tokenizerConfig].map(sha256File));
  return `${name}-text-${sha256(JSON.stringify([Object.entries(meaning).sort(), hashes, texts, tokens, ...(alone ? ['alone'] : [])])).slice(0, 16)}`;
}
