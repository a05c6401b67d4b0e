/** How far the download of what searches need has come, for those who watch. */

export interface LoadingState {
  /** `none`: nothing is loaded, or the list of images alone; `stopped`: a person has cancelled it. */
  readonly status: 'none' | 'loading' | 'stopped' | 'ready';
  /** In bytes. */
  readonly done: number;
  readonly total: number;
  /** What a person should know of what was fetched and kept. */
  readonly notes: readonly string[];
}

export class Loading {
  private current: LoadingState = { status: 'none', done: 0, total: 0, notes: [] };
  private readonly watchers = new Set<() => void>();

  /** @param actions what the buttons beside it do */
  constructor(readonly actions: { cancel(): void; start(): void }) {}

  get state(): LoadingState {
    return this.current;
  }

  change(part: Partial<LoadingState>): void {
    this.current = { ...this.current, ...part };
    for (const watcher of this.watchers) watcher();
  }

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }
}
