/** When pictures are decoded: a server that many call gives each its turn; everybody else does it at once. */

/**
 * Runs the decoding of a picture's file when it is its turn. May refuse it, with an error of its own.
 *
 * @param whole all of its pixels are needed, as for a part of it, and none of them are passed over while it is decoded. @default false
 */
export type InTurn = <T>(bytes: Uint8Array, decode: () => Promise<T>, whole?: boolean) => Promise<T>;

export const immediately: InTurn = (_, decode) => decode();
