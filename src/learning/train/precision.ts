/** What a training's matrix products are computed in, and where that can be had. */
import { LimnError } from '../../core/errors.js';
import type { Products } from '../../engine/graph/index.js';
import type { Device } from '../../engine/runtime/device.js';
import type { TrainingSettings } from './settings.js';

type Precision = TrainingSettings['precision'];

export const productsOf = (precision: Precision): Products =>
  precision === 'emulated-float16' ? 'emulated float16' : (precision ?? 'float32');

/** @throws LimnError USAGE where the device cannot compute with this precision */
export function requirePrecision(precision: Precision, device: Device, hasFloat16: boolean): void {
  if (precision === 'float16' && !hasFloat16) {
    const why =
      device === 'cpu'
        ? 'the CPU computes with float32'
        : 'the adapter of this GPU has no float16 (the WebGPU feature shader-f16)';
    throw new LimnError(
      'USAGE',
      `Matrix products in float16 are not possible: ${why}. Leave --precision out, or choose ${device === 'cpu' ? '--device webgpu' : 'another GPU'}; "emulated-float16" shows on the CPU what the rounding does.`,
      { details: { device } },
    );
  }
  if (precision === 'emulated-float16' && device !== 'cpu') {
    throw new LimnError('USAGE', 'float16 is emulated on the CPU only: use --precision float16 on a GPU.', {
      details: { device },
    });
  }
}
