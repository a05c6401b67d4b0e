/**
 * A disk that is full or cannot be written, in the middle of each kind of write: one line that says so, nothing that was there is lost,
 * and the same call ends as ever when there is room.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, readKeys } from '../src/apps/server/guard/keys.js';
import { LimnError } from '../src/core/errors.js';
import { writeFileAtomic } from '../src/core/files.js';
import { onFullDisk, onReadOnlyDisk } from '../src/core/testing/failing-disk.js';
import { float32 } from '../src/engine/tensor/tensor.js';
import { PseudoTripletFile, readPseudoTriplets } from '../src/learning/self-training/pseudo-triplets.js';
import { readStage, stage } from '../src/learning/self-training/work.js';
import { RunFolder } from '../src/learning/train/run-folder.js';
import { openFeatures } from '../src/models/encoders/cache/feature-cache.js';
import { fakeEncoder } from '../src/models/encoders/testing/fake-encoder.js';
import { RetrievalModel } from '../src/models/retrieval/retrieval-model.js';
import { Gallery } from '../src/search/gallery/gallery.js';
import { imageBytes, type TinyFolder, tinyFolder } from '../src/search/gallery/testing/tiny-gallery.js';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.js';
import { MemoryStore } from '../src/search/store/memory/memory-store.js';
import { infoOf, itemsOf } from '../src/search/store/testing/items.js';

interface Write {
  name: string;
  /** Makes what is there before. @default nothing */
  prepare?(folder: string): Promise<unknown>;
  /** The write itself; may be called again after it has failed. */
  write(folder: string): Promise<unknown>;
  /** What is there. */
  read(folder: string): Promise<unknown>;
  /** Whether a write that fails may leave the first of what it was to write; it is read as such. @default false */
  inParts?: boolean;
  /** Bytes that have room. @default 0 and 10 */
  rooms?: readonly number[];
}

const step = (at: number) => ({ step: at, metricsBytes: 0, seconds: 1 });
const pseudo = (reference: string) => ({
  format: 'limn-pseudo-1' as const,
  ...{ round: 1, reference, target: 'b', strategy: 'twoHop' as const, text: 'in red', likelihood: -1, rank: 1, margin: 0 },
  ...{ verdict: 'accepted' as const, reason: 'accepted' as const, weight: 1 },
});
const config = { format: 'limn-run-1', seed: 1 };
async function withRun<T>(folder: string, use: (run: RunFolder) => Promise<T>): Promise<T> {
  const run = await RunFolder.open(join(folder, 'run'), config, await hasConfig(folder));
  try {
    return await use(run);
  } finally {
    await run.close();
  }
}
const hasConfig = async (folder: string) => existsSync(join(folder, 'run', 'config.json'));
async function withStore<T>(folder: string, use: (store: MemoryStore) => Promise<T>): Promise<T> {
  const store = await MemoryStore.open(join(folder, 'gallery'));
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
const idsIn = (folder: string) =>
  withStore(folder, async (store) => (await store.list({ limit: 100 })).map(({ id }) => id)).catch(() => []);

let tiny: TinyFolder;
let root: string;
const home = process.env.LIMN_HOME;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-full-'));
  tiny = await tinyFolder(6);
});
afterAll(async () => {
  await tiny.remove();
  await rm(root, { recursive: true, force: true });
  if (home === undefined) delete process.env.LIMN_HOME;
  else process.env.LIMN_HOME = home;
});

