import { afterEach, describe, expect, it, vi } from 'vitest';
import { builtWithout, chosenDevice, deviceNamed, noGpu } from './device.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a device', () => {
  it('is what is given, else LIMN_DEVICE, else the CPU', () => {
    vi.stubEnv('LIMN_DEVICE', '');
    expect(chosenDevice()).toBe('cpu');
    vi.stubEnv('LIMN_DEVICE', 'webgpu');
    expect([chosenDevice(), chosenDevice('cpu')]).toEqual(['webgpu', 'cpu']);
    vi.stubEnv('LIMN_DEVICE', 'cuda');
    expect(() => chosenDevice()).toThrow('There is no device "cuda": give "cpu", or "webgpu" for any GPU.');
    expect(() => deviceNamed('')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('the message where no GPU can be used', () => {
  it('has the reason out of what ONNX Runtime says, and what to do on this platform', () => {
    const said = '/src/webgpu_context.cc:136 status was false. Failed to get a WebGPU adapter: No supported adapters';
    expect(noGpu(said, 'linux')).toMatch(
      /^No GPU can be used \(No supported adapters\)\. Install the Vulkan loader .+; or compute on the CPU/,
    );
    expect(noGpu(said, 'win32')).toMatch(
      /^No GPU can be used \(No supported adapters\)\. Install the newest driver .+; or compute/,
    );
    expect(noGpu('out of memory', 'linux')).toContain('(out of memory)');
  });

  it('does not advise drivers where ONNX Runtime could not use them', () => {
    expect(noGpu(builtWithout)).toBe(
      `No GPU can be used (${builtWithout}): compute on the CPU, without --device webgpu and LIMN_DEVICE.`,
    );
  });
});
