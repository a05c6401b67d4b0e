/** The graphs of a model on ONNX Runtime Web, each opened when it is first needed and run one after the other. */
import * as ort from 'onnxruntime-web/wasm';
import { LimnError, messageOf } from '../../core/errors.js';
import { type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { ExportedFile } from '../../search/export/format.js';
import type { ExportFiles } from './fetch-files.js';
import { requireSimd } from './simd.js';

export class Sessions {
  private readonly opened = new Map<string, Promise<ort.InferenceSession>>();
  private started: Promise<void> | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private lastOpening: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly files: ExportFiles,
    private readonly runtime: ExportedFile,
  ) {}

  open(file: ExportedFile): Promise<ort.InferenceSession> {
    const known = this.opened.get(file.path);
    if (known) return known;
    // Both are on their way at once, and the one is compiled as soon as it is here.
    const opening = Promise.all([this.files.read(file), this.start()]).then(([bytes]) => this.create(file.path, bytes));
    this.opened.set(file.path, opening);
    opening.catch(() => this.opened.delete(file.path));
    return opening;
  }

  async run(file: ExportedFile, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const session = await this.open(file);
    const given = Object.fromEntries(
      Object.entries(feeds).map(([name, { dtype, shape, data }]) => [name, new ort.Tensor(dtype, data as never, [...shape])]),
    );
    // One run at a time: the runtime has one thread.
    const running = this.last.then(() => session.run(given));
    this.last = running.catch(() => undefined);
    const result = await running.catch((cause: unknown) => {
      throw new LimnError('RUNTIME', `The model cannot be run on this: ${messageOf(cause)}.`, { cause });
    });
    return Object.fromEntries(
      Object.entries(result).map(([name, { dims, data }]) => [
        name,
        tensor('float32', [...dims], data as Float32Array<ArrayBuffer>),
      ]),
    );
  }

  async close(): Promise<void> {
    for (const session of this.opened.values()) await (await session.catch(() => undefined))?.release();
    this.opened.clear();
  }

  /** One after the other: the first starts the runtime. */
  private create(path: string, bytes: Uint8Array): Promise<ort.InferenceSession> {
    const creating = this.lastOpening.then(() => ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] }));
    this.lastOpening = creating.catch(() => undefined);
    return creating.catch((cause: unknown) => {
      throw new LimnError('RUNTIME', `The model's file ${path} cannot be run: ${messageOf(cause)}.`, { cause });
    });
  }

  private start(): Promise<void> {
    this.started ??= (async () => {
      requireSimd();
      const bytes = await this.files.read(this.runtime);
      ort.env.wasm.wasmBinary = bytes.buffer;
      ort.env.wasm.numThreads = 1;
    })().catch((error) => {
      this.started = undefined;
      throw error;
    });
    return this.started;
  }
}
