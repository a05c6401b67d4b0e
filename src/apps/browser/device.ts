/** The devices of a browser, as `openGallery` and a page's address name them. */
export const devices = ['wasm', 'webgpu'] as const;
/** What a browser runs models on: WebAssembly, or its graphics processor. */
export type Device = (typeof devices)[number];
/** `auto`: WebGPU where the export has it and the browser a graphics processor that it can use, and else WebAssembly. */
export type DeviceChoice = Device | 'auto';

interface Gpu {
  requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null>;
}

/**
 * Why WebGPU cannot be used; undefined where it can.
 *
 * @param isAsked whether a person chose it: an emulated adapter will do then, which is slower than WebAssembly
 */
export async function missingGpu(isAsked: boolean): Promise<string | undefined> {
  const { gpu } = navigator as { gpu?: Gpu };
  if (!gpu) return globalThis.isSecureContext === false ? 'the page came unencrypted' : 'your browser lacks it';
  // The runtime waits for the graphics processor in the midst of WebAssembly.
  if (typeof WebAssembly !== 'object' || !('Suspending' in WebAssembly))
    return 'your browser lacks JavaScript Promise Integration for WebAssembly';
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) return 'your browser has no graphics processor that it can use';
  return adapter.info?.isFallbackAdapter && !isAsked ? 'the graphics processor is emulated' : undefined;
}