const writes: Write[] = [
  {
    name: 'a file that is replaced',
    prepare: (folder) => writeFileAtomic(join(folder, 'x'), 'what was there'),
    write: (folder) => writeFileAtomic(join(folder, 'x'), 'something else, and longer'),
    read: (folder) => readFile(join(folder, 'x'), 'utf8'),
  },
  {
    name: 'the folder of a model',
    write: (folder) => saveTinyModel(join(folder, 'model')),
    read: async (folder) => {
      const model = await RetrievalModel.open(join(folder, 'model')).catch(() => undefined);
      await model?.close();
      return model && [model.parts.config, Object.keys(model.parts.weights)];
    },
  },
  {
    name: 'a checkpoint, and a line of the log',
    prepare: (folder) => withRun(folder, (run) => run.saveCheckpoint({ a: float32([2], [1, 2]) }, step(1))),
    write: (folder) =>
      withRun(folder, async (run) => {
        await run.log({ kind: 'train', loss: 1 });
        await run.saveCheckpoint({ a: float32([2], [3, 4]) }, step(2));
      }),
    read: (folder) => withRun(folder, async (run) => (await run.readCheckpoint())?.trainingState),
  },
  {
    name: 'a stage of self-training',
    write: (folder) => stage(join(folder, 'round-1', 'pairs.json'), async () => ['a pair', 'another']),
    read: (folder) => readStage(join(folder, 'round-1', 'pairs.json')).catch(() => undefined),
  },
  {
    name: 'pseudo triplets',
    prepare: async (folder) => (await PseudoTripletFile.open(join(folder, 'p.jsonl'))).append([pseudo('a')]),
    write: async (folder) => (await PseudoTripletFile.open(join(folder, 'p.jsonl'))).append([pseudo('b'), pseudo('c')]),
    read: async (folder) => (await readPseudoTriplets(join(folder, 'p.jsonl'))).map(({ reference }) => reference),
  },
  {
    name: 'keys of a server',
    prepare: (folder) => addKey(join(folder, 'keys.json'), 'read'),
    write: (folder) => addKey(join(folder, 'keys.json'), 'write'),
    read: async (folder) => (await readKeys(join(folder, 'keys.json'))).map(({ scope }) => scope),
  },
  {
    name: 'items of a gallery in memory',
    prepare: async (folder) => {
      const store = await MemoryStore.create(join(folder, 'gallery'), infoOf());
      await store.upsert(itemsOf(2));
      await store.close();
    },
    write: (folder) => withStore(folder, (store) => store.upsert(itemsOf(5))),
    read: idsIn,
  },
  {
    name: 'a gallery of images',
    write: async (folder) => {
      const made = existsSync(join(folder, 'gallery', 'gallery.json'));
      const place = join(folder, 'gallery');
      const gallery = made
        ? await Gallery.open(place, { model: tiny.model })
        : await Gallery.create({ out: `memory:${place}`, model: tiny.model, images: tiny.at('pictures') });
      if (made) await gallery.update({ images: tiny.at('pictures') }).finally(() => gallery.close());
      else await gallery.close();
    },
    read: idsIn,
    inParts: true,
    rooms: [0, 10, 700],
  },
  {
    name: 'an image that is added',
    prepare: async (folder) => {
      const gallery = await Gallery.create({
        out: `memory:${join(folder, 'gallery')}`,
        model: tiny.model,
        images: tiny.at('pictures'),
      });
      await gallery.close();
    },
    write: async (folder) => {
      const gallery = await Gallery.open(join(folder, 'gallery'), { model: tiny.model });
      await gallery.add([{ id: 'new.jpg', bytes: await imageBytes(77) }]).finally(() => gallery.close());
    },
    read: idsIn,
  },
  {
    name: 'cached features',
    write: async (folder) => {
      const images = [0, 1, 2].map((i) => ({ id: String(i), path: tiny.at('pictures', `p0${i}.jpg`) }));
      const options = { encoder: fakeEncoder(), images, directory: join(folder, 'cache'), memoFile: join(folder, 'memo') };
      await (await openFeatures(options)).close();
    },
    read: async () => undefined,
  },
];

async function failureOf(work: Promise<unknown>): Promise<LimnError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(LimnError.isInstance(error), (error as Error | undefined)?.stack ?? 'nothing failed').toBe(true);
  return error as LimnError;
}

describe.each(writes)('without room for $name', ({ prepare, write, read, inParts, rooms = [0, 10] }) => {
  it('says so in a line, loses nothing, and goes on when there is room', async () => {
    const wholeFolder = await mkdtemp(join(root, 'whole-'));
    await prepare?.(wholeFolder);
    await write(wholeFolder);
    const whole = await read(wholeFolder);
    const ways: [string, (work: () => Promise<unknown>) => Promise<unknown>][] = [
      ...rooms.map((room): [string, (work: () => Promise<unknown>) => Promise<unknown>] => [
        `${room} bytes`,
        (work) => onFullDisk(room, work),
      ]),
      ['read-only', onReadOnlyDisk],
    ];
    for (const [name, on] of ways) {
      const folder = await mkdtemp(join(root, 'folder-'));
      await prepare?.(folder);
      const kept = await read(folder);
      const error = await failureOf(on(() => write(folder)));
      expect(error.message, name).toMatch(name === 'read-only' ? /EROFS/ : /ENOSPC/);
      expect(error.message, name).not.toContain('\n');
      expect(error.message, name).toContain(tmpdir());
      if (inParts) expect(whole, name).toEqual(expect.arrayContaining((await read(folder)) as string[]));
      else expect(await read(folder), name).toEqual(kept);
      await write(folder);
      expect(await read(folder), name).toEqual(whole);
      const left = (await readdir(folder, { recursive: true })).filter((path) => /\.(tmp|lock|stale)$/.test(path));
      expect(left, name).toEqual([]);
    }
  });
});

it('the patches reach every module that writes, and end with the call', async () => {
  const path = join(root, 'plain');
  await failureOf(onFullDisk(3, () => writeFileAtomic(path, 'four')));
  await onFullDisk(4, () => writeFileAtomic(path, 'four'));
  await writeFileAtomic(path, 'more than four');
  expect(await readFile(path, 'utf8')).toBe('more than four');
});
