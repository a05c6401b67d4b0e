/** WebAssembly as Node has it: TypeScript describes it in its library for browsers only, and @types/node nowhere. */

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** Memory that several threads see, and that grows. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  /** @returns the pages there were before */
  grow(pages: number): number;
}

type Exports = Readonly<Record<string, (...numbers: number[]) => number>>;
export type WasmModule = object;

interface WebAssemblyApi {
  Memory: (new (size: {
    initial: number;
  }) => WasmMemory) &
    (new (size: {
      initial: number;
      maximum: number;
      shared: true;
    }) => SharedMemory);
  Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  Instance: new (module: WasmModule, imports: Record<string, Record<string, WasmMemory | SharedMemory>>) => { exports: Exports };
}

const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

export const pageBytes = 65_536;

/** How many pages a number of bytes needs. */
export const pagesFor = (bytes: number): number => Math.ceil(bytes / pageBytes);

/** @param initial pages of 64 KiB @throws RangeError where there is no memory left */
export const newMemory = (initial: number): WasmMemory => new api.Memory({ initial });

/** @param maximum pages, which modules over it must name too @throws RangeError where there is no memory left */
export const newSharedMemory = (initial: number, maximum: number): SharedMemory =>
  new api.Memory({ initial, maximum, shared: true });

export const compile = (bytes: Uint8Array<ArrayBuffer>): WasmModule => new api.Module(bytes);

/** The functions of a module that imports `host.memory`. */
export const functionsOf = (module: WasmModule, memory: WasmMemory | SharedMemory): Exports =>
  new api.Instance(module, { host: { memory } }).exports;
