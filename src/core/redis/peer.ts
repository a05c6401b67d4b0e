/** The packages of the queue, imported when they are needed. */
import { importPeer } from '../peers.js';

export type Bull = typeof import('bullmq');
export type RedisClient = import('ioredis').Redis;
type RedisClass = typeof import('ioredis').Redis;

export async function importBull(): Promise<{ bull: Bull; Redis: RedisClass }> {
  return importPeer('BullMQ', ['bullmq@6.7.0', 'ioredis@6.0.0'], async () => ({
    bull: await import('bullmq'),
    Redis: (await import('ioredis')).Redis,
  }));
}
