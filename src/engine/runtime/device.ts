/** What graphs are computed on. */
import { LimnError } from '../../core/errors.js';

export const devices = ['cpu', 'webgpu'] as const;

/** `webgpu` is any GPU that Vulkan, Metal or D3D12 reaches (docs/devices.md). */
export type Device = (typeof devices)[number];

/** @throws LimnError USAGE for a name that is no device */
export function deviceNamed(name: string): Device {
  const known = devices.find((device) => device === name);
  if (known) return known;
  throw new LimnError('USAGE', `There is no device "${name}": give "cpu", or "webgpu" for any GPU.`, { details: { name } });
}

/** The device that is asked for: what is given, else `LIMN_DEVICE`, else the CPU. @throws LimnError USAGE */
export function chosenDevice(given?: Device): Device {
  return deviceNamed(given ?? (process.env.LIMN_DEVICE || 'cpu'));
}

/** What the runtime's thread says where onnxruntime-node was built without WebGPU. */
export const builtWithout = `onnxruntime-node has no WebGPU on ${process.platform} ${process.arch}`;

/**
 * Why no GPU can be used, and what a person can do about it.
 *
 * @param said by ONNX Runtime, or {@link builtWithout}
 */
export function noGpu(said: string, platform: string = process.platform): string {
  const [, reason = said] = /Failed to get a WebGPU adapter:? *(.*)/.exec(said) ?? [];
  const onCpu = 'compute on the CPU, without --device webgpu and LIMN_DEVICE.';
  if (reason === builtWithout) return `No GPU can be used (${reason}): ${onCpu}`;
  const driver =
    platform === 'linux'
      ? 'Install the Vulkan loader (libvulkan1 in Debian and Ubuntu) and the Vulkan driver of your GPU'
      : 'Install the newest driver of your GPU';
  return `No GPU can be used (${reason}). ${driver}, see docs/devices.md; or ${onCpu}`;
}
