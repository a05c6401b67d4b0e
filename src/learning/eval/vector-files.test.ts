import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256, writeFileAtomic } from '../../core/files.js';
import { toFloat16 } from '../../engine/tensor/float16.js';
import { encodeNpy } from '../../engine/tensor/npy.js';
import { encodeSafetensors } from '../../engine/tensor/safetensors.js';
import { float32, int64, tensor } from '../../engine/tensor/tensor.js';
import { aTriplet } from './testing/hand-scores.js';
import { readVectorFile, rowsOfTriplets } from './vector-files.js';

let folder: string;
const at = (name: string) => join(folder, name);
const rows = float32([2, 3], [1, 2, 3, 4, 5, 6]);
const npy = (name: string, array: Parameters<typeof encodeNpy>[0]) => writeFileAtomic(at(name), encodeNpy(array));
const safetensors = (name: string, ...parts: Parameters<typeof encodeSafetensors>) =>
  writeFileAtomic(at(name), encodeSafetensors(...parts));

/** A .safetensors file of one tensor of any type that the format knows. */
function stored(dtype: string, shape: number[], values: ArrayBufferView): Uint8Array {
  const head = Buffer.from(JSON.stringify({ vectors: { dtype, shape, data_offsets: [0, values.byteLength] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  return Buffer.concat([length, head, new Uint8Array(values.buffer)]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-vectors-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('reads .npy in three precisions, with and without ids beside it', async () => {
  await npy('a.npy', rows);
  const { hash, ...read } = await readVectorFile(at('a.npy'));
  expect(read).toEqual({ data: Float32Array.of(1, 2, 3, 4, 5, 6), width: 3 });
  expect(hash).toBe(sha256(Buffer.concat(encodeNpy(rows))));
  await npy('b.npy', { dtype: 'float64', shape: [1, 2], data: Float64Array.of(0.1, 0.2) });
  await writeFile(at('b.ids.json'), '[17]');
  expect(await readVectorFile(at('b.npy'))).toMatchObject({ data: Float64Array.of(0.1, 0.2), ids: ['17'] });
  await npy('c.npy', tensor('float16', [2, 1], toFloat16([0.5, -2])));
  await writeFile(at('c.ids.txt'), 'x\r\ny z\r\n');
  expect(await readVectorFile(at('c.npy'))).toMatchObject({ data: Float32Array.of(0.5, -2), ids: ['x', 'y z'] });
  await writeFile(at('other.json'), '["p", "q"]');
  expect(await readVectorFile(at('c.npy'), at('other.json'))).toMatchObject({ ids: ['p', 'q'] });
});

test('reads .safetensors of BF16 and F64 as their values are, and says which types it does not read', async () => {
  await writeFile(at('bf16.safetensors'), stored('BF16', [2, 2], Uint16Array.of(0x3f80, 0xc000, 0x3eab, 0x0001)));
  const { data } = await readVectorFile(at('bf16.safetensors'));
  expect(data).toEqual(Float32Array.of(1, -2, 0.333984375, 2 ** -133));
  await writeFile(at('f64.safetensors'), stored('F64', [1, 2], Float64Array.of(0.1, 1e-300)));
  expect((await readVectorFile(at('f64.safetensors'))).data).toEqual(Float64Array.of(0.1, 1e-300));
  await writeFile(at('u8.safetensors'), stored('U8', [1, 2], Uint8Array.of(1, 2)));
  await expect(readVectorFile(at('u8.safetensors'))).rejects.toThrow(
    /u8\.safetensors cannot be used: vectors has dtype U8, and limn reads F32, .* Save it as F32/,
  );
  await writeFile(at('i64.safetensors'), stored('I64', [1, 1], BigInt64Array.of(1n)));
  await expect(readVectorFile(at('i64.safetensors'))).rejects.toThrow('holds int64 values; vectors must be float32');
});

test('ids in a file and in one that is given or beside it must agree', async () => {
  await safetensors('own.safetensors', { vectors: rows }, { ids: '["p", "q"]' });
  await writeFile(at('same.txt'), '\uFEFFp\r\nq\r\n');
  await writeFile(at('turned.json'), '["q", "p"]');
  expect((await readVectorFile(at('own.safetensors'), at('same.txt'))).ids).toEqual(['p', 'q']);
  await expect(readVectorFile(at('own.safetensors'), at('turned.json'))).rejects.toThrow(
    /turned\.json name the rows of .* differently: row 1 is "p" and "q"/,
  );
  await writeFile(at('own.ids.txt'), 'p\n');
  await expect(readVectorFile(at('own.safetensors'))).rejects.toThrow('row 2 is "q" and nothing');
});

test('reads .safetensors, with ids in its metadata', async () => {
  await safetensors('a.safetensors', { anything: rows }, { ids: '["p", "q"]' });
  expect(await readVectorFile(at('a.safetensors'))).toMatchObject({ data: rows.data, width: 3, ids: ['p', 'q'] });
  await safetensors('b.safetensors', { other: rows, vectors: float32([1, 1], [9]) });
  expect(await readVectorFile(at('b.safetensors'))).toMatchObject({ data: Float32Array.of(9), width: 1 });
});

test('query rows are found by the ids of the annotations, or taken in order', () => {
  const file = { data: Float32Array.of(1, 2, 3), width: 1, ids: ['7', '8', '9'], hash: '' };
  const triplets = ['9', '7'].map((id) => aTriplet('a', ['b'], { id }));
  expect(rowsOfTriplets(file, triplets)).toEqual({ data: Float32Array.of(3, 1), width: 1 });
  const { ids: _, ...unnamed } = file;
  expect(rowsOfTriplets(unnamed, [aTriplet('a', ['b'])], 1, 2)).toEqual({ data: Float32Array.of(2), width: 1 });
  expect(rowsOfTriplets(unnamed, [aTriplet('a', ['b'])], 1)).toEqual({ data: Float32Array.of(2, 3), width: 1 });
  expect(() => rowsOfTriplets(file, [aTriplet('a', ['b'], { id: '5' })])).toThrow('1 of the 1 queries have no vector (5)');
});

test('where annotations have no ids, those of query rows are their numbers, or an error', () => {
  const file = { data: Float32Array.of(1, 2, 3), width: 1, ids: ['2', '0', '1'], hash: '' };
  const triplets = ['a', 'b', 'c'].map((id) => aTriplet(id, ['d']));
  expect(rowsOfTriplets(file, triplets).data).toEqual(Float32Array.of(2, 3, 1));
  expect(rowsOfTriplets(file, triplets.slice(1), 1).data).toEqual(Float32Array.of(3, 1));
  expect(rowsOfTriplets(file, triplets.slice(0, 1), 0, 1).data).toEqual(Float32Array.of(2));
  for (const ids of [
    ['1', '2', '3'],
    ['0', '0', '1'],
    ['q0', 'q1', 'q2'],
  ])
    expect(() => rowsOfTriplets({ ...file, ids }, triplets)).toThrow(
      /have no ids to find queries by: leave out --query-ids \(or the ids in the file/,
    );
});

test('a file that cannot be vectors is an error that says what to do', async () => {
  const wrong = (name: string, message: string | RegExp, ids?: string) =>
    expect(readVectorFile(at(name), ids && at(ids))).rejects.toThrow(message);
  await wrong('a.pt', 'must be a .safetensors or .npy file');
  await wrong('none.npy', /^Cannot read the vectors .*none\.npy: ENOENT/);
  await npy('flat.npy', float32([3], [1, 2, 3]));
  await wrong('flat.npy', 'has the shape [3]; vectors must be (rows, width)');
  await npy('empty.npy', float32([0, 3], []));
  await wrong('empty.npy', 'has the shape [0,3]; vectors must be (rows, width), with at least one of each');
  await npy('whole.npy', int64([1, 1], [1]));
  await wrong('whole.npy', 'holds int64 values; vectors must be float32, float16 or float64');
  await safetensors('two.safetensors', { a: rows, b: rows });
  await wrong('two.safetensors', 'holds 2 tensors (a, b); name the vectors "vectors"');
  await safetensors('ids.safetensors', { a: rows }, { ids: 'p, q' });
  await wrong('ids.safetensors', 'are not a JSON list');
  await safetensors('few.safetensors', { a: rows }, { ids: '["p"]' });
  await wrong('few.safetensors', 'has 2 vectors, but there are 1 ids; give one id for each row');
  await npy('d.npy', rows);
  await writeFile(at('bad.json'), '["p", {}]');
  await wrong('d.npy', 'ids must be a list of names, and this is wrong at entry 2', 'bad.json');
  await writeFile(at('gap.txt'), 'p\n\nq\n');
  await wrong('d.npy', 'ids must be a list of names, and this is wrong at entry 2', 'gap.txt');
  await wrong('d.npy', /^Cannot read a list of ids at .*none\.txt/, 'none.txt');
});
