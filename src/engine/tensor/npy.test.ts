import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LimnError } from '../../core/errors.js';
import { decodeNpy, encodeNpy, type NpyArray } from './npy.js';
import { float32, int64 } from './tensor.js';

const join = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** A file with a header of one's own. */
function file(header: string, dataBytes: number, major = 1): Uint8Array {
  const length = Buffer.alloc(major === 1 ? 2 : 4);
  if (major === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  return join([
    Buffer.from('\x93NUMPY', 'latin1'),
    Uint8Array.of(major, 0),
    length,
    Buffer.from(header),
    new Uint8Array(dataBytes),
  ]);
}

const header = (descr: string, shape: string, order = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

const errorOf = (bytes: Uint8Array): string => {
  try {
    decodeNpy(bytes, 'q.npy');
  } catch (error) {
    expect(LimnError.isInstance(error) && error.code).toBe('DATA');
    expect((error as LimnError).message).not.toContain('\n');
    return (error as LimnError).message;
  }
  throw new Error('decoded without an error');
};

describe('npy', () => {
  it('reads what numpy.save wrote', () => {
    // numpy.save(file, numpy.array([[1, 2, 3], [4, 5, 6.5]], dtype='float32'))
    const saved = `934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028322c2033292c207d${'20'.repeat(58)}0a0000803f0000004000004040000080400000a0400000d040`;
    const bytes = new Uint8Array(Buffer.from(saved, 'hex'));
    expect(decodeNpy(bytes, 'q.npy')).toEqual(float32([2, 3], [1, 2, 3, 4, 5, 6.5]));
    expect(join(encodeNpy(float32([2, 3], [1, 2, 3, 4, 5, 6.5])))).toEqual(bytes);
  });

  it('gives back what was written, from any place in a buffer', () => {
    const numbers = fc.double({ noNaN: true });
    const arrays = fc.oneof(
      fc.array(fc.float({ noNaN: true })).map((values): NpyArray => float32([values.length], values)),
      fc
        .array(numbers)
        .map((values): NpyArray => ({ dtype: 'float64', shape: [1, values.length], data: Float64Array.from(values) })),
      fc.array(fc.integer()).map((values): NpyArray => int64([values.length, 1, 1], values)),
      fc.constant<NpyArray>(float32([], [7])),
      fc.constant<NpyArray>({ dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0x4000) }),
    );
    fc.assert(
      fc.property(arrays, (array) => {
        const parts = encodeNpy(array);
        expect((parts[0] as Uint8Array).length % 64).toBe(0);
        expect(decodeNpy(join([new Uint8Array(3), ...parts]).subarray(3), 'test')).toEqual(array);
      }),
    );
  });

  it('reads versions 2 and 3', () => {
    for (const major of [2, 3]) {
      expect(decodeNpy(file(header("'<i4'", '(2,)'), 8, major), 'q.npy')).toMatchObject({ dtype: 'int32', shape: [2] });
    }
  });

  it('reads big-endian values and Fortran order as numpy does', () => {
    for (const [descr, size] of [
      ['f2', 2],
      ['f4', 4],
      ['f8', 8],
      ['i4', 4],
      ['i8', 8],
    ] as const) {
      const little = file(header(`'<${descr}'`, '(2,)'), 2 * size);
      const big = file(header(`'>${descr}'`, '(2,)'), 2 * size);
      for (let i = 0; i < size; i++) {
        little[little.length - size + i] = i + 1;
        big[big.length - 1 - i] = i + 1;
      }
      expect(decodeNpy(big, 'q.npy')).toEqual(decodeNpy(little, 'q.npy'));
      const native = file(header(`'=${descr}'`, '(2,)'), 2 * size);
      native.set(little.subarray(-2 * size), native.length - 2 * size);
      expect(decodeNpy(native, 'q.npy')).toEqual(decodeNpy(little, 'q.npy'));
    }
    // numpy.asfortranarray(numpy.arange(24, dtype='>f4').reshape(2, 3, 4))
    const fortran = file(header("'>f4'", '(2, 3, 4)', 'True'), 96);
    const view = new DataView(fortran.buffer, fortran.byteOffset + fortran.length - 96, 96);
    for (let position = 0; position < 24; position++) {
      const [i, j, k] = [position % 2, Math.floor(position / 2) % 3, Math.floor(position / 6)];
      view.setFloat32(4 * position, i * 12 + j * 4 + k, false);
    }
    expect(decodeNpy(fortran, 'q.npy')).toEqual(
      float32(
        [2, 3, 4],
        Array.from({ length: 24 }, (_, at) => at),
      ),
    );
    expect(decodeNpy(file(header("'<f4'", '(0, 3)', 'True'), 0), 'q.npy')).toEqual(float32([0, 3], []));
    expect(decodeNpy(file(header("'<f4'", '()', 'True'), 4), 'q.npy')).toEqual(float32([], [0]));
  });

  it('reads the shape that Python 2 wrote', () => {
    expect(decodeNpy(file(header("'<i4'", '(2L, 1L)'), 8), 'q.npy')).toMatchObject({ shape: [2, 1] });
  });

  it('reports a file that is cut at any byte', () => {
    const whole = join(encodeNpy(float32([2, 2], [1, 2, 3, 4])));
    for (let length = 0; length < whole.length; length++) {
      expect(errorOf(whole.subarray(0, length))).toMatch(/^q\.npy is cut short: it has \d+ bytes of \d+\. /);
    }
  });

  it.each([
    ['another format', Uint8Array.from(Buffer.from('PK\x03\x04 and so on')), /does not begin as one\. Write it again/],
    ['version 9', file(header("'<f4'", '(1,)'), 4, 9), /format version 9/],
    [
      'a huge header',
      Uint8Array.of(...file('', 0, 2).subarray(0, 8), 255, 255, 255, 255),
      /header claims to be 4294967295 bytes/,
    ],
    ['no dictionary', file('numbers', 4), /header is not understood/],
    ['no shape', file("{'descr': '<f4', 'fortran_order': False}", 4), /header is not understood/],
    ['Python objects', file(header("'|O'", '(1,)'), 4), /it holds Python objects, .* Save array\.astype/],
    ['small whole numbers', file(header("'|u1'", '(1,)'), 1), /it holds dtype \|u1, and limn reads f4/],
    ['numbers without a byte order', file(header("'f4'", '(1,)'), 4), /it holds dtype f4, /],
    ['long doubles', file(header("'<f16'", '(1,)'), 16), /it holds dtype <f16, /],
    ['more axes than NumPy has', file(header("'<f4'", `(${'1, '.repeat(65)})`), 4), /is not valid/],
    ['records', file(header("[('a', '<f4')]", '(1,)'), 4), /it holds several fields/],
    ['a negative extent', file(header("'<f4'", '(-1,)'), 4), /header is not understood/],
    ['an empty extent', file(header("'<f4'", '(2,,2)'), 16), /shape \(2,,2\) is not valid/],
    ['a size beyond counting', file(header("'<f4'", '(9007199254740991, 9007199254740991)'), 4), /is not valid/],
    ['more values than bytes', file(header("'<f4'", '(1000000000000,)'), 4), /cut short/],
    ['a tail', file(header("'<f4'", '(1,)'), 9), /5 bytes follow the values/],
  ])('refuses %s', (_, bytes, message) => {
    expect(errorOf(bytes)).toMatch(message);
  });
});
