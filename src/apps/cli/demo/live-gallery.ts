/** A served gallery whose model becomes better while it is served: searches go to the last one that was put in. */
import { LimnError } from '../../../core/errors.js';
import type { ServedDescription, ServedGallery } from '../../server/galleries/service.js';

type Training = NonNullable<ServedDescription['training']>;

interface Version {
  gallery: ServedGallery;
  /** Calls that it still answers. */
  calls: number;
  isReplaced: boolean;
}

export class LiveGallery {
  private version: Version | undefined;
  private training: Training | undefined;
  private readonly closing: Promise<void>[] = [];

  /** Whether there is something to search. */
  get isOpen(): boolean {
    return this.version !== undefined;
  }

  /** Answers with this gallery from now on; the one before is closed when it has answered what it was asked. */
  replace(gallery: ServedGallery, training: Training): void {
    const before = this.version;
    this.version = { gallery, calls: 0, isReplaced: false };
    this.training = training;
    if (before) this.retire(before);
  }

  /** Says how far the training is, where the gallery stays the same. */
  tell(training: Partial<Training>): void {
    if (this.training) this.training = { ...this.training, ...training };
  }

  async close(): Promise<void> {
    if (this.version) this.retire(this.version);
    this.version = undefined;
    await Promise.all(this.closing);
  }

  /** For a server: every call goes to the version that is there when it begins. */
  get service(): ServedGallery {
    return {
      describe: async (signal) => ({ ...(await this.ask((one) => one.describe(signal))), training: this.training }),
      count: (filter) => this.ask((one) => one.count(filter)),
      list: (query) => this.ask((one) => one.list(query)),
      get: (id) => this.ask((one) => one.get(id)),
      put: (item, inTurn) => this.change((one) => one.put(item, inTurn)),
      delete: (id) => this.change((one) => one.delete(id)),
      searchAll: (requests) => this.ask((one) => one.searchAll(requests)),
      notesOn: (query, found) => this.ask(async (one) => (await one.notesOn?.(query, found)) ?? []),
      explain: (request, hit, inTurn) => this.ask((one) => one.explain(request, hit, inTurn)),
      decodeAhead: (request, inTurn) => this.ask(async (one) => (await one.decodeAhead?.(request, inTurn)) ?? request),
      image: (id) => this.ask((one) => one.image(id)),
      thumbnail: (id, inTurn) => this.ask((one) => one.thumbnail(id, inTurn)),
      suggest: (request) =>
        this.ask(async (one) => (await one.suggest?.(request)) ?? { suggestions: [], unknown: [], filters: [] }),
      close: () => this.close(),
    };
  }

  private async ask<T>(call: (gallery: ServedGallery) => Promise<T>): Promise<T> {
    const { version } = this;
    if (!version)
      throw new LimnError(
        'INTERRUPTED',
        'There is nothing to search yet: the first epoch has not ended, or the server is stopping. Try again later.',
      );
    version.calls++;
    try {
      return await call(version.gallery);
    } finally {
      version.calls--;
      this.closeUnused(version);
    }
  }

  private change<T>(call: (gallery: ServedGallery) => Promise<T>): Promise<T> {
    if (this.training && !this.training.ended) {
      const message = 'The gallery is made anew after every epoch: change its images when the training has ended.';
      return Promise.reject(new LimnError('USAGE', message));
    }
    return this.ask(call);
  }

  private retire(version: Version): void {
    version.isReplaced = true;
    this.closeUnused(version);
  }

  private closeUnused(version: Version): void {
    if (version.isReplaced && version.calls === 0) this.closing.push(version.gallery.close());
  }
}
