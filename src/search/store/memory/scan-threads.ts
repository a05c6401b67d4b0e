/** Searches a matrix: in this thread while it is small, else each thread a part of its rows. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { LimnError, messageOf } from '../../../core/errors.js';
import type { SharedMemory } from '../../../core/webassembly/api.js';
import { type Matrix, slots } from './matrix.js';
import { Scanner, type ScanRequest, type ScanResult } from './scan.js';
import type { ScanMessage, ScanQuestion, ScanReply, ScanWorkerData } from './scan-worker.js';

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

/** Rows to which a thread gives codes before a search has its turn: about a millisecond. */
const codedAtOnce = 256;

export class ScanThreads {
  private readonly scanner: Scanner;
  private known = 0;
  private readonly count: number;
  private readonly inlineFloats: number;
  private codes: boolean;
  private isCoding = false;
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
    if (this.codes) void this.codeMore();
    return found;
  }

  /** Gives all rows codes, each thread some at a time, until the store is closed. Searches do without them until then. */
  private async codeMore(): Promise<void> {
    const { matrix } = this;
    if (this.isCoding) return;
    this.isCoding = true;
    try {
      while (this.threads && matrix.coded < matrix.count) {
        const { threads } = this;
        const [from, to] = [matrix.coded, Math.min(matrix.count, matrix.coded + codedAtOnce * threads.length)];
        matrix.roomForCodes(from, to);
        const starts = threads.map((_, i) => Math.min(to, from + i * codedAtOnce));
        await Promise.all(threads.map((thread, i) => thread.code(starts[i] as number, starts[i + 1] ?? to)));
        matrix.coded = to;
      }
    } catch {
      // Without memory for codes, searches compare the rows themselves; what befell a thread, the next search tells.
      this.codes = false;
    } finally {
      this.isCoding = false;
    }
  }

  async close(): Promise<void> {
    const { threads } = this;
    this.threads = undefined;
    await Promise.all((threads ?? []).map((thread) => thread.end()));
  }
}

interface Waiting {
  resolve(result: ScanResult | undefined): void;
  reject(error: unknown): void;
  /** Whether the process waits for it. */
  isScan: boolean;
}

class ScanThread {
  private readonly worker: Worker;
  private known = 0;
  private knownCodes = 0;
  private nextId = 0;
  private readonly waiting = new Map<number, Waiting>();
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
      if (![...this.waiting.values()].some(({ isScan }) => isScan)) this.worker.unref();
      if ('result' in reply) call?.resolve(reply.result);
      else call?.reject(failed(reply.failed));
    });
    this.worker.on('error', (error) => this.fail(messageOf(error)));
    this.worker.on('exit', () => this.fail('its thread has ended'));
  }

  async scan(request: ScanRequest): Promise<ScanResult> {
    const result = this.ask({ kind: 'scan', request }, [request.skip.buffer as ArrayBuffer]);
    this.worker.ref();
    return (await result) as ScanResult;
  }

  /** Gives rows codes. */
  async code(from: number, to: number): Promise<void> {
    if (from < to) await this.ask({ kind: 'code', from, to });
  }

  private ask(question: ScanQuestion, moved: readonly ArrayBuffer[] = []): Promise<ScanResult | undefined> {
    if (this.failure) return Promise.reject(this.failure);
    const { blocks, codeBlocks } = this.matrix;
    for (; this.known < blocks.length; this.known++) this.tell({ kind: 'block', memory: blocks[this.known] as SharedMemory });
    for (; this.knownCodes < codeBlocks.length; this.knownCodes++) {
      this.tell({ kind: 'codes', memory: codeBlocks[this.knownCodes] as SharedMemory });
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, isScan: question.kind === 'scan' });
      this.tell({ kind: 'ask', id, question }, moved);
    });
  }

  private tell(message: ScanMessage, moved: readonly ArrayBuffer[] = []): void {
    this.worker.postMessage(message, moved);
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
