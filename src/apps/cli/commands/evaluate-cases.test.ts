/** Vectors and annotations as other people write them, each with what is right for it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { encodeNpy } from '../../../engine/tensor/npy.js';
import { encodeSafetensors } from '../../../engine/tensor/safetensors.js';
import { float32 } from '../../../engine/tensor/tensor.js';
import { folderOf, removeFolders } from '../../../learning/data/testing/folders.js';
import { runProgram } from '../program.js';

afterEach(() => vi.restoreAllMocks());
afterAll(removeFolders);

async function limn(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  const written = { out: '', error: '' };
  const catching = (stream: 'out' | 'error') => (text: string | Uint8Array) => {
    written[stream] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(catching('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(catching('error'));
  const code = await runProgram(words);
  process.exitCode = undefined;
  return { code, ...written };
}

const line = (reference: string, target: string, text = 'in red') => JSON.stringify({ reference, target, text });
const three = {
  'triplets.val.jsonl': [line('a.jpg', 'b.jpg'), line('b.jpg', 'c.jpg'), line('c.jpg', 'a.jpg')].join('\n'),
};
const queries = float32([3, 3], [0, 1, 0.1, 0.1, 0, 1, 1, 0.1, 0]);
const gallery = float32([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
const bytes = (parts: readonly Uint8Array[]) => Buffer.concat(parts);
const doubles = (shape: number[], values: number[]) =>
  bytes(encodeNpy({ dtype: 'float64', shape, data: Float64Array.from(values) }));
const ids = JSON.stringify(['a.jpg', 'b.jpg', 'c.jpg']);

/** Evaluates vectors in files on three triplets. */
async function ranked(files: Record<string, string | Uint8Array>, more: string[] = [], dataset = three, name = 'triplets') {
  const directory = await folderOf(dataset);
  const all = { 'q.npy': bytes(encodeNpy(queries)), 'g.npy': bytes(encodeNpy(gallery)), 'g.ids.json': ids, ...files };
  for (const [file, content] of Object.entries(all)) if (content !== '') await writeFile(join(directory, file), content);
  const given = (suffix: string) =>
    join(directory, Object.keys(files).find((file) => file.startsWith(suffix) && !file.includes('.ids.')) ?? `${suffix}npy`);
  const words = more.map((word) => (word in all ? join(directory, word) : word));
  const place = ['--dataset', name, '--data', directory, '--queries', given('q.'), '--gallery', given('g.')];
  const { code, out, error } = await limn('evaluate', ...place, '--ranks', join(directory, 'ranks.json'), '--json', ...words);
  return { code, error, report: code === 0 ? JSON.parse(out) : undefined };
}

const recall = async (...args: Parameters<typeof ranked>) => {
  const { error, report } = await ranked(...args);
  expect(error).not.toContain('limn: ');
  return report.metrics['R@1'];
};

