/**
 * Cuts a stream of pictures into jobs at places that the pictures themselves give: behind one whose id's hash says so. So when some
 * jobs are done, or a picture has come to the list, the others are cut as before, and are found in the queue in place of being queued
 * a second time. (The idea is that of content-defined chunking in rsync and backup programs.)
 */
import { createHash } from 'node:crypto';

/**
 * Batches of `size` on average: at least half of it, at most twice.
 *
 * @param size from 1; one picture a batch for 1
 */
export async function* cutBatches<T extends { id: string }>(images: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  const least = Math.ceil(size / 2);
  // From the least on, one picture in so many ends its batch, which makes as many on average as wanted.
  const oneIn = size - least + 1;
  let batch: T[] = [];
  for await (const image of images) {
    batch.push(image);
    if (batch.length < least || (batch.length < 2 * size && hashOf(image.id) % oneIn !== 0)) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

const hashOf = (id: string) => createHash('sha256').update(id).digest().readUInt32BE();
