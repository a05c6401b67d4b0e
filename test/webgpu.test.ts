/** What limn does on WebGPU against what it does on the CPU: trainings, captions, and the command line. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Random } from '../src/core/random.js';
import { elementTypes } from '../src/engine/graph/element-types.js';
import { ModelProtoSchema } from '../src/engine/graph/proto/onnx_pb.js';
import type { Device } from '../src/engine/runtime/device.js';
import { Session } from '../src/engine/runtime/session.js';
import { missingGpu } from '../src/engine/runtime/testing/gpu.js';
import { fromFloat16 } from '../src/engine/tensor/float16.js';
import { decodeSafetensors } from '../src/engine/tensor/safetensors.js';
import { sizeOf, type Tensor, tensor } from '../src/engine/tensor/tensor.js';
import { readFashionIQ } from '../src/learning/data/fashioniq.js';
import { generateSyntheticFashion } from '../src/learning/data/synthetic-fashion/generate.js';
import { type TrainOptions, train } from '../src/learning/train/train.js';
import { trainCaptioner } from '../src/learning/train/train-captioner.js';
import { CaptionerModel } from '../src/models/captioner/captioner-model.js';
import { openHubEncoder } from '../src/models/encoders/hub/encoder-folder.js';
import { importEncoder } from '../src/models/encoders/hub/import-encoder.js';
import { folderFile } from '../src/models/encoders/image/description.js';
import { OnnxImageEncoder } from '../src/models/encoders/image/image-encoder.js';
import { OnnxTextEncoder } from '../src/models/encoders/text/text-encoder.js';
import { modelConfig } from '../src/models/methods/model-config.js';
import { ImageEncoderRuntime } from '../src/models/retrieval/image-encoder-runtime.js';
import { limnTrainingModel } from '../src/models/retrieval/retrieval-graphs.js';
import { type TinyFolder, tinyFolder } from '../src/search/gallery/testing/tiny-gallery.js';
import { clipSizes, writeRandomClip } from './support/clip/random-clip.js';

// Where the GPU is a driver that computes on the CPU, compiling for it takes long.
vi.setConfig({ testTimeout: 300_000 });
const missing = await missingGpu();
let work: string;
let common: Omit<TrainOptions, 'out'>;

beforeAll(async () => {
  if (missing) return;
  process.env.LIMN_THREADS = '1';
  work = await mkdtemp(join(tmpdir(), 'limn-webgpu-'));
  process.env.LIMN_HOME = join(work, 'home');
  const directory = join(work, 'wardrobe');
  await generateSyntheticFashion({ directory, images: 50, seed: 3, size: 32 });
  const read = (split: 'train' | 'val') => readFashionIQ({ directory, category: 'wardrobe', split });
  common = {
    train: await read('train'),
    val: await read('val'),
    reader: ImageEncoderRuntime.patch(32, 16, 0),
    dataset: { name: 'wardrobe' },
  };
});
afterAll(async () => {
  if (work) await rm(work, { recursive: true, force: true });
});

interface Trained {
  losses: number[];
  weights: Record<string, Tensor>;
}

/** Losses that a run has written, one of each epoch, and the weights that it has kept. */
async function trained(out: string): Promise<Trained> {
  const lines = (await readFile(join(out, 'metrics.ndjson'), 'utf8')).trim().split('\n');
  const losses = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'train');
  const { tensors } = decodeSafetensors(await readFile(join(out, 'model', 'weights.safetensors')), out);
  return { losses: losses.map(({ loss }) => loss), weights: tensors };
}

/**
 * Losses agree within 1e-4, and all weights as one vector within 1e-3 of its length. Single weights may differ more: where a gradient
 * is 0 but for rounding, as a key bias's is, Adam makes whole steps of the rounding.
 */
function expectSame(actual: Trained, expected: Trained): void {
  expect(actual.losses).toHaveLength(expected.losses.length);
  actual.losses.forEach((loss, i) => {
    expect(Math.abs(loss / (expected.losses[i] as number) - 1)).toBeLessThan(1e-4);
  });
  let [apart, length] = [0, 0];
  for (const [name, { data }] of Object.entries(expected.weights)) {
    (data as Float32Array).forEach((value, i) => {
      apart += ((actual.weights[name]?.data[i] as number) - value) ** 2;
      length += value ** 2;
    });
  }
  expect(Math.sqrt(apart / length)).toBeLessThan(1e-3);
}