/** A .safetensors of one tensor of any type. */
function stored(dtype: string, values: ArrayBufferView): Uint8Array {
  const vectors = { dtype, shape: [3, 3], data_offsets: [0, values.byteLength] };
  const head = Buffer.from(JSON.stringify({ __metadata__: { ids }, vectors }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  return Buffer.concat([length, head, new Uint8Array(values.buffer)]);
}

describe('vectors of other people', () => {
  it('BF16 and F64 are read', async () => {
    const half = Uint16Array.from(gallery.data, (value) => (value === 1 ? 0x3f80 : 0));
    expect(await recall({ 'g.safetensors': stored('BF16', half), 'g.ids.json': '' })).toBe(100);
    expect(await recall({ 'g.safetensors': stored('F64', Float64Array.from(gallery.data)), 'g.ids.json': '' })).toBe(100);
  });

  it('ids of queries are used where they are numbers, and refused otherwise', async () => {
    const turned = float32([3, 3], [1, 0.1, 0, 0.1, 0, 1, 0, 1, 0.1]);
    const named = (list: string[]) => bytes(encodeSafetensors({ vectors: turned }, { ids: JSON.stringify(list) }));
    expect(await recall({ 'q.safetensors': named(['2', '1', '0']) })).toBe(100);
    const { code, error } = await ranked({ 'q.safetensors': named(['x', 'y', 'z']) });
    expect([code, error]).toEqual([1, expect.stringContaining('have no ids to find queries by')]);
  });

  it('doubles near the end of their range have a direction, and near ties are none', async () => {
    const tiny = [0, 1, 0.1, 0.1, 0, 1, 1, 0.1, 0].map((value) => value * 1e-170);
    expect(await recall({ 'q.npy': doubles([3, 3], tiny) })).toBe(100);
    const near = { 'q.npy': doubles([3, 2], [0, 1, 0, 1, 0, 1]), 'g.npy': doubles([3, 2], [0, 1, 1, 0.5, 1, 0.5 * (1 + 7e-10)]) };
    const { report } = await ranked(near);
    // c.jpg is before b.jpg by 3e-10: the first query finds b.jpg second, the second c.jpg second (a.jpg is first).
    expect(report.metrics['R@1']).toBeCloseTo(100 / 3);
  });

  it('ids with a byte-order mark are read, and ids in another order than the file has are refused', async () => {
    const marked = '\uFEFFa.jpg\r\nb.jpg\r\nc.jpg\r\n';
    expect(await recall({ 'g.ids.json': '', 'marked.txt': marked }, ['--gallery-ids', 'marked.txt'])).toBe(100);
    const own = bytes(encodeSafetensors({ vectors: gallery }, { ids }));
    const other = JSON.stringify(['c.jpg', 'b.jpg', 'a.jpg']);
    const { code, error } = await ranked({ 'g.safetensors': own, 'other.json': other }, ['--gallery-ids', 'other.json']);
    expect([code, error]).toEqual([1, expect.stringMatching(/differently: row 1 is "a\.jpg" and "c\.jpg"/)]);
  });

  it('a picture that Fashion200K lists twice is ranked twice, as in the published code', async () => {
    const listed = {
      'labels/dress_test_detect_all.txt':
        'a.jpg\t1.0\tred dress\nb.jpg\t0.9\tblue dress\nc.jpg\t0.5\tblue dress\nb.jpg\t0.4\tgreen skirt\n',
      'test_queries.txt': 'a.jpg b.jpg\n',
    };
    const files = { 'q.npy': bytes(encodeNpy(float32([1, 3], [0, 0.5, 1]))) };
    const { report } = await ranked(files, [], listed as never, 'fashion200k');
    expect(report).toMatchObject({ gallery: 4, metrics: { 'R@1': 0, 'R@10': 100 } });
    expect(report.remarks).toEqual([expect.stringContaining('1 of 4 pictures are listed again')]);
    // One row for every line of the labels.
    const rows = { ...files, 'g.npy': bytes(encodeNpy(float32([4, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0.4, 1]))) };
    const each = { ...rows, 'g.ids.json': JSON.stringify(['a.jpg', 'b.jpg', 'c.jpg', 'b.jpg']) };
    expect((await ranked(each, [], listed as never, 'fashion200k')).report.metrics['R@1']).toBe(100);
  });

  it('an empty caption, and a reference that is its own target, are ranked and said', async () => {
    const odd = [line('a.jpg', 'b.jpg', ' .'), line('b.jpg', 'c.jpg'), line('c.jpg', 'c.jpg')].join('\n');
    const { report } = await ranked({}, [], { 'triplets.val.jsonl': odd } as never);
    expect(report.queries).toBe(3);
    expect(report.metrics['R@1']).toBeCloseTo(200 / 3);
    expect(report.remarks).toEqual([
      expect.stringContaining('1 of 3 triplets have their reference as target'),
      expect.stringContaining('1 of 3 triplets have an empty caption'),
    ]);
  });

  it('chance stands beside recall', async () => {
    const { report } = await ranked({});
    expect(report.chance).toEqual({ 'R@1': 50, 'R@5': 100, 'R@10': 100, 'R@50': 100 });
  });

  it.each([
    ['NaN', float32([3, 3], [1, 0, 0, 0, Number.NaN, 0, 0, 0, 1]), 'gallery picture b.jpg holds values that are not finite'],
    [
      'infinity',
      float32([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, Number.POSITIVE_INFINITY]),
      'gallery picture c.jpg holds values that are not',
    ],
    ['zeros', float32([3, 3], [1, 0, 0, 0, 0, 0, 0, 0, 1]), 'gallery picture b.jpg is all zeros'],
    ['a flat list', float32([9], [1, 0, 0, 0, 1, 0, 0, 0, 1]), 'has the shape [9]; vectors must be (rows, width)'],
    ['another width', float32([3, 2], [1, 0, 0, 1, 1, 1]), 'Query vectors have 3 numbers and gallery vectors 2'],
    ['a row too few', float32([2, 3], [1, 0, 0, 0, 1, 0]), 'has 2 vectors, but there are 3 ids'],
  ])('%s are refused for the true reason', async (_, vectors, message) => {
    const { code, error } = await ranked({ 'g.npy': bytes(encodeNpy(vectors)) });
    expect([code, error]).toEqual([1, expect.stringContaining(message)]);
  });

  it('an id that is there twice is refused', async () => {
    const { code, error } = await ranked({ 'g.ids.json': JSON.stringify(['a.jpg', 'b.jpg', 'b.jpg']) });
    expect([code, error]).toEqual([1, expect.stringContaining('name "b.jpg" twice')]);
  });
});

describe('datasets that nothing can be computed with', () => {
  const row = (candidate: string, target: string) => ({ candidate, target, captions: ['is blue', 'is plain'] });
  const emptyVal = {
    'captions/cap.x.train.json': [row('a', 'b'), row('b', 'a')],
    'captions/cap.x.val.json': [],
    'image_splits/split.x.train.json': ['a', 'b'],
    'image_splits/split.x.val.json': ['c', 'd'],
    ...Object.fromEntries(['a', 'b', 'c', 'd'].map((id) => [`images/${id}.jpg`, 'x'])),
  };
  const refused = async (files: object, message: RegExp, ...words: string[]) => {
    const directory = await folderOf(files as Record<string, unknown>);
    const { code, error } = await limn(...words, '--data', directory);
    // One line, and nothing of reading pictures before it.
    expect(error.trimEnd().split('\n')).toEqual([expect.stringMatching(message)]);
    expect(code).toBe(1);
  };

  it('an empty validation stops train before anything, of either task', async () => {
    const out = join(await folderOf({}), 'run');
    for (const task of ['retrieval', 'caption'])
      await refused(
        emptyVal,
        /The split val has no triplets to (validate on|caption): its annotations are empty/,
        'train',
        '--out',
        out,
        '--task',
        task,
      );
  });

  it('no training triplets, and none whose images are there, stop train before anything', async () => {
    const out = join(await folderOf({}), 'run');
    const none = { ...emptyVal, 'captions/cap.x.train.json': [], 'captions/cap.x.val.json': [row('c', 'd')] };
    await refused(none, /The split train has no triplets to train on: its annotations are empty/, 'train', '--out', out);
    const gone: Record<string, unknown> = { ...none, 'captions/cap.x.train.json': [row('a', 'b')] };
    delete gone['images/a.jpg'];
    await refused(
      gone,
      /The split train has no triplets to train on: every one needs an image/,
      'train',
      '--out',
      out,
      '--skip-missing',
    );
  });

  it('JSON with a byte-order mark is read, and Latin-1 is named by its line', async () => {
    const marked = Object.fromEntries(
      Object.entries(emptyVal).map(([name, content]) => [
        name,
        name.endsWith('.json') ? `\uFEFF${JSON.stringify(content)}` : content,
      ]),
    );
    const directory = await folderOf(marked);
    const { out } = await limn('data', 'check', '--data', directory, '--json');
    expect(JSON.parse(out).broken.first).toEqual(['x val: there is no triplet that can be read.']);
    await writeFile(
      join(directory, 'captions/cap.x.val.json'),
      Buffer.from('[\n{"candidate": "c", "target": "d", "captions": ["é"]}]', 'latin1'),
    );
    const { code, out: text } = await limn('data', 'check', '--data', directory);
    expect([code, text]).toEqual([1, expect.stringMatching(/cap\.x\.val\.json is not UTF-8 in line 2 .*looks like Latin-1/)]);
  });

  it('data check calls no dataset sound of which no image is there', async () => {
    const directory = await folderOf(three);
    const { code, out } = await limn('data', 'check', '--dataset', 'triplets', '--data', directory);
    expect([code, out]).toEqual([1, expect.stringContaining('not sound: none of the 3 images is there')]);
  });
});
