/** Connections to Redis that were checked, and come back by themselves. */

import { checkAddress, shownAddress } from './address.js';
import { checkRedis, probeOptions, redisReason } from './check-redis.js';
import { importBull, type RedisClient } from './peer.js';
import type { QueueOptions } from './queue-options.js';

/** All of limn's keys in a Redis begin with it. */
export const keyPrefix = 'limn';

/** @throws LimnError USAGE for an address that is none, STORE without BullMQ, QUEUE for a Redis that cannot be used */
export async function connectRedis(address: string, { warn = () => {} }: QueueOptions = {}): Promise<RedisClient> {
  checkAddress(address);
  const { Redis } = await importBull();
  const advice = await checkRedis(new Redis(address, probeOptions), address);
  if (advice) warn(advice);
  // BullMQ wants commands to wait for as long as it takes.
  const redis = new Redis(address, { maxRetriesPerRequest: null, retryStrategy: (times) => Math.min(200 * times, 5000) });
  let gone = false;
  redis.on('error', (error) => {
    if (!gone) warn(`Redis at ${shownAddress(address)} is gone (${redisReason(error)}); waiting for it.`);
    gone = true;
  });
  redis.on('ready', () => {
    if (gone) warn(`Redis at ${shownAddress(address)} is back.`);
    gone = false;
  });
  return redis;
}
