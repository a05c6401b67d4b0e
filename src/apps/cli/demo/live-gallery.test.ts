import { describe, expect, it } from 'vitest';
import type { ServedGallery } from '../../server/galleries/service.js';
import { FakeGallery } from '../../server/testing/fake-gallery.js';
import { LiveGallery } from './live-gallery.js';

/** A gallery that counts `size` items, when it is let. */
function sized(size: number): { gallery: ServedGallery; answer: () => void; closed: () => boolean } {
  const fake = new FakeGallery();
  let answer = () => {};
  const waits = new Promise<void>((resolve) => {
    answer = resolve;
  });
  fake.count = async () => {
    await waits;
    return size;
  };
  return { gallery: fake, answer, closed: () => fake.closed };
}

const signal = new AbortController().signal;

describe('LiveGallery', () => {
  it('answers with the last gallery, and closes the one before when it has answered', async () => {
    const live = new LiveGallery();
    const [first, second] = [sized(1), sized(2)];
    live.replace(first.gallery, { epoch: 1, epochs: 3, ended: false });
    const asked = live.service.count();
    live.replace(second.gallery, { epoch: 2, epochs: 3, ended: false });
    const askedLater = live.service.count();
    second.answer();
    expect(await askedLater).toBe(2);
    expect(first.closed()).toBe(false);
    first.answer();
    expect(await asked).toBe(1);
    expect(first.closed()).toBe(true);
    expect(second.closed()).toBe(false);
    await live.close();
    expect(second.closed()).toBe(true);
    await expect(live.service.count()).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('closes a gallery that nobody asks at once, when it is replaced', async () => {
    const live = new LiveGallery();
    const first = sized(1);
    live.replace(first.gallery, { epoch: 1, epochs: 2, ended: false });
    live.replace(sized(2).gallery, { epoch: 2, epochs: 2, ended: false });
    await Promise.resolve();
    expect(first.closed()).toBe(true);
  });

  it('says how far the training is', async () => {
    const live = new LiveGallery();
    live.replace(sized(1).gallery, { epoch: 2, epochs: 3, ended: false });
    expect((await live.service.describe(signal)).training).toEqual({ epoch: 2, epochs: 3, ended: false });
    live.tell({ ended: true });
    expect((await live.service.describe(signal)).training).toEqual({ epoch: 2, epochs: 3, ended: true });
  });

  it('refuses changes while the next epoch would lose them', async () => {
    const live = new LiveGallery();
    live.replace(sized(1).gallery, { epoch: 1, epochs: 2, ended: false });
    await expect(live.service.delete('a')).rejects.toMatchObject({ code: 'USAGE' });
    live.tell({ ended: true });
    expect(await live.service.delete('a')).toBe(false);
  });
});
