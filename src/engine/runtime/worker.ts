/**
 * The thread that owns ONNX Runtime sessions. `InferenceSession.run` blocks the thread it is called on, so it is never called
 * on the main one. Besides feeds that come with a call, a session has resident tensors: values that stay in this thread
 * between runs (parameters, optimizer state), which a run may read and, through `carry`, replace with its outputs. With WebGPU they
 * stay on the device.
 */
import { availableParallelism } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { freeMemory } from '../../core/free-memory.js';
import * as ort from './onnxruntime.js';
import { HostClock } from './optimizer/host-clock.js';
import type { StateBeside } from './optimizer/state-beside.js';
import { UpdatedState } from './optimizer/updated-state.js';
import type { DeviceAbilities, LoadRequest, RunReply, WireFeed, WireTensor, WorkerReply, WorkerRequest } from './protocol.js';
import type { WebGpu } from './webgpu.js';
import { fromOrt, toOrt } from './wire.js';

interface Loaded {
  session: ort.InferenceSession;
  carry: Readonly<Record<string, string>>;
  inPlace: ReadonlySet<string>;
  gpu: WebGpu | undefined;
  resident: Map<string, ort.Tensor>;
  /** What the runtime's own optimizer keeps, or the clock of one in the graph. */
  updated: StateBeside | undefined;
}

const port = parentPort;
if (!port) throw new Error('worker.ts runs only as a worker thread');
const sessions = new Map<number, Loaded>();
/** Tensors in memory that no other tensor has a part of: it may be written again. */
const owned = new WeakSet<ort.Tensor>();

async function handle(request: WorkerRequest): Promise<{ result?: unknown; transfer?: ArrayBuffer[] }> {
  if (request.kind === 'adapter') {
    const { hasFloat16 } = await openWebGpu();
    return { result: { float16: hasFloat16 } satisfies DeviceAbilities };
  }
  if (request.kind === 'load') {
    const loaded = await load(request);
    sessions.set(request.session, loaded);
    const { inputNames, outputNames } = loaded.session;
    const gradients = new Set(loaded.updated?.gradients);
    const outputs = [...outputNames.filter((name) => !gradients.has(name)), ...(loaded.updated?.reported ?? [])];
    return { result: { inputs: [...inputNames], outputs } };
  }
  const loaded = sessions.get(request.session);
  if (!loaded) throw new Error('the session is closed');
  const { session, carry, inPlace, gpu, resident, updated } = loaded;
  switch (request.kind) {
    case 'set': {
      const kept = Object.entries(request.tensors).filter(([name, given]) => !updated?.set(name, given));
      // What the optimizer has copied is as large as the state.
      if (kept.length === 0) free(Object.values(request.tensors));
      for (const [name, given] of kept) {
        const value = toOrt(given);
        if (hasItsBufferAlone(given, request.tensors)) owned.add(value);
        replace(resident, name, gpu ? await gpu.upload(value) : value);
      }
      return {};
    }
    case 'get': {
      // Copies: the resident tensors go on living here.
      const tensors: Record<string, WireTensor> = {};
      for (const name of request.names) {
        const own = updated?.get(name);
        if (own) {
          tensors[name] = own;
          continue;
        }
        const value = resident.get(name);
        if (!value) throw new Error(`there is no resident tensor named ${name}`);
        const wire = fromOrt(gpu ? await gpu.download(value) : value);
        tensors[name] = { ...wire, data: wire.data.slice() as WireTensor['data'] };
      }
      return { result: tensors, transfer: buffersOf(tensors) };
    }
    case 'run': {
      const feeds: Record<string, ort.Tensor> = {};
      for (const name of session.inputNames) {
        const given = request.feeds[name];
        const value = given ? toOrt(given) : (updated?.input(name) ?? resident.get(name));
        if (!value) throw new Error(`input ${name} was neither fed nor resident`);
        feeds[name] = value;
      }
      const fetches: Record<string, ort.Tensor | null> = {};
      for (const name of [...request.fetch, ...(updated?.gradients ?? [])]) {
        if (session.outputNames.includes(name)) fetches[name] = null;
      }
      for (const [output, input] of Object.entries(carry)) {
        const before = resident.get(input);
        fetches[output] = inPlace.has(output) && !gpu && before && owned.has(before) ? before : null;
      }
      const outputs = await session.run(feeds, fetches);
      for (const [output, input] of Object.entries(carry)) {
        const made = outputs[output] as ort.Tensor;
        const overwritten = fetches[output];
        // The binding returns a copy of what was written where it was told to.
        if (overwritten) free([made]);
        else owned.add(made);
        replace(resident, input, overwritten ?? made);
      }
      if (!request.giveBack) free(Object.values(request.feeds));
      const reported = updated?.update(outputs);
      free((updated?.gradients ?? []).map((name) => outputs[name] as ort.Tensor));
      const tensors: Record<string, WireTensor> = {};
      for (const name of request.fetch) tensors[name] = reported?.[name] ?? fromOrt(outputs[name] as ort.Tensor);
      if (!request.giveBack) return { result: { tensors } satisfies RunReply, transfer: buffersOf(tensors) };
      const result: RunReply = { tensors, feeds: request.feeds };
      return { result, transfer: [...new Set([...buffersOf(tensors), ...buffersOf(request.feeds)])] };
    }
    case 'close':
      sessions.delete(request.session);
      for (const name of resident.keys()) replace(resident, name, undefined);
      await session.release();
      return {};
  }
}

