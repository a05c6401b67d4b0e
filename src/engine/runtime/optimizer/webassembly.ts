/** WebAssembly as Node has it: TypeScript describes it in its library for browsers only, and @types/node nowhere. */

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

type Exports = Readonly<Record<string, (...numbers: number[]) => number>>;
export type WasmModule = object;

interface WebAssemblyApi {
  Memory: new (size: { initial: number }) => WasmMemory;
  Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  Instance: new (module: WasmModule, imports: Record<string, Record<string, WasmMemory>>) => { exports: Exports };
}

const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

/** @param initial pages of 64 KiB @throws RangeError where there is no memory left */
export const newMemory = (initial: number): WasmMemory => new api.Memory({ initial });

export const compile = (bytes: Uint8Array<ArrayBuffer>): WasmModule => new api.Module(bytes);

/** The functions of a module that imports `host.memory`. */
export const functionsOf = (module: WasmModule, memory: WasmMemory): Exports =>
  new api.Instance(module, { host: { memory } }).exports;
