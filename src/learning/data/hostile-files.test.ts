/**
 * Files from outside that are damaged in ways nobody thought of: reading one gives a value or a LimnError, and nothing else. Seeded;
 * LIMN_FUZZ=50000 tries that many, and LIMN_FUZZ_SEED another beginning.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LimnError } from '../../core/errors.js';
import { readJson } from '../../core/files.js';
import { Random } from '../../core/random.js';
import { decodeText } from '../../core/text-file.js';
import { decodeNpy, encodeNpy } from '../../engine/tensor/npy.js';
import { encodeSafetensors, openSafetensors } from '../../engine/tensor/safetensors.js';
import { float32, int64 } from '../../engine/tensor/tensor.js';
import { checkDataset } from './check.js';
import { datasetFormats } from './datasets.js';
import { correctCaptions, readCorrections } from './spelling.js';
import { splitNames } from './triplets.js';

const tries = Number(process.env.LIMN_FUZZ ?? 600);
const seed = Number(process.env.LIMN_FUZZ_SEED ?? 1);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-hostile-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Pieces that parsers stumble over. */
const pieces = [
  '\uFEFF',
  '\0',
  '[',
  '{',
  '"',
  '\\u0000',
  '\\ud800',
  '__proto__',
  'constructor',
  '-1',
  '1e999',
  '9007199254740993',
]
  .concat([
    'null',
    '""',
    '\n',
    '\r',
    '\t',
    '../../',
    'a'.repeat(300),
    '['.repeat(3000),
    ' '.repeat(3000),
    '\u2028',
    "'",
    '.'.repeat(2000),
  ])
  .map((text) => Buffer.from(text))
  .concat([Buffer.from([0xff, 0xfe]), Buffer.from([0xe9]), Buffer.alloc(8, 0xff), Buffer.alloc(8)]);

/** A file with a few of its bytes changed, cut out, doubled or put in. */
function damaged(file: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(file);
  for (let i = random.below(4) + 1; i > 0; i--) {
    const at = random.below(bytes.length + 1);
    const to = Math.min(bytes.length, at + random.below(20));
    switch (random.below(5)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), random.pick(pieces), bytes.subarray(to)]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
        break;
      default:
        bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

/** Whether reading gave a value; anything that is thrown must be a LimnError of one line. */
async function outcome(read: () => unknown, file: Uint8Array): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (!LimnError.isInstance(error)) expect.fail(`${String(error)} of ${Buffer.from(file).toString('base64').slice(0, 4000)}`);
    return false;
  }
}

/** Reads `count` damaged files, of which some can be read. @returns how many were refused */
async function attack(name: string, count: number, whole: readonly Uint8Array[], read: (file: Uint8Array) => unknown) {
  const random = Random.derive(seed, name);
  let values = 0;
  for (let i = 0; i < count; i++) {
    // The first as it is, which is read: else nothing is tried.
    const file = i === 0 ? (whole[0] as Uint8Array) : damaged(random.pick([...whole]), random);
    if (await outcome(() => read(file), file)) values++;
  }
  expect(values).toBeGreaterThan(0);
  return count - values;
}

const joined = (parts: readonly Uint8Array[]) => Buffer.concat(parts);

test('arrays of NumPy', async () => {
  const whole = [float32([2, 3], [1, 2, 3, 4, 5, 6]), int64([2], [1, 2])].map((array) => joined(encodeNpy(array)));
  await attack('npy', tries, whole, (file) => {
    const { data } = decodeNpy(file, 'a.npy');
    // No more memory than the file has bytes, whatever its header promises.
    expect(data.byteLength).toBeLessThanOrEqual(file.length);
  });
});

test('safetensors', async () => {
  const whole = [joined(encodeSafetensors({ a: float32([2], [1, 2]), b: int64([1], [3]) }, { ids: '["p"]' }))];
  await attack('safetensors', tries, whole, (file) => {
    const { names, read } = openSafetensors(file, 'a.safetensors');
    for (const name of names) expect(read(name).data.byteLength).toBeLessThanOrEqual(2 * file.length);
  });
});

