/** Folders and files in the forms that people have, made of graphs whose features are plain means of colours. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { byteTokenizer } from '../../../../test/support/clip/byte-tokenizer.js';
import * as f from '../../../engine/graph/functions.js';
import { encodeModel, Graph, type Value } from '../../../engine/graph/index.js';
import { type FileNodeSpec, type FileSpec, onnxFile } from '../../../engine/graph/testing/onnx-file.js';
import { float32, int64 } from '../../../engine/tensor/tensor.js';
import { TextReader } from '../../retrieval/text-reader.js';
import { OnnxImageEncoder } from '../image/image-encoder.js';
import { OnnxTextEncoder } from '../text/text-encoder.js';
import { encoderFindings, findingLines } from './findings.js';
import { type ImportOptions, importEncoder } from './import-encoder.js';

const scratch = mkdtempSync(join(tmpdir(), 'limn-forms-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv('LIMN_HOME', mkdtempSync(join(scratch, 'home-')));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const size = 16;
const preprocessor = {
  image_processor_type: 'ViTImageProcessor',
  size: { height: size, width: size },
  image_mean: [0, 0, 0],
  image_std: [1, 1, 1],
};
/** Left half red, right half blue; the top quarter brighter. */
const image = Uint8Array.from({ length: size * size * 3 }, (_, i) => {
  const [row, column, channel] = [Math.floor(i / (size * 3)), Math.floor(i / 3) % size, i % 3];
  return (channel === 0) === column < size / 2 ? 40 + row * 8 : 10;
});

/** Mean colours of `grid` x `grid` cells: (1, 3, grid, grid). */
function cells(pixels: Value, grid: number): Value {
  const cell = size / grid;
  return f.reduceMean(f.reshape(pixels, [1, 3, grid, cell, grid, cell]), [3, 5]);
}
const tokensOf = (map: Value, grid: number) => f.transpose(f.reshape(map, [1, 3, grid * grid]), [0, 2, 1]);

function writeModel(
  folder: string,
  file: string,
  make: (pixels: Value, graph: Graph) => Record<string, Value>,
  shape = [1, 3, size, size],
): string {
  const graph = new Graph('form');
  const outputs = make(graph.input('pixel_values', 'float32', shape), graph);
  for (const [name, value] of Object.entries(outputs)) graph.output(name, value);
  const path = join(folder, file);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, encodeModel(graph));
  return path;
}

function newFolder(settings: Record<string, unknown> = { 'preprocessor_config.json': preprocessor }): string {
  const folder = mkdtempSync(join(scratch, 'model-'));
  for (const [name, content] of Object.entries(settings)) writeFileSync(join(folder, name), JSON.stringify(content));
  return folder;
}

async function features(folder: string, options: ImportOptions = {}) {
  const encoder = await importEncoder(folder, { name: 'form', ...options });
  const { description, weights } = encoder.image!;
  const opened = await OnnxImageEncoder.fromWeights(description, weights);
  const { local, global } = await opened.encode([image]);
  await opened.close();
  return { encoder, description, local: [...local], global: [...global], tokens: opened.local.tokens };
}

/** Means of cells in plain arithmetic: [place][colour]. */
function expected(grid: number): number[][] {
  const cell = size / grid;
  return Array.from({ length: grid * grid }, (_, place) =>
    [0, 1, 2].map((channel) => {
      let sum = 0;
      for (let y = 0; y < cell; y++) {
        for (let x = 0; x < cell; x++) {
          const [row, column] = [Math.floor(place / grid) * cell + y, (place % grid) * cell + x];
          sum += (image[(row * size + column) * 3 + channel] as number) / 255;
        }
      }
      return sum / cell ** 2;
    }),
  );
}
const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5));

