import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LimnError } from '../../core/errors.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';
import { bytesOf, bytesPerElement, type DType, float32, newArray, sizeOf, type Tensor, tensor } from './tensor.js';

const join = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** A file with a header of one's own. */
function file(header: unknown, dataBytes: number): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return join([length, text, new Uint8Array(dataBytes)]);
}

const errorOf = (bytes: Uint8Array): LimnError => {
  try {
    decodeSafetensors(bytes, 'weights.safetensors');
  } catch (error) {
    expect(LimnError.isInstance(error)).toBe(true);
    expect((error as LimnError).code).toBe('CHECKPOINT');
    expect((error as LimnError).message).not.toContain('\n');
    return error as LimnError;
  }
  throw new Error('decoded without an error');
};

const anyTensor: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom<DType>('float32', 'float16', 'int64', 'int32', 'bool'),
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  )
  .chain(([dtype, shape]) => {
    const bytes = sizeOf(shape) * bytesPerElement[dtype];
    const byte = dtype === 'bool' ? fc.integer({ min: 0, max: 1 }) : fc.integer({ min: 0, max: 255 });
    return fc
      .array(byte, { minLength: bytes, maxLength: bytes })
      .map((values) => tensor(dtype, shape, newArray(dtype, sizeOf(shape), Uint8Array.from(values).buffer)));
  });

describe('safetensors', () => {
  it('gives back what was written, from any place in a buffer', () => {
    const names = fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => name !== '__metadata__');
    fc.assert(
      fc.property(fc.dictionary(names, anyTensor), fc.dictionary(fc.string(), fc.string()), (tensors, metadata) => {
        const bytes = join([new Uint8Array(3), ...encodeSafetensors(tensors, metadata)]).subarray(3);
        const read = decodeSafetensors(bytes, 'test');
        expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(tensors).sort());
        expect({ ...read.metadata }).toEqual({ ...metadata });
        for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
          const got = read.tensors[name] as Tensor;
          expect([got.dtype, got.shape]).toEqual([dtype, shape]);
          expect(bytesOf(got)).toEqual(bytesOf({ dtype, shape, data } as Tensor));
        }
      }),
    );
  });

  it('writes the same bytes whatever the order of the tensors', () => {
    const [a, b] = [float32([2], [1, 2]), tensor('bool', [1], Uint8Array.of(1))];
    expect(join(encodeSafetensors({ a, b }))).toEqual(join(encodeSafetensors({ b, a })));
  });

  it('reports a file that is cut at any byte, on one line', () => {
    const whole = join(encodeSafetensors({ a: float32([2, 2], [1, 2, 3, 4]), b: float32([1], [5]) }));
    for (let length = 0; length < whole.length; length++) {
      expect(errorOf(whole.subarray(0, length)).message).toMatch(
        /^weights\.safetensors is cut short: it has \d+ bytes of \d+\. /,
      );
    }
  });

  it.each([
    ['a huge header', Uint8Array.from([255, 255, 255, 255, 255, 255, 0, 0]), /header claims to be/],
    ['no JSON', file('{"a":', 0), /header is not JSON/],
    ['a list', file([], 0), /not a JSON object/],
    [
      'an unknown dtype',
      file({ a: { dtype: 'BF16', shape: [1], data_offsets: [0, 2] } }, 2),
      /dtype BF16, and limn reads F32.* Save it as F32/,
    ],
    ['a negative extent', file({ a: { dtype: 'F32', shape: [-1], data_offsets: [0, 4] } }, 4), /no valid shape/],
    ['reversed offsets', file({ a: { dtype: 'F32', shape: [1], data_offsets: [4, 0] } }, 4), /does not fill/],
    ['missing offsets', file({ a: { dtype: 'F32', shape: [1] } }, 4), /no valid offsets/],
    ['a size that does not fit', file({ a: { dtype: 'F32', shape: [3], data_offsets: [0, 8] } }, 8), /does not fill its 8 bytes/],
    [
      'an overlap',
      file({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] }, b: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, 8),
      /overlap/,
    ],
    ['a gap', file({ a: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, 8), /4 unclaimed bytes before a/],
    ['a tail', file({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, 9), /5 bytes follow/],
    ['an end beyond the file', file({ a: { dtype: 'F32', shape: [9], data_offsets: [0, 36] } }, 4), /cut short/],
    [
      'a strange truth value',
      file({ a: { dtype: 'BOOL', shape: [2], data_offsets: [0, 2] } }, 2).fill(7, -1),
      /other than 0 and 1/,
    ],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }, 0), /metadata/],
  ])('refuses %s', (_, bytes, message) => {
    expect(errorOf(bytes).message).toMatch(message);
  });
});
