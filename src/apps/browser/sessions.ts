/** The graphs of a model on ONNX Runtime Web, each opened when it is first needed and run one after the other. */
import type * as Ort from 'onnxruntime-web/wasm';
import { LimnError, messageOf } from '../../core/errors.js';
import { type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { DataFiles, ExportedFile } from '../../search/export/format.js';
import { type Device, type DeviceChoice, missingGpu } from './device.js';
import type { ExportFiles } from './fetch-files.js';
import { requireSimd } from './simd.js';

interface Plan {
  device: Device;
  /** The build of the runtime for it. */
  file: ExportedFile;
}

interface Opened {
  session: Ort.InferenceSession;
  device: Device;
}

export class Sessions {
  private readonly opened = new Map<string, Promise<Opened>>();
  private planned: Promise<Plan> | undefined;
  private started: Promise<typeof Ort> | undefined;
  private last: Promise<unknown> = Promise.resolve();
  /** Whether the graphics processor failed: from then on everything runs in WebAssembly. */
  private gpuFailed = false;

  constructor(
    private readonly files: ExportFiles,
    private readonly data: Pick<DataFiles, 'runtime' | 'webgpu'>,
    private readonly choice: DeviceChoice = 'auto',
  ) {}

  /** What models run on, and with which file, as far as is known. A note says why a choice of WebGPU cannot be followed. */
  plan(): Promise<Plan> {
    this.planned ??= this.choose();
    return this.planned;
  }

  /** What models run on. */
  async device(): Promise<Device> {
    const { device } = await this.plan();
    return this.gpuFailed ? 'wasm' : device;
  }

  open(file: ExportedFile): Promise<Opened> {
    const known = this.opened.get(file.path);
    if (known) return known;
    // Both are on their way at once, and the one is compiled as soon as it is here.
    const opening = Promise.all([this.files.read(file), this.start()]).then(([bytes, ort]) => this.create(ort, file.path, bytes));
    this.opened.set(file.path, opening);
    opening.catch(() => this.forget(file.path, opening));
    return opening;
  }

  async run(file: ExportedFile, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const opening = this.open(file);
    const { session, device } = await opening;
    const { Tensor: OrtTensor } = await this.start();
    const given = Object.fromEntries(
      Object.entries(feeds).map(([name, { dtype, shape, data }]) => [name, new OrtTensor(dtype, data as never, [...shape])]),
    );
    try {
      const result = await this.inTurn(() => session.run(given));
      return Object.fromEntries(Object.entries(result).map(([name, one]) => [name, outputOf(name, one, device)]));
    } catch (cause) {
      if (device === 'wasm') throw new LimnError('RUNTIME', `The model cannot be run on this: ${messageOf(cause)}.`, { cause });
      this.leaveGpu(cause);
      this.forget(file.path, opening);
      return this.run(file, feeds);
    }
  }

  async close(): Promise<void> {
    for (const opening of this.opened.values()) await (await opening.catch(() => undefined))?.session.release();
    this.opened.clear();
  }

  /** One after the other: the first starts the runtime, which does one thing at a time. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }

  private forget(path: string, opening: Promise<Opened>): void {
    if (this.opened.get(path) === opening) this.opened.delete(path);
  }

  private async create(ort: typeof Ort, path: string, bytes: Uint8Array): Promise<Opened> {
    const device = await this.device();
    const executionProviders = device === 'webgpu' ? ['webgpu', 'wasm'] : ['wasm'];
    try {
      // What the runtime would warn of is which operators stay in WebAssembly, as they may.
      const session = await this.inTurn(() => ort.InferenceSession.create(bytes, { executionProviders, logSeverityLevel: 3 }));
      return { session, device };
    } catch (cause) {
      if (device === 'wasm') {
        throw new LimnError('RUNTIME', `The model's file ${path} cannot be run: ${messageOf(cause)}.`, { cause });
      }
      this.leaveGpu(cause);
      return this.create(ort, path, bytes);
    }
  }

  private async choose(): Promise<Plan> {
    const { runtime, webgpu } = this.data;
    const inWebAssembly: Plan = { device: 'wasm', file: runtime };
    const isAsked = this.choice === 'webgpu';
    if (this.choice === 'wasm' || !(webgpu || isAsked)) return inWebAssembly;
    const missing = webgpu ? await missingGpu(isAsked) : 'this export has no runtime for it';
    if (webgpu && missing === undefined) return { device: 'webgpu', file: webgpu };
    if (isAsked) this.noteUnused(missing as string);
    return inWebAssembly;
  }

  private leaveGpu(cause: unknown): void {
    if (!this.gpuFailed) this.noteUnused(messageOf(cause).replace(/\.$/, ''));
    this.gpuFailed = true;
  }

  private noteUnused(why: string): void {
    this.files.notes.add(`WebGPU is not used: ${why}. Searches run in WebAssembly, with the same results.`);
  }

  private start(): Promise<typeof Ort> {
    this.started ??= this.startRuntime().catch((error) => {
      this.started = undefined;
      throw error;
    });
    return this.started;
  }

  private async startRuntime(): Promise<typeof Ort> {
    requireSimd();
    const { device, file } = await this.plan();
    try {
      const [bytes, ort] = await Promise.all([
        this.files.read(file),
        (device === 'webgpu' ? import('onnxruntime-web/jspi') : import('onnxruntime-web/wasm')).catch(unloaded),
      ]);
      ort.env.wasm.wasmBinary = bytes.buffer;
      ort.env.wasm.numThreads = 1;
      return ort;
    } catch (cause) {
      const isStopped = LimnError.isInstance(cause) && cause.code === 'INTERRUPTED';
      if (device === 'wasm' || isStopped) throw cause;
      this.leaveGpu(cause);
      this.planned = Promise.resolve({ device: 'wasm', file: this.data.runtime });
      return this.startRuntime();
    }
  }
}

const unloaded = (cause: unknown): never => {
  const message =
    "The script of the model's runtime cannot be loaded: it is missing, or its host serves it with a wrong type. Reload the page.";
  throw new LimnError('IO', message, { cause });
};

/** @throws Error for numbers that a graphics processor's driver made a mess of */
function outputOf(name: string, { dims, data }: Ort.Tensor, device: Device): Tensor {
  const numbers = data as Float32Array<ArrayBuffer>;
  if (device === 'webgpu' && !numbers.every(Number.isFinite)) throw new Error(`${name} is not a number`);
  return tensor('float32', [...dims], numbers);
}
