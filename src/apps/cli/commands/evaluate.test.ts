import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeFileAtomic } from '../../../core/files.js';
import { Random } from '../../../core/random.js';
import { encodeNpy } from '../../../engine/tensor/npy.js';
import { encodeSafetensors } from '../../../engine/tensor/safetensors.js';
import { float32 } from '../../../engine/tensor/tensor.js';
import { readFashionIQ } from '../../../learning/data/fashioniq.js';
import type { Split } from '../../../learning/data/triplets.js';
import { evaluateVectors } from '../../../learning/eval/evaluate.js';
import { findProtocol } from '../../../learning/eval/protocols/index.js';
import { runProgram } from '../program.js';

const width = 8;
let root: string;
const at = (name: string) => join(root, name);
const random = new Random(5);
const draw = (rows: number) =>
  float32(
    [rows, width],
    Float32Array.from({ length: rows * width }, () => random.normal()),
  );
const splits: Record<string, Split> = {};
const vectors: Record<string, { queries: ReturnType<typeof draw>; gallery: ReturnType<typeof draw>; ids: string[] }> = {};

async function limn(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  const written = { out: '', error: '' };
  const catching = (stream: 'out' | 'error') => (text: string | Uint8Array) => {
    written[stream] += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(catching('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(catching('error'));
  const code = await runProgram(['evaluate', '--data', root, ...words]);
  vi.restoreAllMocks();
  return { code, ...written };
}

/** Annotations of two categories without any picture, and vectors. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-evaluate-'));
  await mkdir(at('captions'));
  await mkdir(at('image_splits'));
  for (const [category, count] of [
    ['dress', 12],
    ['shirt', 7],
  ] as const) {
    const ids = Array.from({ length: 20 }, (_, i) => `${category}${i}`);
    const rows = Array.from({ length: count }, (_, i) => ({
      candidate: ids[i],
      target: ids[i + 3],
      captions: ['is red', 'is long'],
    }));
    await writeFile(at(`captions/cap.${category}.val.json`), JSON.stringify(rows));
    await writeFile(at(`image_splits/split.${category}.val.json`), JSON.stringify(ids));
    splits[category] = await readFashionIQ({ directory: root, category, split: 'val', onMissing: 'ignore' });
    const shuffled = random.shuffle([...ids, 'unused']);
    const drawn = { queries: draw(count), gallery: draw(shuffled.length), ids: shuffled };
    vectors[category] = drawn;
    await writeFileAtomic(at(`q-${category}.npy`), encodeNpy(drawn.queries));
    await writeFileAtomic(at(`g-${category}.npy`), encodeNpy(drawn.gallery));
    await writeFile(at(`g-${category}.ids.txt`), shuffled.join('\n'));
    const { queries, gallery } = drawn;
    await writeFileAtomic(at(`q-${category}.safetensors`), encodeSafetensors({ queries }));
    await writeFileAtomic(at(`g-${category}.safetensors`), encodeSafetensors({ gallery }, { ids: JSON.stringify(shuffled) }));
  }
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rm(root, { recursive: true }));

const given = (category: string, kind = 'npy') => [
  '--queries',
  at(`q-${category}.${kind}`),
  '--gallery',
  at(`g-${category}.${kind}`),
];

async function expected(category: string, protocol: string) {
  const { queries, gallery, ids } = vectors[category]!;
  const split = { ...splits[category]!, missing: [] };
  const { seconds: _, ...report } = await evaluateVectors({
    queries: { data: queries.data, width },
    gallery: { data: gallery.data, width, ids },
    split,
    protocol: findProtocol(protocol),
  });
  return report;
}

describe('limn evaluate with vectors', () => {
  it('gives what the library gives, from either format, without a single picture', async () => {
    const { ranks, subsetRanks, ...numbers } = await expected('dress', 'fashioniq-val');
    expect(new Set(ranks).size).toBeGreaterThan(3);
    for (const kind of ['npy', 'safetensors']) {
      const words = ['--category', 'dress', '--protocol', 'fashioniq-val', '--json', '--ranks', at('ranks.json')];
      const { code, out, error } = await limn(...given('dress', kind), ...words);
      expect(code, error).toBe(0);
      const printed = JSON.parse(out);
      expect(printed).toMatchObject({ ...numbers, missing: 0, dataset: { category: 'dress' } });
      expect(printed.ranks).toBeUndefined();
      expect(printed.vectors.queries).toMatch(/^[0-9a-f]{64}$/);
      const written = JSON.parse(await readFile(at('ranks.json'), 'utf8'));
      expect(written).toMatchObject({ protocol: 'fashioniq-val', reports: [{ split: 'val', ranks, subsetRanks }] });
    }
  });

  it('averages categories, from files of their own or one of all queries', async () => {
    const reports = [await expected('dress', 'fashioniq-original'), await expected('shirt', 'fashioniq-original')];
    const ten = reports.map(({ metrics }) => metrics['R@10'] as number) as [number, number];
    const words = ['--protocol', 'fashioniq-original', '--json'];
    const own = await limn('--category', 'all', ...given('{category}'), ...words);
    expect(own.code, own.error).toBe(0);
    const both = [...vectors.dress!.queries.data, ...vectors.shirt!.queries.data];
    await writeFileAtomic(at('q-both.npy'), encodeNpy(float32([19, width], both)));
    const one = ['--queries', at('q-both.npy'), '--gallery', at('g-{category}.npy')];
    const shared = await limn('--category', 'dress,shirt', ...one, ...words);
    expect(shared.code, shared.error).toBe(0);
    for (const { out } of [own, shared]) {
      const { metrics, queries, reports: printed } = JSON.parse(out);
      expect(queries).toBe(19);
      expect(metrics).toMatchObject({ 'dress R@10': ten[0], 'shirt R@10': ten[1], 'R@10': (ten[0] + ten[1]) / 2 });
      expect(printed.map(({ metrics }: { metrics: object }) => metrics)).toEqual(reports.map(({ metrics }) => metrics));
    }
    const text = await limn('--category', 'all', ...given('{category}'), '--protocol', 'fashioniq-original');
    expect(text.out).toMatch(/^dress val, protocol fashioniq-original: 12 queries, gallery of 20, 0 pictures missing\nR@1 /);
    expect(text.out).toContain(`\naverage of dress, shirt\nR@1 `);
    expect(text.out).toContain(`\nR@10 ${' '.repeat(6)}${((ten[0] + ten[1]) / 2).toFixed(2).padStart(6)}\n`);
    expect(text.out.match(/^mean /gm)).toHaveLength(1);
    const long = await limn('--category', 'dress,dress', ...one, '--gallery', at('g-dress.npy'));
    expect(long.error).toMatch(
      /^limn: There are 7 query vectors for 12 triplets of the split val; give one row for each triplet/m,
    );
  });

  it("writes both files for CIRR's test server", async () => {
    const folder = at('cirr');
    await mkdir(join(folder, 'captions'), { recursive: true });
    await mkdir(join(folder, 'image_splits'));
    const names = ['a', 'b', 'c', 'd'];
    const row = { reference: 'b', caption: 'is red', img_set: { members: ['a', 'b', 'd'] } };
    const rows = [
      { ...row, pairid: 30 },
      { ...row, pairid: 4, reference: 'a' },
    ];
    const paths = Object.fromEntries(names.map((name) => [name, `./test1/${name}.png`]));
    await writeFile(join(folder, 'captions', 'cap.rc2.test1.json'), JSON.stringify(rows));
    await writeFile(join(folder, 'image_splits', 'split.rc2.test1.json'), JSON.stringify(paths));
    // The rows are in another order than the annotations; pairids say which is which.
    await writeFileAtomic(join(folder, 'q.npy'), encodeNpy(float32([2, 2], [0, 1, 1, 0])));
    await writeFile(join(folder, 'q.ids.json'), '[4, 30]');
    await writeFileAtomic(join(folder, 'g.npy'), encodeNpy(float32([4, 2], [1, 0, 9, 9, 0, 2, 1, 2])));
    await writeFile(join(folder, 'g.ids.txt'), names.join('\n'));
    const words = ['--data', folder, '--dataset', 'cirr', '--protocol', 'cirr-test'];
    const files = ['--queries', join(folder, 'q.npy'), '--gallery', join(folder, 'g.npy')];
    expect((await limn(...words, ...files)).error).toMatch(/^limn: limn evaluate needs --submission\./);
    const wrong = await limn(...words, ...files, '--submission', at('sent'), '--split', 'val');
    expect(wrong).toMatchObject({ code: 2, out: '' });
    const { code, out, error } = await limn(...words, ...files, '--submission', at('sent'));
    expect(code, error).toBe(0);
    expect(out).toMatch(/^cirr test, protocol cirr-test: 2 queries, gallery of 4, 0 pictures missing\n/);
    // 30 asks (1, 0): a 1, d 0.45, c 0. 4 asks (0, 1): c 1, d 0.89, b 0.71.
    const sent = (name: string) => readFile(join(at('sent'), name), 'utf8');
    expect(await sent('recall.json')).toBe('{"version": "rc2", "metric": "recall", "30": ["a","d","c"], "4": ["c","d","b"]}\n');
    expect(await sent('recall_subset.json')).toBe(
      '{"version": "rc2", "metric": "recall_subset", "30": ["a","d"], "4": ["d","b"]}\n',
    );
  });

  it.each([
    ['no source', [], /needs --model\. Or give vectors with --queries and --gallery/],
    ['half a source', ['--queries', 'q.npy'], /needs --gallery/],
    [
      'two sources',
      ['--model', 'm', '--queries', 'q.npy', '--gallery', 'g.npy'],
      /Give --model, or --queries and --gallery, not both/,
    ],
    [
      'a protocol of other data',
      ['--model', 'm', '--protocol', 'shoes'],
      /Protocol shoes is for shoes, not for fashioniq: choose fashioniq-val or/,
    ],
    ['an unknown protocol', ['--model', 'm', '--protocol', 'mine'], /There is no protocol "mine"; choose one of/],
    ['an unknown split', ['--model', 'm', '--split', 'dev'], /Allowed choices are train, val, test/],
    [
      'another kind of file',
      ['--queries', 'q.pt', '--gallery', 'g.npy', '--category', 'dress'],
      /q\.pt must be a \.safetensors or \.npy file/,
    ],
  ] as const)('refuses %s with one line', async (_, words, message) => {
    const { code, out, error } = await limn(...words);
    expect([code, out]).toEqual([2, '']);
    expect(error).toMatch(/^limn: [^\n]*\n$/);
    expect(error).toMatch(message);
  });

  it('refuses vectors that do not fit with one line', async () => {
    const refused = async (message: RegExp, ...words: string[]) => {
      const { code, out, error } = await limn('--category', 'dress', ...words);
      expect([code > 0, out]).toEqual([true, '']);
      expect(error.split('\n').filter((line) => line.startsWith('limn: '))).toHaveLength(1);
      expect(error).toMatch(message);
    };
    const [queries, gallery] = [at('q-dress.npy'), at('g-dress.npy')];
    await refused(/There are 7 query vectors for 12 triplets/, '--queries', at('q-shirt.npy'), '--gallery', gallery);
    await refused(
      /20 of the 20 pictures that .* ranks have no vector \(dress0, /,
      '--queries',
      queries,
      '--gallery',
      at('g-shirt.npy'),
    );
    await refused(
      /q-shirt\.npy does not say which row is which image; give --gallery-ids/,
      '--queries',
      queries,
      '--gallery',
      at('q-shirt.npy'),
    );
    await refused(
      /have no ids to find queries by: leave out --query-ids/,
      ...given('dress'),
      '--query-ids',
      at('g-dress.ids.txt'),
    );
    const bytes = Buffer.concat(encodeNpy(vectors.dress!.queries));
    await writeFile(at('cut.npy'), bytes.subarray(0, bytes.length - 1));
    await refused(/cut\.npy is cut short: it has \d+ bytes of \d+/, '--queries', at('cut.npy'), '--gallery', gallery);
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    await writeFile(at('nan.npy'), bytes);
    await refused(
      /The vector of query 12 \(.*row 12\) holds values that are not finite/,
      '--queries',
      at('nan.npy'),
      '--gallery',
      gallery,
    );
  });
});
