/** How many bytes have come of those that are wanted. */
import type { OnProgress } from '../../core/progress-event.js';
import type { ExportedFile } from '../../search/export/format.js';

export class LoadProgress {
  private readonly sizes = new Map<string, number>();
  private readonly come = new Map<string, number>();
  private total = 0;
  private done = 0;
  private told = -1;

  constructor(private readonly onProgress: OnProgress | undefined) {}

  /** Counts files that will be read, once each: the total is known before the first byte then. */
  expect(files: readonly (ExportedFile | undefined)[]): void {
    const before = this.total;
    for (const file of files) {
      if (!file || this.sizes.has(file.path)) continue;
      this.sizes.set(file.path, file.bytes);
      this.total += file.bytes;
    }
    if (this.total > before) this.tell();
  }

  /** So many bytes of a file are here; fewer than before where it is fetched again. */
  reached(path: string, bytes: number): void {
    this.done += bytes - (this.come.get(path) ?? 0);
    this.come.set(path, bytes);
    // A hundred times in all, whatever the pieces that a network gives.
    const isNews = this.done === this.total || Math.abs(this.done - this.told) >= this.total / 100;
    if (isNews && this.done !== this.told) this.tell();
  }

  private tell(): void {
    this.told = this.done;
    this.onProgress?.({ stage: 'load', done: this.done, total: this.total });
  }
}