describe.skipIf(missing)('a training of LIMN', () => {
  const options = (out: string, device: Device): TrainOptions => ({
    ...common,
    out: join(work, out),
    device,
    model: { width: 16, heads: 2, factors: 2, layers: 1, projection: 8, expansion: 2 },
    training: { epochs: 2, batchSize: 32, stepsPerRun: 1, validateEvery: 2 },
  });

  it('has the losses and weights of one on the CPU, also when it goes on with a checkpoint of the CPU', async () => {
    await train(options('cpu', 'cpu'));
    const expected = await trained(join(work, 'cpu'));
    await train(options('gpu', 'webgpu'));
    expectSame(await trained(join(work, 'gpu')), expected);

    const stop = new AbortController();
    const onProgress = ({ stage, done }: { stage: string; done: number }) => {
      // The end of the first epoch.
      if (stage === 'train' && done === 2) stop.abort();
    };
    await expect(train({ ...options('moved', 'cpu'), signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    await train({ ...options('moved', 'webgpu'), resume: true });
    expectSame(await trained(join(work, 'moved')), expected);
  });

  it.each(['graph', 'flat graph'] as const)(
    'computes whole steps on the device, and gives the same bits twice (%s)',
    async (optimizerIn) => {
      const config = modelConfig.parse({
        ...options('', 'cpu').model,
        words: 5,
        vocabularySize: 30,
        image: { kind: 'patch', size: 32, patch: 16, layers: 0 },
      });
      const optimizer = { learningRate: 1e-3, totalSteps: 10 };
      const graph = limnTrainingModel(config, { batchSize: 4, optimizer, random: new Random(1), buffers: {}, optimizerIn });
      const state = graph.flat ? graph.flat.pack(graph.initialState) : graph.initialState;
      const feeds = drawnFeeds(graph.model, Object.keys(state));
      const name = `profile-${optimizerIn.replace(' ', '-')}`;
      const profile = join(work, name);
      const runs: Record<string, Tensor>[] = [];
      for (let i = 0; i < 2; i++) {
        const session = await Session.open(graph.model, {
          device: 'webgpu',
          carry: graph.carry,
          clock: graph.clock,
          packed: graph.packed,
          ...(i === 0 ? { profile } : {}),
        });
        await session.setResident(state);
        for (let step = 0; step < 2; step++) await session.run(feeds, { fetch: graph.reported });
        runs.push(await session.getResident(Object.keys(state)));
        await session.close();
      }
      expect(runs[1]).toEqual(runs[0]);
      expect((runs[0]?.['clock.step']?.data ?? [])[0]).toBe(2);

      const file = (await readdir(work)).find((each) => each.startsWith(`${name}_`)) as string;
      const events: { cat: string; args: { provider?: string; op_name: string } }[] = JSON.parse(
        await readFile(join(work, file), 'utf8'),
      );
      const nodes = events.filter(({ cat, args }) => cat === 'Node' && args.provider !== undefined);
      expect(nodes.length).toBeGreaterThan(500);
      expect(nodes.filter(({ args }) => args.op_name === 'MemcpyToHost')).toEqual([]);
      // Words are int64, which WebGPU has not: masks are made of them on the CPU, and go up once.
      const onCpu = nodes.filter(({ args }) => args.provider === 'CPUExecutionProvider').map(({ args }) => args.op_name);
      expect([...new Set(onCpu)].sort()).toEqual(['Add', 'Equal', 'Greater', 'Less', 'Reshape', 'Where']);
    },
  );
});

/** Numbers for the inputs of a model that are not in its state: words of 1 to 20, and float32 of 0 to 1. */
function drawnFeeds(model: Uint8Array, state: readonly string[]): Record<string, Tensor> {
  const random = new Random(2);
  const inputs = fromBinary(ModelProtoSchema, model).graph?.input ?? [];
  const drawn = inputs
    .filter(({ name }) => !state.includes(name))
    .map(({ name, type }): [string, Tensor] => {
      const shape = (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) => Number(dimValue));
      const length = sizeOf(shape);
      if (type?.tensorType?.elemType === elementTypes.int64) {
        return [
          name,
          tensor(
            'int64',
            shape,
            BigInt64Array.from({ length }, () => BigInt(1 + random.below(20))),
          ),
        ];
      }
      return [
        name,
        tensor(
          'float32',
          shape,
          Float32Array.from({ length }, () => (name === 'sameTarget' ? 0 : random.uniform())),
        ),
      ];
    });
  return Object.fromEntries(drawn);
}

describe.skipIf(missing)('a captioner', () => {
  it('learns, writes and weighs texts as on the CPU, four steps a run', async () => {
    const options = (device: Device) => ({
      ...common,
      out: join(work, `captioner-${device}`),
      device,
      model: { width: 16, heads: 2, layers: 1, decoderLayers: 1, words: 6 },
      training: { epochs: 1, batchSize: 32, learningRate: 0.01, stepsPerRun: 4 },
    });
    for (const device of ['cpu', 'webgpu'] as const) await trainCaptioner(options(device));
    expectSame(await trained(join(work, 'captioner-webgpu')), await trained(join(work, 'captioner-cpu')));

    const pairs: [number, number][] = [
      [0, 1],
      [2, 3],
      [4, 5],
    ];
    const written = async (device: Device) => {
      const model = await CaptionerModel.open(join(work, 'captioner-cpu'), { device });
      const images = await common.reader.read({ images: common.val.images });
      const greedy = await model.caption(images, pairs);
      const beam = await model.caption(images, pairs, { decoding: { strategy: 'beam', beams: 2 } });
      const weighed = await model.likelihoods(images, pairs, ['in red', 'longer', 'with a collar']);
      await images.close();
      await model.close();
      const texts = [...greedy, ...beam];
      return { texts: texts.map(({ text }) => text), numbers: [...texts.map(({ likelihood }) => likelihood), ...weighed] };
    };
    const [cpu, gpu] = [await written('cpu'), await written('webgpu')];
    expect(gpu.texts).toEqual(cpu.texts);
    gpu.numbers.forEach((number, i) => {
      expect(Math.abs(number - (cpu.numbers[i] as number))).toBeLessThan(1e-4);
    });
  });
});

describe.skipIf(missing)('CLIP from the Hub', () => {
  it('has the features of the CPU, for pictures and texts', async () => {
    await writeRandomClip(join(work, 'clip'), clipSizes.tiny);
    await importEncoder(join(work, 'clip'));
    const { folder, text } = await openHubEncoder('clip');
    const features = async (device: Device) => {
      const images = await OnnxImageEncoder.open(join(folder, folderFile), { device });
      const { size } = images.image;
      const { local, global } = await images.encode([Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * 7) % 256)]);
      await images.close();
      const texts = await OnnxTextEncoder.open(text!.description, text!.files, { device });
      const read = await texts.encode(['in red', 'with a longer collar']);
      await texts.close();
      return [local, global, fromFloat16(read.local), fromFloat16(read.global)];
    };
    const [cpu, gpu] = [await features('cpu'), await features('webgpu')];
    gpu.forEach((values, i) => {
      // Texts come as float16, whose rounding may go the other way.
      const tolerance = i < 2 ? 1e-4 : 4e-3;
      expect(values.every((value, at) => Math.abs(value - (cpu[i]?.[at] as number)) < tolerance)).toBe(true);
    });
  });
});

