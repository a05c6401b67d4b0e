/**
 * Which GPU WebGPU computes on. ONNX Runtime does not tell, so the system is asked: on Linux the log of the Vulkan loader, elsewhere
 * a program of the system that lists the machine's GPUs. All in a process of its own, which the log and a driver's crash belong to.
 */
import { spawn } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../core/files.js';

export type Adapter = { found: true; name: string | undefined } | { found: false; reason: string };

/** Opens the adapter, runs a graph on it, and says what it is. */
export async function findAdapter(): Promise<Adapter> {
  const folder = import.meta.url.endsWith('.ts') ? '../../../dist/engine/runtime/' : './';
  const script = fileURLToPath(new URL(`${folder}adapter-process.js`, import.meta.url));
  const { ended, out, log } = await run(process.execPath, [script], { VK_LOADER_DEBUG: 'all' });
  if (out === 'ok') return { found: true, name: vulkanName(log) ?? (await systemName()) };
  return { found: false, reason: out || `Asking for a GPU ended with ${ended}: its driver may be broken.` };
}

/** The device that a program made last, or the first that there is, by the loader's own log. */
export function vulkanName(log: string): string | undefined {
  const made = [...log.matchAll(/Using "([^"\n]+)" with driver/g)].at(-1);
  return (made ?? [...log.matchAll(/\[0\] (.+\S)/g)].at(-1))?.[1];
}

const listings: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
  darwin: ['system_profiler', 'SPDisplaysDataType'],
  win32: ['powershell', '-NoProfile', '-Command', '(Get-CimInstance Win32_VideoController).Name'],
};

/** The machine's GPUs, as macOS or Windows lists them. */
async function systemName(): Promise<string | undefined> {
  const [program, ...words] = listings[process.platform] ?? [];
  if (program === undefined) return undefined;
  const { out } = await run(program, words);
  const names =
    process.platform === 'darwin' ? [...out.matchAll(/Chipset Model: (.+)/g)].map((match) => match[1]) : out.split(/\r?\n/);
  return names.join(' or ') || undefined;
}

interface Ended {
  /** The exit code, or the signal that ended it. */
  ended: number | string | null;
  out: string;
  /** What it wrote to stderr. */
  log: string;
}

async function run(program: string, words: readonly string[], more: Record<string, string> = {}): Promise<Ended> {
  const folder = await temporaryFolder('limn-adapter');
  const path = join(folder, 'log');
  // A file, not a pipe: a driver that writes faster than the pipe is read would lose lines.
  const log = await open(path, 'w');
  try {
    const env = { ...process.env, ...more };
    const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', log.fd], timeout: 60_000 });
    let out = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    const ended = await new Promise<Ended['ended']>((resolve) => {
      child.on('error', ({ message }) => resolve(message));
      child.on('close', (code, signal) => resolve(signal ?? code));
    });
    return { ended, out: out.trim(), log: await readFile(path, 'utf8') };
  } finally {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  }
}
