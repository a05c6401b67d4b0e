import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { onnxFile } from '../../../engine/graph/testing/onnx-file.js';
import { quantizesDynamically } from './dynamic-quantization.js';

const folder = mkdtempSync(join(tmpdir(), 'limn-dynamic-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (type: string) =>
  onnxFile({
    inputs: { x: { dtype: 'float32', dims: [2] } },
    outputs: ['y'],
    nodes: [{ type, inputs: ['x'], outputs: ['y'] }],
  });

test.each([
  ['DynamicQuantizeLinear', true],
  ['QuantizeLinear', false],
  ['MatMul', false],
])('%s: %s', async (type, expected) => {
  const path = join(folder, `${type}.onnx`);
  writeFileSync(path, fileOf(type));
  expect(await quantizesDynamically(path)).toBe(expected);
});

test('a name that lies across two reads is found, and a file that is not there is an error', async () => {
  const path = join(folder, 'large.onnx');
  writeFileSync(path, Buffer.concat([Buffer.alloc((1 << 20) - 7), Buffer.from('DynamicQuantizeLinear')]));
  expect(await quantizesDynamically(path)).toBe(true);
  await expect(quantizesDynamically(join(folder, 'none.onnx'))).rejects.toMatchObject({ code: 'IO' });
});
