/** One side of encoder.ts: a step is a batch. */
import type { EncoderDescription } from 'limn';
import { Random, sizeOf } from 'limn/engine';
import { answerSteps } from './answer-steps.js';
import { givenOptions } from './options.js';

export interface EncoderSideOptions {
  side: 'limn' | 'ONNX Runtime';
  description: EncoderDescription;
  /** The ONNX file. */
  weights: string;
  batch: number;
  batchesAtOnce: number;
  threads: number;
}

const { side, description, weights, batch, batchesAtOnce, threads } = givenOptions<EncoderSideOptions>();
const { size, input, outputs, layout, mean, std } = description;
const random = new Random(1);
const images = Array.from({ length: batch * batchesAtOnce }, () =>
  Uint8Array.from({ length: size * size * 3 }, () => random.below(256)),
);

// Peak memory is compared, so that each side loads what it measures and no more.

/** What indexing does with images that are decoded. */
async function limn() {
  const { encodeInMemory } = await import('#limn/models/encoders/cache/feature-memory.js');
  const { OnnxImageEncoder } = await import('#limn/models/encoders/image/image-encoder.js');
  const { fromFloat16 } = await import('#limn/engine/tensor/float16.js');
  const encoder = await OnnxImageEncoder.fromWeights(description, weights, { threads });
  const ids = images.map((_, i) => `${i}`);
  const local = new Uint16Array(encoder.local.tokens * encoder.local.channels);
  const global = new Uint16Array(encoder.global.channels);
  (await encodeInMemory(encoder, images, ids)).gather([0], local, global);
  const first = [...fromFloat16(global)];
  await answerSteps({ first }, () => encodeInMemory(encoder, images, ids), { stepsPerCall: batchesAtOnce });
  await encoder.close();
}

/** ONNX Runtime with its own settings, on tensors that are ready. */
async function onnxRuntime() {
  const ort = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(weights, { intraOpNumThreads: threads, graphOptimizationLevel: 'all' });
  const shape = layout === 'NCHW' ? [batch, 3, size, size] : [batch, size, size, 3];
  const area = size * size;
  /** Pixel by pixel as the description says. */
  const normalised = (group: readonly Uint8Array[]) =>
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
      const image = group[Math.floor(i / (3 * area))]!;
      const rest = i % (3 * area);
      const [pixel, channel] = layout === 'NCHW' ? [rest % area, Math.floor(rest / area)] : [Math.floor(rest / 3), rest % 3];
      return (image[3 * pixel! + channel!]! / 255 - mean[channel!]!) / std[channel!]!;
    });
  const batches = Array.from({ length: batchesAtOnce }, (_, i) => {
    const group = images.slice(i * batch, (i + 1) * batch);
    return { [input]: new ort.Tensor('float32', normalised(group), shape) };
  });
  const run = (step: number) => session.run(batches[step % batchesAtOnce]!, [outputs.local, outputs.global]);
  const features = (await run(0))[outputs.global]!.data as Float32Array;
  await answerSteps({ first: [...features.subarray(0, features.length / batch)] }, run);
}

await { limn, 'ONNX Runtime': onnxRuntime }[side]();
process.exit();
