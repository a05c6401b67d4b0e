/** A thread that searches a matrix of another one, and gives its rows codes. */

import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../core/errors.js';
import type { SharedMemory } from '../../../core/webassembly/api.js';
import type { Layout } from './matrix.js';
import { Scanner, type ScanRequest, type ScanResult } from './scan.js';

export interface ScanWorkerData {
  layout: Layout;
  slot: number;
}

/** What a thread is asked. */
export type ScanQuestion = { kind: 'scan'; request: ScanRequest } | { kind: 'code'; from: number; to: number };
/** Memory that it has to know, and questions. */
export type ScanMessage =
  | { kind: 'block'; memory: SharedMemory }
  | { kind: 'codes'; memory: SharedMemory }
  | { kind: 'ask'; id: number; question: ScanQuestion };
export type ScanReply = { id: number } & ({ result: ScanResult | undefined } | { failed: string });

if (parentPort) {
  const port = parentPort;
  const { layout, slot } = workerData as ScanWorkerData;
  const scanner = new Scanner(layout, slot);
  const answer = (question: ScanQuestion): ScanResult | undefined => {
    if (question.kind === 'scan') return scanner.scan(question.request);
    scanner.code(question.from, question.to);
    return undefined;
  };
  port.on('message', (message: ScanMessage) => {
    if (message.kind === 'block') return scanner.addBlock(message.memory);
    if (message.kind === 'codes') return scanner.addCodes(message.memory);
    const { id, question } = message;
    try {
      const result = answer(question);
      const moved = result ? [result.rows.buffer as ArrayBuffer, result.similarities.buffer as ArrayBuffer] : [];
      port.postMessage({ id, result } satisfies ScanReply, moved);
    } catch (error) {
      port.postMessage({ id, failed: messageOf(error) } satisfies ScanReply);
    }
  });
}
