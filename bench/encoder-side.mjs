/** One side of encoder.mjs: a step is a batch. */
import { Random } from '../dist/core/random.js';
import { sizeOf } from '../dist/engine/tensor/tensor.js';
import { answerSteps } from './answer-steps.mjs';

const { side, description, weights, batch, batchesAtOnce, threads } = JSON.parse(process.argv[2]);
const { size, input, outputs, layout, mean, std } = description;
const random = new Random(1);
const images = Array.from({ length: batch * batchesAtOnce }, () =>
  Uint8Array.from({ length: size * size * 3 }, () => random.below(256)),
);

/** What indexing does with pictures that are decoded. */
async function limn() {
  const { encodeInMemory } = await import('../dist/models/encoders/cache/feature-memory.js');
  const { OnnxImageEncoder } = await import('../dist/models/encoders/image/image-encoder.js');
  const encoder = await OnnxImageEncoder.fromWeights(description, weights, { threads });
  const ids = images.map((_, i) => `${i}`);
  const { fromFloat16 } = await import('../dist/engine/tensor/float16.js');
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
  const normalised = (group) =>
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
      const image = Math.floor(i / (3 * area));
      const rest = i % (3 * area);
      const [pixel, channel] = layout === 'NCHW' ? [rest % area, Math.floor(rest / area)] : [Math.floor(rest / 3), rest % 3];
      return (group[image][3 * pixel + channel] / 255 - mean[channel]) / std[channel];
    });
  const batches = Array.from({ length: batchesAtOnce }, (_, i) => {
    const group = images.slice(i * batch, (i + 1) * batch);
    return { [input]: new ort.Tensor('float32', normalised(group), shape) };
  });
  const run = (step) => session.run(batches[step % batchesAtOnce], [outputs.local, outputs.global]);
  const { [outputs.global]: features } = await run(0);
  await answerSteps({ first: [...features.data.subarray(0, features.data.length / batch)] }, run);
}

await { limn, 'ONNX Runtime': onnxRuntime }[side]();
process.exit();
