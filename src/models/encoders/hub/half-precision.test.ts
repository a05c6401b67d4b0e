/** Exports in half precision: added, run frozen as they are, and trained in float32 from the numbers that they hold. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import * as f from '../../../engine/graph/functions.js';
import { type Attributes, Graph, gradients, readModel } from '../../../engine/graph/index.js';
import { openGraph } from '../../../engine/graph/testing/evaluate.js';
import { onnxFile } from '../../../engine/graph/testing/onnx-file.js';
import { fromFloat16, toFloat16 } from '../../../engine/tensor/float16.js';
import { float32, int64, type Tensor, tensor } from '../../../engine/tensor/tensor.js';
import { OnnxImageEncoder } from '../image/image-encoder.js';
import { readEncoderFolder } from './encoder-folder.js';
import { importEncoder } from './import-encoder.js';

const scratch = mkdtempSync(join(tmpdir(), 'limn-half-'));
vi.stubEnv('LIMN_HOME', join(scratch, 'home'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true, force: true });
});

const [size, patch, channels] = [16, 8, 2];
const places = (size / patch) ** 2;
/** (channels, 3, patch, patch), of numbers that half precision holds to three digits. */
const weight = Float32Array.from({ length: channels * 3 * patch * patch }, (_, i) => Math.sin(i) / 16);
const half = tensor('float16', [channels, 3, patch, patch], toFloat16(weight));
const image = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * 37) % 256);

/** The colours from 0 to 1 of one channel of a patch, in the order of the weight. */
const patchOf = (place: number): number[] =>
  Array.from({ length: 3 * patch * patch }, (_, i) => {
    const [channel, y, x] = [Math.floor(i / patch ** 2), Math.floor(i / patch) % patch, i % patch];
    const [row, column] = [Math.floor(place / (size / patch)) * patch + y, (place % (size / patch)) * patch + x];
    return (image[(row * size + column) * 3 + channel] as number) / 255;
  });

/** A patch embedding whose mean is the global feature; `cast` keeps the inputs and outputs in float32 around half precision. */
function file(cast: boolean): Uint8Array {
  const to = (elementType: number): Attributes => ({ to: elementType });
  const [pixels, tokens, pooled] = cast
    ? ['half_pixels', 'half_tokens', 'half_pooled']
    : ['pixel_values', 'last_hidden_state', 'pooler_output'];
  const initializers: Record<string, Tensor> = { 'embed.weight': half, shape: int64([3], [0, channels, places]) };
  return onnxFile({
    inputs: { pixel_values: { dtype: cast ? 'float32' : 'float16', dims: ['n', 3, size, size] } },
    outputs: ['last_hidden_state', 'pooler_output'],
    initializers,
    nodes: [
      ...(cast ? [{ type: 'Cast', inputs: ['pixel_values'], outputs: [pixels], attributes: to(10) }] : []),
      { type: 'Conv', inputs: [pixels, 'embed.weight'], outputs: ['map'], attributes: { strides: [patch, patch] } },
      { type: 'Reshape', inputs: ['map', 'shape'], outputs: ['rows'] },
      { type: 'Transpose', inputs: ['rows'], outputs: [tokens], attributes: { perm: [0, 2, 1] } },
      { type: 'ReduceMean', inputs: [tokens], outputs: [pooled], attributes: { axes: [1], keepdims: 0 } },
      ...(cast
        ? [
            { type: 'Cast', inputs: [tokens], outputs: ['last_hidden_state'], attributes: to(1) },
            { type: 'Cast', inputs: [pooled], outputs: ['pooler_output'], attributes: to(1) },
          ]
        : []),
    ],
  });
}

describe.each([
  ['whole', false],
  ['with float32 at its ends', true],
])('an encoder in half precision, %s,', (_, cast) => {
  const folder = join(scratch, cast ? 'cast' : 'whole');
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.onnx'), file(cast));
  const expected = Array.from({ length: places }, (_, place) =>
    Array.from({ length: channels }, (_, c) =>
      patchOf(place).reduce((sum, x, i) => sum + x * (fromFloat16(half.data)[c * 3 * patch ** 2 + i] as number), 0),
    ),
  );

  it('gives its features frozen', async () => {
    const options = { size, mean: [0, 0, 0], std: [1, 1, 1] };
    const { image: imported, folder: kept } = await importEncoder(folder, { name: cast ? 'cast' : 'whole', ...options });
    expect((await readEncoderFolder(kept)).dtype).toBe('fp16');
    expect(imported?.description.inputType).toBe(cast ? undefined : 'float16');
    const encoder = await OnnxImageEncoder.fromWeights(imported!.description, imported!.weights);
    const { local, global } = await encoder.encode([image]);
    await encoder.close();
    expected.flat().forEach((value, i) => {
      expect(local[i]).toBeCloseTo(value, 2);
    });
    for (let c = 0; c < channels; c++) {
      expect(global[c]).toBeCloseTo(expected.reduce((sum, row) => sum + (row[c] as number), 0) / places, 2);
    }
  });

  it('is computed and differentiated in float32', async () => {
    const model = readModel(file(cast));
    expect([...model.weights.keys()]).toEqual(['embed.weight']);
    const graph = new Graph();
    const pixels = graph.input('pixels', 'float32', [1, 3, size, size]);
    const trained = graph.input('weight', 'float32', half.shape);
    const { pooler_output: pooled } = model.splice({
      graph,
      inputs: { pixel_values: pixels },
      outputs: ['pooler_output'],
      weight: () => trained,
    });
    graph.output('pooled', pooled!);
    graph.output('gradient', gradients(f.reduceSum(pooled!), [trained])[0]!);
    const colours = Float32Array.from({ length: 3 * size * size }, (_, i) => {
      const [channel, at] = [Math.floor(i / size ** 2), i % size ** 2];
      return (image[at * 3 + channel] as number) / 255;
    });
    const run = await openGraph(graph);
    const result = await run({
      pixels: float32([1, 3, size, size], colours),
      weight: model.weights.get('embed.weight')!.content(),
    });
    for (let c = 0; c < channels; c++) {
      expect(result.pooled!.data[c]).toBeCloseTo(expected.reduce((sum, row) => sum + (row[c] as number), 0) / places, 5);
    }
    const means = patchOf(0).map(
      (_, i) => Array.from({ length: places }, (_, p) => patchOf(p)[i] as number).reduce((a, b) => a + b) / places,
    );
    [...means, ...means].forEach((value, i) => {
      expect(result.gradient!.data[i]).toBeCloseTo(value, 5);
    });
  });
});
