/**
 * The thread that owns ONNX Runtime sessions. `InferenceSession.run` blocks the thread it is called on, so it is never called
 * on the main one. Besides feeds that come with a call, a session has resident tensors: values that stay in this thread
 * between runs (parameters, optimizer state), which a run may read and, through `carry`, replace with its outputs.
 */
import { availableParallelism } from 'node:os';
import { parentPort } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import type { WireTensor, WorkerReply, WorkerRequest } from './protocol.js';

interface Loaded {
  session: ort.InferenceSession;
  resident: Map<string, ort.Tensor>;
  /** Outputs that a carried output has taken the place of, by its name: its next value is written there, not into new memory. */
  spare: Map<string, ort.Tensor>;
}

const port = parentPort;
if (!port) throw new Error('worker.ts runs only as a worker thread');
const sessions = new Map<number, Loaded>();
/** Tensors that runs have made and that no one else has. */
const carried = new WeakSet<ort.Tensor>();
const float16Array = (globalThis as { Float16Array?: new (b: ArrayBufferLike, o: number, l: number) => ArrayLike<number> })
  .Float16Array;

function toOrt(value: WireTensor): ort.Tensor {
  let data: unknown = value.data;
  if (value.dtype === 'float16' && float16Array) {
    data = new float16Array(value.data.buffer, value.data.byteOffset, value.data.length);
  }
  return new ort.Tensor(value.dtype, data as never, value.shape);
}

function fromOrt(value: ort.Tensor): WireTensor {
  let data = value.data as WireTensor['data'];
  if (value.type === 'float16' && !(data instanceof Uint16Array)) {
    const view = data as unknown as ArrayBufferView;
    data = new Uint16Array(view.buffer, view.byteOffset, view.byteLength / 2);
  }
  return { dtype: value.type as WireTensor['dtype'], shape: [...value.dims], data };
}

async function handle(request: WorkerRequest): Promise<{ result?: unknown; transfer?: ArrayBuffer[] }> {
  if (request.kind === 'load') {
    const session = await ort.InferenceSession.create(
      request.model as string,
      {
        intraOpNumThreads: request.threads > 0 ? request.threads : availableParallelism(),
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
        ...(request.profile ? { enableProfiling: true, profileFilePrefix: request.profile } : {}),
        extra: { session: { intra_op: { allow_spinning: request.spin ? '1' : '0' } } },
      } as ort.InferenceSession.SessionOptions,
    );
    sessions.set(request.session, { session, resident: new Map(), spare: new Map() });
    return { result: { inputs: [...session.inputNames], outputs: [...session.outputNames] } };
  }
  const loaded = sessions.get(request.session);
  if (!loaded) throw new Error('the session is closed');
  const { session, resident, spare } = loaded;
  switch (request.kind) {
    case 'set':
      for (const [name, value] of Object.entries(request.tensors)) resident.set(name, toOrt(value));
      return {};
    case 'get': {
      // Copies: the resident tensors go on living here.
      const tensors: Record<string, WireTensor> = {};
      for (const name of request.names) {
        const value = resident.get(name);
        if (!value) throw new Error(`there is no resident tensor named ${name}`);
        const wire = fromOrt(value);
        tensors[name] = { ...wire, data: wire.data.slice() as WireTensor['data'] };
      }
      return { result: tensors, transfer: buffersOf(tensors) };
    }
    case 'run': {
      const feeds: Record<string, ort.Tensor> = {};
      for (const name of session.inputNames) {
        const given = request.feeds[name];
        const value = given ? toOrt(given) : resident.get(name);
        if (!value) throw new Error(`input ${name} was neither fed nor resident`);
        feeds[name] = value;
      }
      const fetches: Record<string, ort.Tensor | null> = {};
      for (const name of request.fetch) fetches[name] = null;
      for (const output of Object.keys(request.carry)) fetches[output] = spare.get(output) ?? null;
      const outputs = await session.run(feeds, fetches);
      for (const [output, input] of Object.entries(request.carry)) {
        const before = resident.get(input);
        const value = outputs[output] as ort.Tensor;
        // A tensor that came from outside may share its buffer with another.
        if (before && carried.has(before) && isLike(before, value)) spare.set(output, before);
        else spare.delete(output);
        carried.add(value);
        resident.set(input, value);
      }
      const tensors: Record<string, WireTensor> = {};
      for (const name of request.fetch) tensors[name] = fromOrt(outputs[name] as ort.Tensor);
      return { result: tensors, transfer: buffersOf(tensors) };
    }
    case 'close':
      sessions.delete(request.session);
      await session.release();
      return {};
  }
}

function isLike(a: ort.Tensor, b: ort.Tensor): boolean {
  return a.type === b.type && a.dims.join() === b.dims.join();
}

function buffersOf(tensors: Record<string, WireTensor>): ArrayBuffer[] {
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
