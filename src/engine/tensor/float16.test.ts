import { describe, expect, it } from 'vitest';
import { areFinite, fromFloat16, toFloat16, writeFloat16 } from './float16.js';

const halves = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const values = fromFloat16(halves);
const isNaNBits = (bits: number) => (bits & 0x7fff) > 0x7c00;

describe('binary16', () => {
  it('keeps every half, both zeros and the infinities among them', () => {
    const again = toFloat16(values);
    for (const bits of halves) {
      if (isNaNBits(bits)) expect(isNaNBits(again[bits] as number)).toBe(true);
      else if (again[bits] !== bits) expect.fail(`${bits.toString(16)} became ${(again[bits] as number).toString(16)}`);
    }
  });

  it('rounds to the nearest, and what lies in the middle to the even one', () => {
    const floats = new Float32Array(1);
    const bits = new Uint32Array(floats.buffer);
    const asked: number[] = [];
    const wanted: number[] = [];
    for (let low = 0; low < 0x7c00; low++) {
      const high = low + 1;
      // Behind the greatest finite half the scale goes on, with the infinity in the next one's place.
      const [below, above] = [values[low] as number, high === 0x7c00 ? 65536 : (values[high] as number)];
      const middle = (below + above) / 2;
      floats[0] = middle;
      expect(floats[0]).toBe(middle);
      for (const [step, nearest] of [
        [-1, low],
        [0, low % 2 === 0 ? low : high],
        [1, high],
      ] as const) {
        floats[0] = middle;
        bits[0]! += step;
        asked.push(floats[0], -floats[0]);
        wanted.push(nearest, nearest | 0x8000);
      }
    }
    const found = toFloat16(asked);
    const wrong = wanted.findIndex((bits, i) => found[i] !== bits);
    expect(wrong === -1 ? 'none' : `${asked[wrong]} became ${found[wrong]?.toString(16)}`).toBe('none');
  });

  it('writes to a place and tells whether all is finite', () => {
    const out = new Uint16Array(4).fill(7);
    expect(writeFloat16(Float32Array.of(0, 1), out, 1)).toBe(true);
    expect([...out]).toEqual([7, 0, 0x3c00, 7]);
    for (const bad of [65520, Number.NEGATIVE_INFINITY, Number.NaN])
      expect(writeFloat16(Float32Array.of(1, bad), out, 0)).toBe(false);
    expect(writeFloat16(Float32Array.of(65519, -65519, 1e-30), out, 0)).toBe(true);
  });

  it('tells numbers from infinities and NaN, wherever they are', () => {
    for (const length of [0, 1, 2, 3, 4, 5, 8]) {
      for (const offset of [0, 1, 2, 3]) {
        const some = new Uint16Array(16).subarray(offset, offset + length).fill(0x7bff);
        expect(areFinite(some)).toBe(true);
        for (let place = 0; place < length; place++) {
          for (const bits of [0x7c00, 0xfc00, 0x7c01, 0xffff, 0xfbff, 0x8000, 0x03ff]) {
            some[place] = bits;
            expect(areFinite(some), `${bits} at ${place} of ${length}`).toBe((bits & 0x7c00) !== 0x7c00);
          }
          some[place] = 0xfbff;
        }
      }
    }
    expect(halves.filter((bits) => areFinite(Uint16Array.of(0, bits))).length).toBe(65536 - 2048);
  });
});
