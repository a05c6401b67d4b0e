/** The part of WebAssembly that is used here; Node's types do not describe it. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  /** @returns the pages there were before */
  grow(pages: number): number;
}

interface Engine {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
  Memory: new (options: { initial: number; maximum: number; shared: true }) => SharedMemory;
}

export const webAssembly = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;

export const pageBytes = 65_536;