describe('image encoders in forms that people have', () => {
  it('pools (N, C, 1, 1), and takes what the mean of places was made of for the places', async () => {
    const folder = newFolder();
    writeModel(folder, 'model.onnx', (pixels) => ({ pooler_output: f.reduceMean(cells(pixels, 4), [2, 3], { keepDims: true }) }));
    const { description, local, global } = await features(folder);
    expect(description.outputs).toEqual({ local: 'limn_local', global: 'limn_global', localForm: 'map', skipTokens: 0 });
    expect(local).toEqual(near(expected(4).flat()));
    expect(global).toEqual(near(expected(1).flat()));
  });

  it('takes what an attention pool selects from, (tokens, N, channels), and not the product that it is a form of', async () => {
    const folder = newFolder();
    writeModel(folder, 'model.onnx', (pixels) => {
      const places = f.transpose(tokensOf(cells(pixels, 4), 4), [1, 0, 2]);
      const tokens = f.concat([f.mul(f.reduceMean(places, [0], { keepDims: true }), 2), places], 0);
      const product = f.mul(f.reshape(tokens, [17, 3]), 3);
      return { output: f.reshape(f.slice(f.reshape(product, [17, 1, 3]), 0, 0, 1), [1, 3]) };
    });
    const { description, local, global, encoder } = await features(folder);
    expect(description.outputs).toMatchObject({ localForm: 'tokens', skipTokens: 1 });
    expect(local).toEqual(near(expected(4).flatMap((colours) => colours.map((x) => 3 * x))));
    expect(global).toEqual(near(expected(1).flatMap((colours) => colours.map((x) => 6 * x))));
    expect((await encoderFindings(encoder)).notes).toContainEqual(
      expect.stringMatching(/has the shape \(17, N, 3\): it is taken as \(tokens, N, channels\)\.$/),
    );
  });

  it('takes the mean of places before channels that were shuffled or selected further back', async () => {
    const folder = newFolder();
    writeModel(folder, 'model.onnx', (pixels) => {
      const [first, ...others] = f.split(cells(pixels, 4), [1, 1, 1], 1);
      const shuffled = f.concat([...others, f.slice(f.mul(f.concat([first!, first!], 1), 2), 1, 1, 2)], 1);
      return { output: f.reduceMean(shuffled, [2, 3]) };
    });
    const { description, local, global } = await features(folder);
    expect(description.outputs).toMatchObject({ localForm: 'map', skipTokens: 0 });
    const turned = ([red, green, blue]: number[]) => [green!, blue!, 2 * red!];
    expect(local).toEqual(near(expected(4).flatMap(turned)));
    expect(global).toEqual(near(expected(1).flatMap(turned)));
  });

  it('refuses detection tokens, which stand behind those of places', async () => {
    const config = { model_type: 'yolos', num_detection_tokens: 5 };
    const folder = newFolder({ 'preprocessor_config.json': preprocessor, 'config.json': config });
    writeModel(folder, 'model.onnx', (pixels) => {
      const tokens = tokensOf(cells(pixels, 4), 4);
      return { last_hidden_state: f.concat([tokens, f.slice(tokens, 1, 0, 5)], 1) };
    });
    await expect(importEncoder(folder, { name: 'form' })).rejects.toThrow(/5 detection tokens behind those of places/);
  });

  it('passes over the one place that a learned query gives', async () => {
    const folder = newFolder();
    writeModel(folder, 'model.onnx', (pixels, graph) => {
      const scale = graph.constant(float32([3], [1, 2, 3]));
      const tokens = f.layerNormalization(tokensOf(cells(pixels, 4), 4), scale);
      const weights = f.softmax(f.transpose(f.reduceMean(tokens, [2], { keepDims: true }), [0, 2, 1]));
      return { pooler_output: f.reshape(f.slice(f.matmul(weights, tokens), 1, 0, 1), [1, 3]) };
    });
    const { local, tokens } = await features(folder);
    expect(tokens).toBe(16);
    const normalized = expected(4).flatMap((colours) => {
      const mean = colours.reduce((a, b) => a + b) / 3;
      const deviation = Math.sqrt(colours.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 3 + 1e-5);
      return colours.map((x, i) => ((i + 1) * (x - mean)) / deviation);
    });
    expect(local).toEqual(normalized.map((x) => expect.closeTo(x, 3)));
  });

  it.each([
    ['class', 0],
    ['mean', undefined],
  ] as const)('makes a global feature of tokens alone: %s', async (globalFeature, _) => {
    const folder = newFolder();
    writeModel(folder, 'model.onnx', (pixels) => {
      const tokens = tokensOf(cells(pixels, 4), 4);
      const first = f.mul(f.reduceMean(tokens, [1], { keepDims: true }), 2);
      return { last_hidden_state: f.concat([first, tokens], 1) };
    });
    const { description, local, global, encoder } = await features(folder, { globalFeature });
    const whole = expected(1).flat();
    expect(description.outputs.skipTokens).toBe(1);
    expect(local).toEqual(near(expected(4).flat()));
    expect(global).toEqual(near(globalFeature === 'class' ? whole.map((x) => 2 * x) : whole));
    const said =
      globalFeature === 'class' ? 'the class token of last_hidden_state' : 'the mean of the 16 places of last_hidden_state';
    expect(description.outputs.globalFrom).toBe(said);
    expect(findingLines(await encoderFindings(encoder))).toContain(`note: The global feature is ${said}.`);
  });

  it('tells a map of (N, H, W, C) by its shape, and asks where the shape does not tell', async () => {
    const folder = newFolder();
    writeModel(folder, 'model.onnx', (pixels) => ({ last_hidden_state: f.transpose(cells(pixels, 4), [0, 2, 3, 1]) }));
    const { description, local, global, encoder } = await features(folder);
    expect(description.outputs.localForm).toBe('map');
    expect(local).toEqual(near(expected(4).flat()));
    expect(global).toEqual(near(expected(1).flat()));
    const { notes } = await encoderFindings(encoder);
    expect(notes).toContain('last_hidden_state has the shape (N, 4, 4, 3): it is taken as (N, height, width, channels).');

    const cube = newFolder();
    writeModel(cube, 'model.onnx', (pixels) => {
      const map = cells(pixels, 4);
      return { last_hidden_state: f.transpose(f.concat([map, f.reduceMean(map, [1], { keepDims: true })], 1), [0, 2, 3, 1]) };
    });
    const error = await importEncoder(cube, { name: 'cube' }).catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/\(N, 4, 4, 4\).*--map-layout NCHW or --map-layout NHWC/),
    });
    const said = await features(cube, { mapLayout: 'NHWC' });
    expect(said.local.filter((_, i) => i % 4 !== 3)).toEqual(near(expected(4).flat()));
  });

  it('takes images as (N, H, W, 3) where the input says so', async () => {
    const folder = newFolder();
    const make = (pixels: Value) => {
      const tokens = tokensOf(cells(f.transpose(pixels, [0, 3, 1, 2]), 2), 2);
      return { last_hidden_state: tokens, pooler_output: f.reduceMean(tokens, [1]) };
    };
    writeModel(folder, 'model.onnx', make, [1, size, size, 3]);
    const { description, local } = await features(folder);
    expect(description).toMatchObject({ layout: 'NHWC', batch: 1 });
    expect(local).toEqual(near(expected(2).flat()));
  });

  it.each([
    ['processor_config.json', { image_processor: preprocessor, processor_class: 'XProcessor' }],
    [
      'config.json',
      { architecture: 'x', pretrained_cfg: { input_size: [3, size, size], crop_pct: 1, mean: [0, 0, 0], std: [1, 1, 1] } },
    ],
    [
      'open_clip_config.json',
      { model_cfg: { vision_cfg: { image_size: size } }, preprocess_cfg: { mean: [0, 0, 0], std: [1, 1, 1] } },
    ],
  ])('reads %s', async (name, content) => {
    const folder = newFolder({ [name]: content });
    writeModel(folder, 'onnx/model.onnx', (pixels) => ({ last_hidden_state: tokensOf(cells(pixels, 2), 2) }));
    const { local, encoder } = await features(folder);
    expect(local).toEqual(near(expected(2).flat()));
    expect((await encoderFindings(encoder)).notes).toContain(`Pictures are prepared as ${name} says.`);
  });

  it('takes a file, and asks by name for what nothing says', async () => {
    const folder = newFolder({});
    const file = writeModel(folder, 'some encoder.onnx', (pixels) => ({ features: tokensOf(cells(pixels, 2), 2) }));
    const error = await importEncoder(file, { name: 'alone' }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'USAGE', message: expect.stringMatching(/Give --mean, --std \(and --resampling/) });
    expect(readdirSync(join(process.env.LIMN_HOME!, 'encoders'))).toEqual([]);
    const { description, local } = await features(file, { mean: [0, 0, 0], std: [1, 1, 1] });
    expect(description).toMatchObject({ size, resampling: 'pillow-bicubic', fit: 'cover' });
    expect(local).toEqual(near(expected(2).flat()));
    await expect(importEncoder(file, { name: 'x', mean: [0, 0, 0], std: [1, 1, 1], size: 32 })).rejects.toThrow(
      'The graph takes pictures of 16 pixels, and --size says 32',
    );
  });

  it('takes whole weights before halved ones, and asks which of several encoders is meant', async () => {
    const folder = newFolder();
    const make = (factor: number) => (pixels: Value) => ({ last_hidden_state: f.mul(tokensOf(cells(pixels, 2), 2), factor) });
    writeModel(folder, 'model_fp16.onnx', make(3));
    writeModel(folder, 'model.onnx', make(1));
    expect((await features(folder)).local).toEqual(near(expected(2).flat()));
    expect((await features(folder, { dtype: 'fp16' })).local).toEqual(
      near(
        expected(2)
          .flat()
          .map((x) => 3 * x),
      ),
    );
    writeModel(folder, 'other.onnx', make(2));
    await expect(importEncoder(folder, { name: 'several' })).rejects.toThrow(
      /has several encoders of images: model\.onnx, other\.onnx\. Give the file/,
    );
    expect((await features(join(folder, 'other.onnx'))).local).toEqual(
      near(
        expected(2)
          .flat()
          .map((x) => 2 * x),
      ),
    );
  });

  it('says which settings the class of its image processor does not read', async () => {
    const folder = newFolder({ 'preprocessor_config.json': { ...preprocessor, crop_pct: 0.9, include_top: true } });
    writeModel(folder, 'model.onnx', (pixels) => ({ last_hidden_state: tokensOf(cells(pixels, 2), 2) }));
    const { encoder } = await features(folder);
    expect((await encoderFindings(encoder)).notes).toContain(
      'Its image processor does not read crop_pct, include_top, and limn passes over that too.',
    );
  });

  it('takes the model, not what optimizers wrote beside it', async () => {
    const folder = newFolder();
    writeModel(folder, 'onnx/model.onnx', (pixels) => ({ last_hidden_state: tokensOf(cells(pixels, 2), 2) }));
    for (const kind of ['optimized', 'O3', 'qint8_avx512', 'quint8_avx2'])
      writeModel(folder, `onnx/model_${kind}.onnx`, (pixels) => ({ last_hidden_state: tokensOf(cells(pixels, 4), 4) }));
    const { tokens, description } = await features(folder);
    expect([tokens, description.file]).toEqual([4, 'form/onnx/model.limn.onnx']);
  });

  it.each(['weights/model.bin', './model.bin'])('brings along weights in %s', async (location) => {
    const folder = newFolder();
    const scale = float32([1], [0.5]);
    const bytes = onnxFile({
      inputs: { pixel_values: { dtype: 'float32', dims: [1, 3, size, size] } },
      outputs: ['last_hidden_state'],
      initializers: { scale, shape: int64([4], [1, 3, 2, size * (size / 2)]) },
      nodes: [
        { type: 'Mul', inputs: ['pixel_values', 'scale'], outputs: ['scaled'] },
        { type: 'Reshape', inputs: ['scaled', 'shape'], outputs: ['halves'] },
        { type: 'ReduceMean', inputs: ['halves'], outputs: ['means'], attributes: { axes: [3], keepdims: 0 } },
        { type: 'Transpose', inputs: ['means'], outputs: ['last_hidden_state'], attributes: { perm: [0, 2, 1] } },
      ],
      external: { scale: { location } },
    });
    writeFileSync(join(folder, 'model.onnx'), bytes);
    await expect(importEncoder(folder, { name: 'form', skipTokens: 0 })).rejects.toThrow(/model\.bin, which is not beside it/);
    mkdirSync(join(folder, location, '..'), { recursive: true });
    writeFileSync(join(folder, location), new Uint8Array(Float32Array.of(0.5).buffer));
    const { encoder, local } = await features(folder, { skipTokens: 0 });
    expect(encoder.image?.description.externalData).toEqual([location.replace('./', '')]);
    const halves = expected(2);
    expect(local).toEqual(near([0, 2].flatMap((row) => [0, 1, 2].map((c) => (halves[row]![c]! + halves[row + 1]![c]!) / 4))));
  });

  it.each<[string, NonNullable<FileSpec['inputs']>, RegExp]>([
    [
      'patches of images of any shape',
      {
        pixel_values: { dtype: 'float32', dims: ['N', 256, 768] },
        pixel_attention_mask: { dtype: 'int64', dims: ['N', 256] },
        spatial_shapes: { dtype: 'int64', dims: ['N', 2] },
      },
      /takes pixel_values, float32 \(\?, 256, 768\); .*patches of images of any shape.*siglip2-base-patch16-224/,
    ],
    [
      'images and texts',
      { pixel_values: { dtype: 'float32', dims: [1, 3, 4, 4] }, input_ids: { dtype: 'int64', dims: [1, 6] } },
      /takes images and texts in one.*vision_model.onnx and text_model.onnx/,
    ],
  ])('refuses a file that takes %s', async (_, inputs, said) => {
    const folder = newFolder();
    const nodes = [{ type: 'ReduceMean', inputs: ['pixel_values'], outputs: ['image_embeds'], attributes: { axes: [1] } }];
    writeFileSync(join(folder, 'model.onnx'), onnxFile({ inputs, outputs: ['image_embeds'], nodes }));
    await expect(importEncoder(folder, { name: 'form' })).rejects.toThrow(said);
  });

  it('leaves an encoder that is there as it is when another of its name cannot be used', async () => {
    const folder = newFolder();
    writeModel(folder, 'model.onnx', (pixels) => ({ last_hidden_state: tokensOf(cells(pixels, 2), 2) }));
    const { encoder } = await features(folder);
    const before = readdirSync(encoder.folder).sort();
    writeModel(folder, 'model.onnx', (pixels) => ({ logits: f.reduceMean(cells(pixels, 2), [2, 3]) }));
    await expect(importEncoder(folder, { name: 'form' })).rejects.toThrow(/gives no embedding: its outputs are logits/);
    expect(readdirSync(encoder.folder).sort()).toEqual(before);
    expect(readdirSync(join(process.env.LIMN_HOME!, 'encoders'))).toEqual(['form']);
    expect(existsSync(encoder.image!.weights)).toBe(true);
  });
});