async function load({ model, device, threads, profile, carry, inPlace, update, clock }: LoadRequest): Promise<Loaded> {
  const gpu = device === 'webgpu' ? await openWebGpu() : undefined;
  const prepared = gpu?.prepare(model, Object.keys(carry)) ?? { model, options: {} };
  const session = await ort.InferenceSession.create(
    prepared.model as string,
    {
      intraOpNumThreads: threads > 0 ? threads : availableParallelism(),
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // A plan of the memory is kept beside the arena that the first run has filled: as fast without, and a training step takes a third less.
      enableMemPattern: false,
      graphOptimizationLevel: 'all',
      // What goes wrong is thrown; written to the console as well it would be said twice.
      logSeverityLevel: 4,
      ...(profile ? { enableProfiling: true, profileFilePrefix: profile } : {}),
      // Threads wait for the next operator spinning, which is faster than waking, and sleep as soon as the run ends: other work has the cores.
      extra: { session: { intra_op: { allow_spinning: '1' }, force_spinning_stop: '1' } },
      ...prepared.options,
    } as ort.InferenceSession.SessionOptions,
  );
  const updated = update ? new UpdatedState(update) : clock && new HostClock(clock);
  return { session, carry, inPlace: new Set(inPlace), gpu, resident: new Map(), updated };
}

/** Loaded when it is needed: a thread that computes on the CPU starts without it. */
async function openWebGpu(): Promise<WebGpu> {
  const { WebGpu } = await import('./webgpu.js');
  return WebGpu.open();
}

/** Memory that is replaced is given back at once: the garbage collector does not see how much it is on the device. */
function replace(resident: Map<string, ort.Tensor>, name: string, value: ort.Tensor | undefined): void {
  const before = resident.get(name);
  if (value) resident.set(name, value);
  else resident.delete(name);
  if (!before || before === value) return;
  if (before.location === 'gpu-buffer') before.dispose();
  else if (owned.has(before)) free([before]);
}

/** Each run brings as much again. */
function free(tensors: readonly { readonly data: ArrayLike<unknown> }[]): void {
  freeMemory(tensors.map(({ data }) => data as unknown as ArrayBufferView));
}

/** Whether a tensor fills a buffer that none of the others has a part of. */
function hasItsBufferAlone({ data }: WireTensor, all: Readonly<Record<string, WireTensor>>): boolean {
  if (data.byteLength !== data.buffer.byteLength) return false;
  return Object.values(all).filter((other) => other.data.buffer === data.buffer).length === 1;
}

function buffersOf(tensors: Record<string, WireFeed>): ArrayBuffer[] {
  return [...new Set(Object.values(tensors).map((value) => value.data.buffer as ArrayBuffer))];
}

// One request at a time and in order: a run must see the resident tensors that the run before it left.
let queue: Promise<void> = Promise.resolve();
port.on('message', (request: WorkerRequest) => {
  queue = queue.then(async () => {
    let reply: WorkerReply;
    let transfer: ArrayBuffer[] = [];
    try {
      const done = await handle(request);
      transfer = done.transfer ?? [];
      reply = { id: request.id, ok: true, result: done.result };
    } catch (error) {
      reply = { id: request.id, ok: false, message: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage(reply, transfer);
  });
});
