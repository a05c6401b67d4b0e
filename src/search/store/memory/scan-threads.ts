/** Searches a matrix: in this thread while it is small, else each thread a part of its rows. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { LimnError, messageOf } from '../../../core/errors.js';
import { type Matrix, slots } from './matrix.js';
import { Scanner, type ScanRequest, type ScanResult } from './scan.js';
import type { ScanMessage, ScanReply, ScanWorkerData } from './scan-worker.js';

/** How exact searches use the processor. */
export interface ScanOptions {
  /** Threads that search a large gallery. @default one a core, at most 8 */
  threads?: number | undefined;
  /** Galleries of at most so many floats are searched in the caller's thread. @default 2^22, a few milliseconds */
  inlineFloats?: number | undefined;
  /**
   * Whether a gallery that threads search gets codes of one byte a number behind its first search: later ones read these first, which takes about
   * half as long, finds the same, and needs a quarter more memory for vectors. @default true
   */
  codes?: boolean | undefined;
}

/** Rows that get codes before other work has its turn: less than a millisecond. */
const codedAtOnce = 128;

export class ScanThreads {
  private readonly scanner: Scanner;
  private known = 0;
  private readonly count: number;
  private readonly inlineFloats: number;
  private readonly codes: boolean;
  private coding: NodeJS.Immediate | undefined;
  private threads: ScanThread[] | undefined;

  constructor(
    private readonly matrix: Matrix,
    { threads, inlineFloats = 2 ** 22, codes = true }: ScanOptions = {},
  ) {
    this.codes = codes;
    this.scanner = new Scanner(matrix.layout, 0);
    this.count = Math.max(1, Math.min(threads ?? Math.min(8, availableParallelism()), slots - 1));
    this.inlineFloats = inlineFloats;
  }

  /** The parts' results, in no order. @param skip one byte a row, from row 0 */
  async scan(query: Float32Array, skip: Uint8Array, limit: number): Promise<ScanResult[]> {
    const { blocks, layout, coded } = this.matrix;
    if (skip.length * layout.stride <= this.inlineFloats) {
      for (; this.known < blocks.length; this.known++) this.scanner.addBlock(blocks[this.known] as (typeof blocks)[number]);
      return [this.scanner.scan({ query, from: 0, skip, limit })];
    }
    this.threads ??= Array.from({ length: this.count }, (_, i) => new ScanThread(this.matrix, i + 1));
    const part = Math.ceil(skip.length / this.threads.length);
    const found = await Promise.all(
      this.threads
        .filter((_, i) => i * part < skip.length)
        .map((thread, i) => thread.scan({ query, from: i * part, skip: skip.slice(i * part, (i + 1) * part), limit, coded })),
    );
    if (this.codes) this.codeMore();
    return found;
  }

  /** Gives all rows codes, some at a time, unless the store is closed before. */
  private codeMore(): void {
    if (this.coding || !this.threads || this.matrix.coded === this.matrix.count) return;
    this.coding = setImmediate(() => {
      this.coding = undefined;
      if (!this.matrix.code(codedAtOnce)) this.codeMore();
    });
    this.coding.unref();
  }

  async close(): Promise<void> {
    const { threads } = this;
    this.threads = undefined;
    clearImmediate(this.coding);
    await Promise.all((threads ?? []).map((thread) => thread.end()));
  }
}

class ScanThread {
  private readonly worker: Worker;
  private known = 0;
  private knownCodes = 0;
  private nextId = 0;
  private readonly waiting = new Map<number, { resolve(result: ScanResult): void; reject(error: unknown): void }>();
  private failure: LimnError | undefined;

  constructor(
    private readonly matrix: Matrix,
    slot: number,
  ) {
    // The thread's code is always the built one: Node cannot run TypeScript in a thread.
    const folder = import.meta.url.endsWith('.ts') ? '../../../../dist/search/store/memory/' : './';
    const workerData: ScanWorkerData = { layout: matrix.layout, slot };
    this.worker = new Worker(new URL(`${folder}scan-worker.js`, import.meta.url), { workerData, execArgv: [] });
    this.worker.unref();
    this.worker.on('message', (reply: ScanReply) => {
      const call = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if (this.waiting.size === 0) this.worker.unref();
      if ('result' in reply) call?.resolve(reply.result);
      else call?.reject(failed(reply.failed));
    });
    this.worker.on('error', (error) => this.fail(messageOf(error)));
    this.worker.on('exit', () => this.fail('its thread has ended'));
  }

  scan(request: ScanRequest): Promise<ScanResult> {
    if (this.failure) return Promise.reject(this.failure);
    const { blocks, codeBlocks } = this.matrix;
    for (; this.known < blocks.length; this.known++) {
      this.worker.postMessage({ kind: 'block', memory: blocks[this.known] } as ScanMessage);
    }
    for (; this.knownCodes < codeBlocks.length; this.knownCodes++) {
      this.worker.postMessage({ kind: 'codes', memory: codeBlocks[this.knownCodes] } as ScanMessage);
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.ref();
      this.worker.postMessage({ kind: 'scan', id, request } satisfies ScanMessage, [request.skip.buffer as ArrayBuffer]);
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private fail(why: string): void {
    this.failure ??= failed(why);
    for (const { reject } of this.waiting.values()) reject(this.failure);
    this.waiting.clear();
  }
}

function failed(why: string): LimnError {
  return new LimnError('STORE', `The exact search failed: ${why}. Open the gallery again.`);
}