describe('a text encoder alone', () => {
  function writeText(folder: string, outputs: (table: Value, mask: Value) => Record<string, Value>): void {
    const graph = new Graph('text');
    const [n, length] = [1, 6];
    const inputs = ['input_ids', 'attention_mask', 'token_type_ids'].map((name) => graph.input(name, 'int64', [n, length]));
    const [ids, mask, types] = inputs.map((value) => f.reshape(f.cast(value, 'float32'), [n, length, 1])) as [
      Value,
      Value,
      Value,
    ];
    // Ids and the type of a token are its two channels.
    const tokens = f.concat([ids, types], 2);
    for (const [name, value] of Object.entries(outputs(tokens, mask))) graph.output(name, value);
    writeFileSync(join(folder, 'model.onnx'), encodeModel(graph));
    const { tokenizer, config } = byteTokenizer(514, 6);
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  }

  it('has no mean of its tokens where no mask tells them from padding', async () => {
    const folder = newFolder({});
    const graph = new Graph('text');
    const ids = f.reshape(f.cast(graph.input('input_ids', 'int64', [1, 6]), 'float32'), [1, 6, 1]);
    graph.output('last_hidden_state', f.concat([ids, ids], 2));
    writeFileSync(join(folder, 'model.onnx'), encodeModel(graph));
    const { tokenizer, config } = byteTokenizer(514, 6);
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
    await expect(importEncoder(folder, { name: 'text', textGlobalFeature: 'mean' })).rejects.toThrow(
      /takes no attention_mask, .* there is no mean of them\. Give --text-global-feature class\.$/,
    );
    await expect(importEncoder(folder, { name: 'text', textGlobalFeature: 'class' })).resolves.toHaveProperty('text.description');
  });

  it('has zeros for token types, and asks what stands for a text', async () => {
    const folder = newFolder({});
    writeText(folder, (tokens) => ({ last_hidden_state: tokens }));
    await expect(importEncoder(folder, { name: 'text' })).rejects.toThrow(
      /gives no embedding of a whole text: .* Give --text-global-feature mean or --text-global-feature class\.$/,
    );
    const encoder = await importEncoder(folder, { name: 'text', textGlobalFeature: 'mean' });
    expect(encoder.image).toBeUndefined();
    expect(encoder.text?.description).toMatchObject({ inputs: { types: 'token_type_ids' }, length: 6, batch: 1 });
    const opened = await OnnxTextEncoder.open(encoder.text!.description, encoder.text!.files);
    const { global } = await opened.encode(['a']);
    await opened.close();
    // Start, "a" at the end of its word, end: 512, 353, 513; in half precision a mean of 459.5 is near enough.
    const { fromFloat16 } = await import('../../../engine/tensor/float16.js');
    expect([...fromFloat16(global)]).toEqual([expect.closeTo((512 + 353 + 513) / 3, 0), 0]);
    expect(findingLines(await encoderFindings(encoder)).join('\n')).toContain('texts: model.limn.onnx');
  });

  /** Each token as a number, with the mean of all, padding included; the mean of all that is the embedding. */
  function dynamicText(before: FileNodeSpec[] = [], inputs: FileSpec['inputs'] = {}): Uint8Array {
    const small = before.at(-1)?.outputs[0] ?? 'small';
    return onnxFile({
      opset: 17,
      inputs: { input_ids: { dtype: 'int64', dims: ['N', 'L'] }, ...inputs },
      outputs: ['last_hidden_state', 'sentence_embedding'],
      initializers: { axis: int64([1], [2]), example: int64([2], [1, 3]), scale: float32([], [1 / 512]) },
      nodes: [
        { type: 'Cast', inputs: ['input_ids'], outputs: ['float'], attributes: { to: 1 } },
        { type: 'Mul', inputs: ['float', 'scale'], outputs: ['small'] },
        ...before,
        { type: 'ReduceMean', inputs: [small], outputs: ['mean'], attributes: { axes: [1], keepdims: 1 } },
        { type: 'Add', inputs: [small, 'mean'], outputs: ['sum'] },
        { type: 'Unsqueeze', inputs: ['sum', 'axis'], outputs: ['last_hidden_state'] },
        {
          type: 'ReduceMean',
          inputs: ['last_hidden_state'],
          outputs: ['sentence_embedding'],
          attributes: { axes: [1], keepdims: 0 },
        },
      ],
    });
  }

  it('runs texts of one length together where nothing hides padding from it', async () => {
    const folder = newFolder({});
    writeText(folder, (tokens) => ({ last_hidden_state: tokens }));
    writeFileSync(join(folder, 'model.onnx'), dynamicText());
    const { text } = await importEncoder(folder, { name: 'unmasked' });
    expect(text?.description.attendsPadding).toBe(true);
    const opened = await OnnxTextEncoder.open(text!.description, text!.files);
    const texts = ['a', 'abc', 'b', 'ab', 'cba'];
    const together = await opened.encode(texts);
    for (const [i, own] of texts.entries()) {
      const alone = await opened.encode([own]);
      expect([together.global[i], together.lengths[i]], own).toEqual([alone.global[0], alone.lengths[0]]);
      expect([...together.local.subarray(i * 6, i * 6 + 6)], own).toEqual([...alone.local]);
    }
    await opened.close();
    await expect(TextReader.open({ encoder: 'unmasked', trainFrom: 0 })).rejects.toThrow(
      /takes no attention_mask and reads the padding/,
    );
  });

  it('runs texts of one length together where the attention_mask does not hide padding', async () => {
    const folder = newFolder({});
    writeText(folder, (tokens) => ({ last_hidden_state: tokens }));
    writeFileSync(join(folder, 'model.onnx'), dynamicText([], { attention_mask: { dtype: 'int64', dims: ['N', 'L'] } }));
    const encoder = await importEncoder(folder, { name: 'unhidden' });
    const { description, files } = encoder.text!;
    expect(description).toMatchObject({ attendsPadding: true, inputs: { mask: 'attention_mask' } });
    expect((await encoderFindings(encoder)).notes).toContain(
      'Padding changes its values in spite of the attention_mask: texts of one length alone are run together.',
    );
    const opened = await OnnxTextEncoder.open(description, files);
    const together = await opened.encode(['a', 'abc']);
    const alone = await opened.encode(['a']);
    await opened.close();
    expect(together.global[0]).toBe(alone.global[0]);
  });

  it('refuses a text encoder that runs one length alone, and keeps nothing of it', async () => {
    const folder = newFolder({});
    writeText(folder, (tokens) => ({ last_hidden_state: tokens }));
    // As an exporter leaves it that took the example's number of tokens, three, for a constant.
    const fixed = { type: 'Reshape', inputs: ['small', 'example'], outputs: ['fixed'] };
    writeFileSync(join(folder, 'model.onnx'), dynamicText([fixed]));
    await expect(importEncoder(folder, { name: 'traced' })).rejects.toThrow(/not texts of other lengths.*dynamic batch/s);
    expect(readdirSync(join(process.env.LIMN_HOME!, 'encoders'))).toEqual([]);
  });

  it('takes the pooling that sentence-transformers says, and an embedding that is there', async () => {
    const folder = newFolder({});
    mkdirSync(join(folder, '1_Pooling'));
    writeFileSync(join(folder, '1_Pooling', 'config.json'), JSON.stringify({ pooling_mode_cls_token: true }));
    writeText(folder, (tokens) => ({ last_hidden_state: tokens }));
    expect((await encoderFindings(await importEncoder(folder, { name: 'pooled' }))).notes).toContain(
      'The global feature of a text is the first token of last_hidden_state.',
    );
    // BERT's own pooling is not the sentence encoder's.
    const pooled = (tokens: Value) => f.reduceMean(tokens, [1]);
    writeText(folder, (tokens) => ({ last_hidden_state: tokens, pooler_output: pooled(tokens) }));
    const { text: read } = await importEncoder(folder, { name: 'own' });
    expect(read?.description.outputs).toEqual({ local: 'last_hidden_state', global: 'limn_global' });
    writeText(folder, (tokens) => ({ token_embeddings: tokens, sentence_embedding: pooled(tokens) }));
    const { text } = await importEncoder(folder, { name: 'whole' });
    expect(text?.description.outputs).toEqual({ local: 'token_embeddings', global: 'sentence_embedding' });
  });

  it('refuses what follows the tokens and is in no output, by its name', async () => {
    const folder = newFolder({ 'sentence_bert_config.json': { max_seq_length: 4, do_lower_case: true } });
    mkdirSync(join(folder, '1_Pooling'));
    writeFileSync(join(folder, '1_Pooling', 'config.json'), JSON.stringify({ pooling_mode_max_tokens: true }));
    const modules = ['Pooling', 'Dense'].map((kind, i) => ({ path: `${i + 1}_${kind}`, type: `models.${kind}` }));
    writeFileSync(join(folder, 'modules.json'), JSON.stringify(modules));
    writeText(folder, (tokens) => ({ last_hidden_state: tokens }));
    await expect(importEncoder(folder, { name: 'dense' })).rejects.toThrow(
      /gives no sentence_embedding, and limn does not do what the folder asks for after it: pooling by max, Dense\. /,
    );
    const { text } = await importEncoder(folder, { name: 'dense', textGlobalFeature: 'mean' });
    expect(text?.description.lowercase).toBe(true);
  });
});
