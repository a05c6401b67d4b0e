/** What users of a queue may say of their connection; alone in its file, so that public types need no types of Redis. */
export interface QueueOptions {
  /** Told what should be put right, and when Redis is gone and back. @default nobody */
  warn?: ((message: string) => void) | undefined;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
}
