/** IEEE 754 binary16 to and from float32, round to nearest even. Node 20 has no Float16Array. */

/** @param magnitude the bits of a float32 without its sign, which is a normal number as binary16 too @returns bits of a binary16 */
function roundNormal(magnitude: number): number {
  return (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
}

/** @param x the bits of a float32 */
function encode(x: number): number {
  const sign = (x >>> 16) & 0x8000;
  const magnitude = x & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    return sign | roundNormal(magnitude);
  }
  if (magnitude < 0x33000000) return sign;
  const exponent = magnitude >>> 23;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const half = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return sign | (half + (rest > middle || (rest === middle && (half & 1) === 1) ? 1 : 0));
}

let table: Float32Array | undefined;

function decodeTable(): Float32Array {
  if (table) return table;
  table = new Float32Array(65536);
  for (let h = 0; h < 65536; h++) {
    const sign = h & 0x8000 ? -1 : 1;
    const exponent = (h >>> 10) & 0x1f;
    const fraction = h & 0x3ff;
    if (exponent === 0) table[h] = sign * fraction * 2 ** -24;
    else if (exponent === 31) table[h] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else table[h] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return table;
}

/** float32 values to binary16 bits. */
export function toFloat16(values: ArrayLike<number>): Uint16Array {
  const out = new Uint16Array(values.length);
  writeFloat16(values instanceof Float32Array ? values : Float32Array.from(values), out, 0);
  return out;
}

/** Writes values as binary16 bits to `at` and behind it. @returns whether all of them are finite as such */
export function writeFloat16(values: Float32Array, out: Uint16Array, at: number): boolean {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let finite = true;
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i] as number;
    const magnitude = x & 0x7fffffff;
    // Zeros and normal halves, which features are made of, share one way without a branch: to tell them apart costs more than both.
    const rare = (magnitude - 1) >>> 0 < 0x387fffff || magnitude >= 0x47800000;
    const half = rare ? encode(x) : ((x >>> 16) & 0x8000) | (roundNormal(magnitude) & ((0x387fffff - magnitude) >> 31));
    out[at + i] = half;
    if ((half & 0x7c00) === 0x7c00) finite = false;
  }
  return finite;
}

/** Whether binary16 bits are finite numbers all. */
export function areFinite(halves: Uint16Array): boolean {
  // Two at a time where they lie on a whole word: an exponent of ones, and only that, carries into the place of the sign.
  const first = (halves.byteOffset / 2) % 2;
  const pairs = Math.max(0, (halves.length - first) >> 1);
  const words = new Uint32Array(halves.buffer, halves.byteOffset + 2 * first, pairs);
  let carried = 0;
  for (let i = 0; i < words.length; i++) carried |= ((words[i] as number) & 0x7c007c00) + 0x04000400;
  for (const half of [halves[0] ?? 0, halves.at(-1) ?? 0]) carried |= (half & 0x7c00) + 0x0400;
  return (carried & 0x80008000) === 0;
}

/** binary16 bits to float32 values, exact. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  const decode = decodeTable();
  const out = new Float32Array(halves.length);
  for (let i = 0; i < out.length; i++) out[i] = decode[halves[i] as number] as number;
  return out;
}
