/** What graphs are computed on. */
import { LimnError } from '../core/errors.js';

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

/** What a person can do about a GPU that cannot be used. */
export function adapterAdvice(platform: string = process.platform): string {
  const driver =
    platform === 'linux'
      ? 'Install the Vulkan loader (libvulkan1 in Debian and Ubuntu) and the Vulkan driver of your GPU'
      : 'Install the newest driver of your GPU';
  return `${driver}, see docs/devices.md; or compute on the CPU, without --device webgpu and LIMN_DEVICE.`;
}
