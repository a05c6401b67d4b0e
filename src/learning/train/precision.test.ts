/** Which precisions a device is refused. */
import { describe, expect, it } from 'vitest';
import { productsOf, requirePrecision } from './precision.js';

describe('the precision of a training', () => {
  it('is float32 where none is chosen', () => {
    expect([undefined, 'float32', 'float16', 'emulated-float16'].map((each) => productsOf(each as never))).toEqual([
      'float32',
      'float32',
      'float16',
      'emulated float16',
    ]);
  });

  it.each([
    [undefined, 'cpu', false],
    ['float32', 'webgpu', false],
    ['float16', 'webgpu', true],
    ['emulated-float16', 'cpu', false],
  ] as const)('%s is possible on %s (float16: %s)', (precision, device, hasFloat16) => {
    expect(() => requirePrecision(precision, device, hasFloat16)).not.toThrow();
  });

  it.each([
    ['float16', 'cpu', /the CPU computes with float32\. Leave --precision out, or choose --device webgpu/],
    ['float16', 'webgpu', /the adapter of this GPU has no float16 \(the WebGPU feature shader-f16\)\. .+ another GPU/],
    ['emulated-float16', 'webgpu', /float16 is emulated on the CPU only: use --precision float16/],
  ] as const)('%s is refused on %s', (precision, device, message) => {
    expect(() => requirePrecision(precision, device, false)).toThrow(message);
  });
});
