/** Keeps choices while a server runs. That they cannot be written stops no search: it is counted, and said once. */
import { messageOf } from '../../core/errors.js';
import type { Choice } from './choice.js';
import { appendChoices } from './choice-files.js';

export interface ChoiceKeeperOptions {
  /** Told once when choices begin to be lost, and once when they are kept again; a sentence. */
  onNote(note: string): void;
  /** Bytes that all choices may take. @default 64 MiB */
  most?: number | undefined;
  /** @default today, in UTC */
  now?: (() => Date) | undefined;
}

/** Choices that wait to be written; more are lost. */
const mostWaiting = 1000;

export class ChoiceKeeper {
  private waiting: { choice: Choice; done: (kept: boolean) => void }[] = [];
  private writing: Promise<void> | undefined;
  private failing = false;

  private constructor(
    readonly folder: string,
    private readonly options: ChoiceKeeperOptions,
  ) {}

  /** Makes the folder, or says why choices will be lost. @param folder where they lie */
  static async open(folder: string, options: ChoiceKeeperOptions): Promise<ChoiceKeeper> {
    const keeper = new ChoiceKeeper(folder, options);
    await appendChoices(folder, [], options.most).catch((error) => keeper.failed(error));
    return keeper;
  }

  /** Keeps a choice of today. Those that come while others are written are written together. @returns whether it is on disk */
  keep(chosen: Omit<Choice, 'format' | 'day'>): Promise<boolean> {
    if (this.waiting.length >= mostWaiting) return Promise.resolve(false);
    const day = (this.options.now?.() ?? new Date()).toISOString().slice(0, 10);
    return new Promise((done) => {
      this.waiting.push({ choice: { format: 'limn-choice-1', day, ...chosen }, done });
      this.writing ??= this.write();
    });
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.writing;
  }

  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      const some = this.waiting;
      this.waiting = [];
      const kept = await appendChoices(
        this.folder,
        some.map(({ choice }) => choice),
        this.options.most,
      ).then(
        () => this.written(),
        (error) => this.failed(error),
      );
      for (const { done } of some) done(kept);
    }
    // In the same breath as the last look at what waits, so that nobody waits for a writing that has ended.
    this.writing = undefined;
  }

  private written(): true {
    if (this.failing) this.options.onNote(`Choices are kept in ${this.folder} again.`);
    this.failing = false;
    return true;
  }

  private failed(error: unknown): false {
    if (!this.failing) this.options.onNote(`Choices are lost until this is mended; searches go on. ${messageOf(error)}`);
    this.failing = true;
    return false;
  }
}