test('text, and settings as JSON', async () => {
  const texts = ['{"train": {"epochs": 2}}', '{"größe": [1, 2]}'].map((text) => Buffer.from(text));
  await attack('text', tries, texts, (file) => decodeText(file, 'a.json'));
  const path = join(folder, 'settings.json');
  await attack('json', Math.ceil(tries / 4), texts, async (file) => {
    await writeFile(path, file);
    return readJson(path, 'settings');
  });
});

test('spelling corrections', async () => {
  const path = join(folder, 'spelling.json');
  await attack(
    'spelling',
    Math.ceil(tries / 4),
    [Buffer.from('{"wth": "with", "t-shrit": "t-shirt", "a (b": ""}')],
    async (file) => {
      await writeFile(path, file);
      return correctCaptions(["a 'wth' t-shrit", 'a (b'], await readCorrections(path));
    },
  );
});

const line = JSON.stringify({ reference: 'a.jpg', target: 'b.jpg', text: 'in red' });
const datasets: Record<string, Record<string, string>> = {
  fashioniq: {
    'captions/cap.x.val.json': JSON.stringify([{ candidate: 'a', target: 'b', captions: ['is red', 'is long'] }]),
    'image_splits/split.x.val.json': JSON.stringify(['a', 'b']),
  },
  cirr: {
    'captions/cap.rc2.val.json': JSON.stringify([
      { pairid: 1, reference: 'a', target_hard: 'b', caption: 'is red', img_set: { members: ['a', 'b'] } },
    ]),
    'image_splits/split.rc2.val.json': JSON.stringify({ a: './a.png', b: './b.png' }),
  },
  shoes: {
    'relative_captions_shoes.json': JSON.stringify([{ ImageName: 'b.jpg', ReferenceImageName: 'a.jpg', RelativeCaption: 'red' }]),
    'train_im_names.txt': 'c.jpg\n',
    'eval_im_names.txt': 'a.jpg\nb.jpg\n',
  },
  'birds-to-words': {
    'birds-to-words-v1.0.tsv': [
      ['img1ObservationURL', 'img1ImgURL', 'img2ObservationURL', 'img2ImgURL', 'split', 'description'].join('\t'),
      ['https://x/photos/1', 'https://x/1.jpg', 'https://x/photos/2', 'https://x/2.jpg', 'val', 'animal1 is red'].join('\t'),
    ].join('\n'),
  },
  fashion200k: {
    'labels/dress_test_detect_all.txt': 'a.jpg\t1.0\tred dress\nb.jpg\t0.9\tblue dress\n',
    'labels/dress_train_detect_all.txt': 'c.jpg\t1.0\tred dress\nd.jpg\t0.9\tblue dress\n',
    'test_queries.txt': 'a.jpg b.jpg\n',
  },
  triplets: { 'triplets.jsonl': `${line}\n${line}\n`, 'gallery.txt': 'c.jpg\n' },
};

test.each(datasetFormats)('annotations of $id', async (format) => {
  const files = datasets[format.id] as Record<string, string>;
  const directory = join(folder, format.id);
  for (const path of Object.keys(files)) await mkdir(dirname(join(directory, path)), { recursive: true });
  let refused = 0;
  for (const odd of ['error', 'keep'] as const)
    for (const [path, content] of Object.entries(files)) {
      for (const [other, text] of Object.entries(files)) await writeFile(join(directory, other), text);
      const count = Math.ceil(tries / 20);
      refused += await attack(`${format.id} ${path} ${odd}`, count, [Buffer.from(content)], async (file) => {
        await writeFile(join(directory, path), file);
        await checkDataset({ format, directory });
        const category = format.categories && [...(await format.categories(directory)).keys()][0];
        const read = await format.splits(directory, category);
        for (const split of splitNames.filter((name) => read.includes(name)))
          await format.read({ directory, category, split, onMissing: 'ignore', odd });
      });
    }
  expect(refused).toBeGreaterThan(0);
});
