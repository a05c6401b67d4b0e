/** Reading the body of a request, as far as it may go. */
import type { IncomingMessage } from 'node:http';
import type { ServerLimits } from '../guard/limits.js';
import type { ByteBudget, HeldBytes } from '../guard/slots.js';
import { HttpProblem } from '../handlers/problems.js';
import type { BodyTurns } from './body-turns.js';

/** Of every body so much is read as it comes: JSON does not wait behind files. */
const freeBytes = 16 * 1024;

/** What was not read of a body stays on the connection, so that has to end. */
const closing = { headers: { connection: 'close' } };

export interface Body {
  bytes: Buffer;
  /** Gives the memory back to the budget. */
  release(): void;
}

/**
 * The whole body, in turns with those of others. Memory is charged to the caller as bytes arrive: what was only promised costs nobody
 * anything.
 *
 * @throws HttpProblem 413 for one that is too large, 415 for a compressed one, 408 for one that comes too slowly, 503 where there is no
 * room for it, 400 where the connection breaks
 */
export async function readBody(
  incoming: IncomingMessage,
  limits: Pick<ServerLimits, 'bodyBytes' | 'bodyMilliseconds'>,
  { budget, turns, caller }: { budget: ByteBudget; turns: BodyTurns; caller?: string | undefined },
): Promise<Body> {
  const encoding = incoming.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new HttpProblem(
      415,
      'USAGE',
      'The body is compressed, which this server does not read. Send it uncompressed.',
      closing,
    );
  }
  if (Number(incoming.headers['content-length'] ?? 0) > limits.bodyBytes) throw tooLarge(limits.bodyBytes);
  const held = budget.open(caller);
  try {
    return { bytes: await collect(incoming, limits, held, () => turns.pause(incoming, caller)), release: () => held.release() };
  } catch (error) {
    held.release();
    throw error;
  }
}

function tooLarge(limit: number): HttpProblem {
  return new HttpProblem(413, 'TOO_LARGE', `The body has more than ${limit} bytes. Send less.`, closing);
}

function collect(
  incoming: IncomingMessage,
  limits: Pick<ServerLimits, 'bodyBytes' | 'bodyMilliseconds'>,
  held: HeldBytes,
  pause: () => () => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let stopWaiting = () => {};
    const end = (error?: HttpProblem) => {
      clearTimeout(timer);
      stopWaiting();
      incoming.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      if (!error) return resolve(Buffer.concat(chunks, size));
      incoming.pause();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.bodyBytes) return end(tooLarge(limits.bodyBytes));
      try {
        held.add(chunk.length);
      } catch (error) {
        return end(withClosing(error as HttpProblem));
      }
      chunks.push(chunk);
      if (size > freeBytes) stopWaiting = pause();
    };
    const onEnd = () => end();
    const onBroken = () => end(new HttpProblem(400, 'USAGE', 'The connection ended before the body did.', closing));
    const seconds = limits.bodyMilliseconds / 1000;
    const timer = setTimeout(
      () => end(new HttpProblem(408, 'TIMEOUT', `The body did not arrive within ${seconds} seconds. Send it faster.`, closing)),
      limits.bodyMilliseconds,
    );
    incoming.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

const withClosing = ({ status, code, message, headers }: HttpProblem) =>
  new HttpProblem(status, code, message, { headers: { ...headers, ...closing.headers } });
