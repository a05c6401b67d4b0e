/** When pictures are decoded: a server that many call gives each its turn; everybody else does it at once. */

/** Runs the decoding of a picture's file when it is its turn. May refuse it, with an error of its own. */
export type InTurn = <T>(bytes: Uint8Array, decode: () => Promise<T>) => Promise<T>;

export const immediately: InTurn = (_, decode) => decode();
