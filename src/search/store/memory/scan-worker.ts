/** A thread that searches a matrix of another one. */

import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../core/errors.js';
import type { SharedMemory } from '../../../core/webassembly/api.js';
import type { Layout } from './matrix.js';
import { Scanner, type ScanRequest, type ScanResult } from './scan.js';

export interface ScanWorkerData {
  layout: Layout;
  slot: number;
}

export type ScanMessage = { kind: 'block' | 'codes'; memory: SharedMemory } | { kind: 'scan'; id: number; request: ScanRequest };
export type ScanReply = { id: number } & ({ result: ScanResult } | { failed: string });

if (parentPort) {
  const port = parentPort;
  const { layout, slot } = workerData as ScanWorkerData;
  const scanner = new Scanner(layout, slot);
  port.on('message', (message: ScanMessage) => {
    if (message.kind !== 'scan') {
      if (message.kind === 'block') scanner.addBlock(message.memory);
      else scanner.addCodes(message.memory);
      return;
    }
    try {
      const reply: ScanReply = { id: message.id, result: scanner.scan(message.request) };
      port.postMessage(reply, [reply.result.rows.buffer as ArrayBuffer, reply.result.similarities.buffer as ArrayBuffer]);
    } catch (error) {
      port.postMessage({ id: message.id, failed: messageOf(error) } satisfies ScanReply);
    }
  });
}
