/** An ONNX model that is ready to run in a thread of its own. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LimnError, messageOf } from '../../core/errors.js';
import { makeFolder, writeError } from '../../core/files.js';
import { type ByteTensor, ReadTensor, type Tensor } from '../tensor/tensor.js';
import { chosenDevice, type Device, noGpu } from './device.js';
import { loadReason } from './load-reason.js';
import type { ClockPlan, UpdatePlan } from './optimizer/plan.js';
import { fetchedFor, type PackedOutputs, unpacked } from './packed-outputs.js';
import type { DeviceAbilities, RunReply, WireFeed, WireTensor, WorkerReply, WorkerRequest } from './protocol.js';
import { switchTelemetryOff } from './telemetry.js';

/** Options of {@link Session.open}. */
export interface SessionOptions {
  /** What the model is computed on. @default `LIMN_DEVICE` or "cpu" */
  device?: Device | undefined;
  /** Threads that one run computes with; 0 takes one a core. @default `LIMN_THREADS` or 0 */
  threads?: number;
  /** What the model is, for error messages. @default "model" */
  label?: string;
  /**
   * A path prefix under which ONNX Runtime writes a per-operator profile when the session is closed. @default a file in the folder
   * `LIMN_PROFILE`, or none
   */
  profile?: string;
  /** Output name -> resident input name: after each run the output takes the input's place and is not returned. @default none */
  carry?: Readonly<Record<string, string>>;
  /**
   * Outputs of `carry` that are written over the tensors whose place they take, which saves a second copy of the state. The graph must have read
   * these by then in whatever order its nodes run, see engine/graph/in-place.ts. @default none
   */
  inPlace?: readonly string[];
  /**
   * A step of the optimizer that follows each run, outside of the graph: the graph has an output `gradient.NAME` for each parameter, which is not
   * returned, and a run reports `gradientNorm` and `learningRate` beside what the graph does. Parameters, moments and clock are resident
   * tensors. On the CPU only. @default none
   */
  update?: UpdatePlan | undefined;
  /**
   * The clock of an optimizer in the graph, which the thread keeps, feeds to each run and moves on after it: `clock.*` are resident tensors, and a run
   * reports `learningRate` beside what the graph does. @default none
   */
  clock?: ClockPlan | undefined;
  /** Outputs that are vectors of scalars, which a run returns by names of their own, see {@link TrainingModel.packed}. @default none */
  packed?: PackedOutputs | undefined;
}

/** Threads of each of two models that compute side by side: half of those that one would have. */
export function halfOfThreads(): number {
  const all = Number(process.env.LIMN_THREADS ?? 0) || availableParallelism();
  return Math.max(1, Math.floor(all / 2));
}

/** Options of {@link Session.run}. */
export interface RunOptions {
  /** Outputs to return. @default every output that is not carried */
  fetch?: readonly string[];
  /** Give the feeds' buffers away instead of copying them. The caller must not touch them again. @default false */
  transfer?: boolean;
  /**
   * Told the feeds when the run has ended, so that memory that was given away is used again: new memory of some megabytes costs more than filling it.
   * @default the memory is freed
   */
  giveBack?: ((feeds: Record<string, Tensor | ByteTensor>) => void) | undefined;
}

type Distribute<T> = T extends unknown ? Omit<T, 'id' | 'session'> : never;

/** The thread that all sessions of one group share; runs are queued in it. */
class RuntimeThread {
  private readonly pending = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  private nextId = 0;
  private failure: Error | undefined;

  static async start(): Promise<RuntimeThread> {
    await switchTelemetryOff();
    return new RuntimeThread(startWorker());
  }

  private constructor(private readonly worker: Worker) {
    this.worker.unref();
    this.worker.on('message', (reply: WorkerReply) => {
      const waiting = this.pending.get(reply.id);
      this.pending.delete(reply.id);
      if (this.pending.size === 0) this.worker.unref();
      if (reply.ok) waiting?.resolve(reply.result);
      else waiting?.reject(new Error(reply.message));
    });
    this.worker.on('error', (error) => this.fail(error as Error));
    this.worker.on('exit', () => this.fail(new Error('the runtime thread has ended')));
  }

