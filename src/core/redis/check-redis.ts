/** Whether a Redis can carry the queue: it answers, is new enough, and does not throw keys away. */
import { LimnError, messageOf } from '../errors.js';
import { shownAddress } from './address.js';
import type { RedisClient } from './peer.js';

/** What BullMQ's scripts need. */
const oldest = [6, 2];
const connectMilliseconds = 5000;

export const probeOptions = {
  lazyConnect: true,
  connectTimeout: connectMilliseconds,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
} as const;

/**
 * @param probe a client with {@link probeOptions}; it is ended here
 * @returns what should be put right, if anything
 * @throws LimnError QUEUE for a Redis that cannot be reached or used
 */
export async function checkRedis(probe: RedisClient, address: string): Promise<string | undefined> {
  let last: unknown;
  probe.on('error', (error) => {
    last = error;
  });
  try {
    await probe.connect();
    return checkInfo(await probe.info(), shownAddress(address));
  } catch (error) {
    if (LimnError.isInstance(error)) throw error;
    // Of a connection that failed, the client only says that it is closed. Its errors hold the commands, and so the password: they are
    // no cause of this one.
    const why = /Connection is closed/i.test(messageOf(error)) && last ? last : error;
    throw new LimnError(
      'QUEUE',
      `Redis at ${shownAddress(address)} cannot be used: ${redisReason(why)}. Check that it runs, and the address and password of --queue.`,
    );
  } finally {
    probe.disconnect();
  }
}

/** What went wrong with Redis, in a few words. */
export function redisReason(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return messageOf(first).replace(/\.$/, '') || String((first as { code?: unknown })?.code ?? 'no answer');
}

/** @param info the answer to INFO @throws LimnError QUEUE for a version that is too old */
export function checkInfo(info: string, shown: string): string | undefined {
  const value = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
  const version = value('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldest[0]! || (major === oldest[0] && minor < oldest[1]!)) {
    const message = `Redis at ${shown} has version ${version || 'unknown'}; the queue needs ${oldest.join('.')} or newer. Update it.`;
    throw new LimnError('QUEUE', message);
  }
  const policy = value('maxmemory_policy');
  if (policy === undefined || policy === 'noeviction') return undefined;
  return `Redis at ${shown} evicts keys when its memory is full (${policy}), including queued images: set maxmemory-policy to noeviction.`;
}
