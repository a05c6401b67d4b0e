/**
 * Test helper: a GPU for tests. Where nobody has chosen a Vulkan driver and there is no GPU, the SwiftShader in Debian's chromium
 * package stands in: a driver that computes on the CPU.
 */
import { existsSync } from 'node:fs';
import { messageOf } from '../../../core/errors.js';
import { requireDevice } from '../session.js';

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Why there is no GPU to test with, which is also said; undefined where there is one. Call it before any session is opened. */
export async function missingGpu(): Promise<string | undefined> {
  const chosen = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (chosen === undefined && !existsSync('/dev/dri') && existsSync(swiftShader)) process.env.VK_DRIVER_FILES = swiftShader;
  try {
    await requireDevice('webgpu');
    return undefined;
  } catch (error) {
    console.warn(`The tests of WebGPU are skipped: ${messageOf(error)}`);
    return messageOf(error);
  }
}
