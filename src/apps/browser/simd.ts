/** Whether a browser can run models at all. */
import { LimnError } from '../../core/errors.js';

/** A module with one instruction of SIMD: a browser that takes it has them all. */
const simdModule = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** @throws LimnError RUNTIME for a browser that cannot run models */
export function requireSimd(): void {
  if (typeof WebAssembly === 'object' && WebAssembly.validate(simdModule)) return;
  throw new LimnError(
    'RUNTIME',
    'Your browser lacks WebAssembly with SIMD, which texts and uploads need. Use one from 2023 or later; you can still browse the images.',
  );
}
