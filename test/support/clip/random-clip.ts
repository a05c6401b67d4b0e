/**
 * Writes a folder like one of the Hub's: CLIP's graphs with random weights, settings and a tokenizer, in the layout of
 * transformers.js. It stands in for a real CLIP wherever numbers do not matter: tests, timings, trying out imports.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '#limn/core/files.js';
import { Random } from '#limn/core/random.js';
import { encodeModel, Graph, type Value } from '#limn/engine/graph/index.js';
import { Context, type Init } from '#limn/engine/nn/context.js';
import { float32, type Shape } from '#limn/engine/tensor/tensor.js';
import { byteTokenizer, byteVocabulary } from './byte-tokenizer.js';
import {
  type ModifiedResNetSizes,
  modifiedResNet,
  type TextSizes,
  type Tower,
  textTransformer,
  type VisionTransformerSizes,
  visionTransformer,
} from './towers.js';

export interface ClipSizes {
  /** Side of a picture in pixels. */
  image: number;
  vision: VisionTransformerSizes | ModifiedResNetSizes;
  text: TextSizes;
  /** The most tokens of a text. */
  length: number;
  /** Width of the space that pictures and texts share. */
  projection: number;
}

export const clipSizes = {
  tiny: {
    image: 32,
    vision: { patch: 8, width: 24, layers: 2, heads: 3 },
    text: { width: 16, layers: 2, heads: 2, vocabulary: byteVocabulary },
    length: 20,
    projection: 12,
  },
  'tiny-resnet': {
    image: 64,
    vision: { width: 4, blocks: [1, 1, 1, 1], heads: 4 },
    text: { width: 16, layers: 1, heads: 2, vocabulary: byteVocabulary },
    length: 20,
    projection: 12,
  },
  'vit-b-32': {
    image: 224,
    vision: { patch: 32, width: 768, layers: 12, heads: 12 },
    text: { width: 512, layers: 12, heads: 8, vocabulary: 49408 },
    length: 77,
    projection: 512,
  },
  rn50: {
    image: 224,
    vision: { width: 64, blocks: [3, 4, 6, 3], heads: 32 },
    text: { width: 512, layers: 12, heads: 8, vocabulary: 49408 },
    length: 77,
    projection: 1024,
  },
} as const satisfies Record<string, ClipSizes>;

export interface RandomClipOptions {
  /** @default 1 */
  seed?: number;
  /** Pictures, and texts, that a run of the graphs takes. @default 1 */
  batch?: number;
  /** Whether the graphs give their last hidden state; some files of the Hub give the embedding alone. @default true */
  hiddenStates?: boolean;
}

/** CLIP's own numbers. */
const mean = [0.48145466, 0.4578275, 0.40821073];
const std = [0.26862954, 0.26130258, 0.27577711];

/** Writes config.json, preprocessor_config.json, tokenizer.json, tokenizer_config.json and onnx/{vision,text}_model.onnx. */
export async function writeRandomClip(folder: string, sizes: ClipSizes, options: RandomClipOptions = {}): Promise<void> {
  const { image, vision, text, length, projection } = sizes;
  const { tokenizer, config: tokenizerConfig } = byteTokenizer(text.vocabulary, length);
  const files = {
    'config.json': {
      model_type: 'clip',
      projection_dim: projection,
      vision_config: { image_size: image, ...('patch' in vision ? { patch_size: vision.patch } : {}) },
      text_config: { max_position_embeddings: length, vocab_size: text.vocabulary, eos_token_id: text.vocabulary - 1 },
    },
    'preprocessor_config.json': {
      image_processor_type: 'CLIPImageProcessor',
      do_resize: true,
      size: { shortest_edge: image },
      resample: 3,
      do_center_crop: true,
      crop_size: { height: image, width: image },
      do_rescale: true,
      do_normalize: true,
      image_mean: mean,
      image_std: std,
    },
    'tokenizer.json': tokenizer,
    'tokenizer_config.json': tokenizerConfig,
  };
  for (const [name, content] of Object.entries(files)) await writeFileAtomic(join(folder, name), JSON.stringify(content));
  await writeFileAtomic(join(folder, 'onnx', 'vision_model.onnx'), randomVision(sizes, options));
  await writeFileAtomic(join(folder, 'onnx', 'text_model.onnx'), randomText(sizes, options));
}

function randomVision(
  { image, vision, projection }: ClipSizes,
  { seed = 1, batch = 1, hiddenStates = true }: RandomClipOptions,
): Uint8Array {
  const context = new RandomContext(new Graph('clip-vision'), new Random(seed));
  const pixels = context.graph.input('pixel_values', 'float32', [batch, 3, image, image]);
  const tower =
    'patch' in vision
      ? visionTransformer(context, pixels, vision, projection)
      : modifiedResNet(context, pixels, vision, projection);
  return encoded(context.graph, 'image_embeds', tower, hiddenStates);
}

function randomText(
  { text, length, projection }: ClipSizes,
  { seed = 1, batch = 1, hiddenStates = true }: RandomClipOptions,
): Uint8Array {
  const context = new RandomContext(new Graph('clip-text'), new Random(seed + 1));
  const [ids, mask] = ['input_ids', 'attention_mask'].map((name) => context.graph.input(name, 'int64', [batch, length]));
  return encoded(
    context.graph,
    'text_embeds',
    textTransformer(context, ids as Value, mask as Value, text, projection),
    hiddenStates,
  );
}

function encoded(graph: Graph, name: string, { local, global }: Tower, hiddenStates: boolean): Uint8Array {
  graph.output(name, global);
  if (hiddenStates) graph.output('last_hidden_state', local);
  return encodeModel(graph);
}

/** Parameters are constants: their initial values, and vectors a little beside them, so that no two are equal. */
class RandomContext extends Context {
  readonly training = false;

  constructor(
    graph: Graph,
    private readonly random: Random,
    prefix = '',
  ) {
    super(graph, prefix);
  }

  scope(name: string): RandomContext {
    return new RandomContext(this.graph, this.random, this.qualified(name));
  }

  parameter(name: string, shape: Shape, init: Init): Value {
    const values = init(this.random, shape);
    const moved = shape.length === 1 ? values.map((value) => value + 0.02 * this.random.normal()) : values;
    return this.graph.constant(float32(shape, moved), this.qualified(name));
  }

  buffer(name: string, shape: Shape): Value {
    throw new Error(`a random model has no stored ${this.qualified(name)} [${shape}]`);
  }

  dropout(x: Value): Value {
    return x;
  }
}