describe.skipIf(missing)('the command line', () => {
  let folder: TinyFolder;
  beforeAll(async () => {
    folder = await tinyFolder(6);
  });
  afterAll(() => folder.remove());

  const limn = (words: string[], env: Record<string, string> = {}) =>
    new Promise<{ code: number; out: string; error: string }>((done) => {
      const program = resolve(import.meta.dirname, '../dist/apps/cli/main.js');
      const options = { env: { ...process.env, LIMN_HOME: folder.at('home'), ...env }, cwd: folder.at() };
      execFile(process.execPath, [program, ...words], options, (failure, out, error) => {
        done({ code: failure ? Number(failure.code) : 0, out, error });
      });
    });

  it('indexes and searches on the GPU, with the scores of the CPU', async () => {
    const hits: { id: string; score: number }[][] = [];
    for (const device of ['cpu', 'webgpu']) {
      const words = ['index', '--model', 'model', '--images', 'pictures', '--out', device, '--device', device];
      expect((await limn(words)).out).toBe(`${device}: 6 pictures\n`);
      const search = ['search', '--gallery', device, '--image', 'pictures/p00.jpg', '--text', 'in red', '-k', '5', '--json'];
      const found = await limn(search, { LIMN_DEVICE: device });
      expect(found.code, found.error).toBe(0);
      hits.push(JSON.parse(found.out).hits);
    }
    const [cpu = [], gpu = []] = hits;
    expect(gpu.map(({ id }) => id)).toEqual(cpu.map(({ id }) => id));
    gpu.forEach(({ score }, i) => {
      expect(Math.abs(score - (cpu[i]?.score as number))).toBeLessThan(1e-4);
    });
  });

  it('names the adapter in "limn doctor"', async () => {
    const { out } = await limn(['doctor', '--device', 'webgpu', '--json']);
    const found = JSON.parse(out).find(({ name }: { name: string }) => name === 'webgpu');
    expect(found).toMatchObject({ state: 'ok', detail: expect.stringMatching(/^\S.*, runs a graph; computes here$/) });
    if (process.env.VK_DRIVER_FILES?.includes('swiftshader')) expect(found.detail).toContain('SwiftShader');
  });
});