  request(session: number, body: Distribute<WorkerRequest>, transfer: ArrayBuffer[] = []): Promise<unknown> {
    if (this.failure) return Promise.reject(this.failure);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.ref();
      this.worker.postMessage({ id, session, ...body }, transfer);
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

/**
 * Makes sure of a device before work that would end without it.
 *
 * @param device @default `LIMN_DEVICE` or "cpu"
 * @returns what it can do
 * @throws LimnError RUNTIME where no GPU can be used, USAGE for a device that is none
 */
export async function requireDevice(device?: Device): Promise<DeviceAbilities> {
  if (chosenDevice(device) === 'cpu') return { float16: false };
  return (await (await openGpuThread()).request(-1, { kind: 'adapter' })) as DeviceAbilities;
}

let gpuThread: Promise<RuntimeThread> | undefined;

/**
 * The one thread of all sessions with WebGPU: they share a device, and runs of two threads on one device crash (onnxruntime issue
 * 32561). It lives as long as the process, and with it the compiled shaders.
 *
 * @throws LimnError RUNTIME where no GPU can be used
 */
function openGpuThread(): Promise<RuntimeThread> {
  const open = async () => {
    const thread = await RuntimeThread.start();
    try {
      await thread.request(-1, { kind: 'adapter' });
      return thread;
    } catch (error) {
      gpuThread = undefined;
      await thread.end();
      throw new LimnError('RUNTIME', noGpu(messageOf(error)), { cause: error });
    }
  };
  gpuThread ??= open();
  return gpuThread;
}

/** The thread's code is always the built one: Node cannot run TypeScript in a thread, and `npm test` builds before it tests. */
function startWorker(): Worker {
  const folder = import.meta.url.endsWith('.ts') ? '../../../dist/engine/runtime/' : './';
  // Flags that Node itself was started with, such as --input-type, would stop the thread.
  return new Worker(new URL(`${folder}worker.js`, import.meta.url), { execArgv: [] });
}

/** Where the folder `LIMN_PROFILE` gets a session's profile. */
async function profileOf(label: string, id: number): Promise<string | undefined> {
  const folder = process.env.LIMN_PROFILE;
  if (!folder) return undefined;
  await makeFolder(folder).catch((error) => {
    throw writeError(folder, error);
  });
  return join(folder, `${id}-${label.replace(/\W+/g, '-')}`);
}

let nextSession = 0;

/** A model that a thread has loaded. */
interface LoadedModel {
  thread: RuntimeThread;
  /** The session's number in the thread. */
  id: number;
  label: string;
  carry: Readonly<Record<string, string>>;
  packed: PackedOutputs;
  device: Device;
  inputs: readonly string[];
  outputs: readonly string[];
}

/** An ONNX model that is ready to run, in a thread of its own. */
export class Session {
  /** What the model is computed on. */
  readonly device: Device;
  /** Names of the model's inputs. */
  readonly inputs: readonly string[];
  /** Names of the model's outputs. */
  readonly outputs: readonly string[];

  private constructor(private readonly loaded: LoadedModel) {
    this.device = loaded.device;
    this.inputs = loaded.inputs;
    this.outputs = loaded.outputs.flatMap((name) => loaded.packed[name] ?? [name]);
  }

  /**
   * Loads a model in a new thread, or in the one that all sessions on the GPU share.
   *
   * @param model the bytes of an ONNX file, or its path
   * @throws LimnError RUNTIME when ONNX Runtime refuses the model, or there is no GPU where one is asked for; USAGE for a device that
   * is none
   */
  static async open(model: Uint8Array | string, options: SessionOptions = {}): Promise<Session> {
    const { label = 'model', carry = {}, inPlace = [], update, clock, packed = {} } = options;
    const threads = options.threads ?? Number(process.env.LIMN_THREADS ?? 0);
    const device = chosenDevice(options.device);
    if (update && device !== 'cpu') {
      throw new LimnError(
        'USAGE',
        `The optimizer of the ${label} is on the CPU: build it with optimizerIn "flat graph" for ${device}.`,
      );
    }
    const id = nextSession++;
    const profile = options.profile ?? (await profileOf(label, id));
    const thread = device === 'webgpu' ? await openGpuThread() : await RuntimeThread.start();
    try {
      const request = { kind: 'load', model, device, threads, profile, carry: { ...carry }, inPlace, update, clock } as const;
      const names = (await thread.request(id, request)) as { inputs: string[]; outputs: string[] };
      return new Session({ thread, id, label, carry, packed, device, ...names });
    } catch (error) {
      if (device === 'cpu') await thread.end();
      throw new LimnError('RUNTIME', `ONNX Runtime cannot load the ${label}: ${loadReason(messageOf(error))}`, { cause: error });
    }
  }

  /**
   * Puts tensors into the thread, where every later run finds them under their input names. The thread gets one after the other, so that memory that
   * is given away and copied there is freed before the next one is; tensors that are read when they are asked for are so one after the other, too.
   *
   * @param options.transfer Give the tensors' buffers away instead of copying them, see {@link RunOptions}. @default false
   */
  async setResident(tensors: Readonly<Record<string, Tensor>>, options: { transfer?: boolean } = {}): Promise<void> {
    for (const group of inOneBuffer(tensors)) {
      const wire = toWire(group);
      await this.request({ kind: 'set', tensors: wire }, options.transfer ? buffersOf(wire) : []);
    }
  }

  /** Copies of resident tensors as they are now. */
  async getResident(names: readonly string[]): Promise<Record<string, Tensor>> {
    const answer = this.request({ kind: 'get', names: [...names] });
    return (await this.wrapped('read its state', answer)) as Record<string, Tensor>;
  }

  /**
   * Runs the model once. Inputs that are not fed are taken from the resident tensors.
   *
   * @throws LimnError RUNTIME when an input is missing, has another shape or dtype than the model's, or the run fails
   */
  async run(feeds: Readonly<Record<string, Tensor | ByteTensor>>, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    const { carry, packed } = this.loaded;
    const wanted = options.fetch ?? this.outputs.filter((name) => !(name in carry));
    const fetch = fetchedFor(wanted, packed);
    const transfer = options.transfer ? buffersOf(feeds) : [];
    const { giveBack } = options;
    const request = {
      kind: 'run',
      feeds: toWire<Tensor | ByteTensor, WireFeed>(feeds),
      fetch,
      giveBack: giveBack !== undefined,
    } as const;
    const { tensors, feeds: back } = (await this.wrapped('run', this.request(request, transfer))) as RunReply;
    if (back) giveBack?.(back);
    return unpacked(wanted, packed, tensors);
  }

  /** Ends the session and, unless it is shared, its thread. */
  async close(): Promise<void> {
    await this.request({ kind: 'close' }).catch(() => {});
    if (this.device === 'cpu') await this.loaded.thread.end();
  }

  private request(body: Distribute<WorkerRequest>, transfer: ArrayBuffer[] = []): Promise<unknown> {
    return this.loaded.thread.request(this.loaded.id, body, transfer);
  }

  private async wrapped(doing: string, answer: Promise<unknown>): Promise<unknown> {
    try {
      return await answer;
    } catch (error) {
      throw new LimnError('RUNTIME', `The ${this.loaded.label} could not ${doing}: ${messageOf(error)}`, { cause: error });
    }
  }
}

function toWire<Given extends Tensor | ByteTensor = Tensor, Wire extends WireFeed = WireTensor>(
  tensors: Readonly<Record<string, Given>>,
): Record<string, Wire> {
  const wire: Record<string, Wire> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) wire[name] = { dtype, shape: [...shape], data } as Wire;
  return wire;
}

/** Tensors in groups that share a buffer: a buffer is given away as a whole. What is read when it is asked for shares none. */
function inOneBuffer(tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor>[] {
  const groups = new Map<ArrayBufferLike | Tensor, Record<string, Tensor>>();
  for (const [name, value] of Object.entries(tensors)) {
    const shared = value instanceof ReadTensor ? value : value.data.buffer;
    const group = groups.get(shared) ?? {};
    group[name] = value;
    groups.set(shared, group);
  }
  return [...groups.values()];
}

function buffersOf(tensors: Readonly<Record<string, Tensor | ByteTensor>>): ArrayBuffer[] {
  return [...new Set(Object.values(tensors).map((value) => value.data.buffer as ArrayBuffer))];
}
