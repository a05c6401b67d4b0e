/**
 * What limn does with a damaged copy of each kind of file that it writes: it reads what was written, or says that the file is damaged. A
 * cache may make its content again, and says that it did. Nothing else is ever read.
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addKey, readKeys } from '../src/apps/server/guard/keys.js';
import { LimnError } from '../src/core/errors.js';
import { sha256 } from '../src/core/files.js';
import { type Damage, damagesOf } from '../src/core/testing/damage.js';
import { float32, type Tensor } from '../src/engine/tensor/tensor.js';
import { markStarted, type PlannedRun, resultOf } from '../src/learning/experiment/plan.js';
import { encodeRanks, type RunResult, readResult, surroundings, writeResult } from '../src/learning/experiment/result.js';
import { PseudoTripletFile, readPseudoTriplets } from '../src/learning/self-training/pseudo-triplets.js';
import { readStage, stage } from '../src/learning/self-training/work.js';
import { RunFolder } from '../src/learning/train/run-folder.js';
import { ContentMemo } from '../src/models/encoders/cache/content-memo.js';
import { openFeatures } from '../src/models/encoders/cache/feature-cache.js';
import { readEncoderFolder } from '../src/models/encoders/hub/encoder-folder.js';
import { importEncoder } from '../src/models/encoders/hub/import-encoder.js';
import { fakeEncoder } from '../src/models/encoders/testing/fake-encoder.js';
import { RetrievalModel } from '../src/models/retrieval/retrieval-model.js';
import { readFacts, saveFacts } from '../src/search/gallery/explain/facts.js';
import { drawImage, imageBytes } from '../src/search/gallery/testing/tiny-gallery.js';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.js';
import { cachedThumbnail } from '../src/search/gallery/thumbnails.js';
import { MemoryStore } from '../src/search/store/memory/memory-store.js';
import { infoOf, itemOf } from '../src/search/store/testing/items.js';
import { clipSizes, writeRandomClip } from './support/clip/random-clip.js';

/** What reading a folder has given, and what was said to be made again, if anything. */
interface Reading {
  content: unknown;
  madeAgain?: number;
}

interface Kind {
  name: string;
  /** Writes into a folder. @returns the files that are then damaged, one at a time */
  write(folder: string): Promise<string[]>;
  read(folder: string): Promise<Reading>;
}

const trainingState = { step: 3, metricsBytes: 0, seconds: 1.5, best: { epoch: 1, score: 4.5, values: { 'R@10': 4.5 } } };
const config = { format: 'limn-run-1', training: { epochs: 2, learningRate: 0.001 } };
const plannedRun = (folder: string) =>
  ({ id: 'limn/seed-1', folder, hash: 'f'.repeat(64), settings: { training: { epochs: 2 } } }) as unknown as PlannedRun;
const result: RunResult = {
  format: 'limn-result-1',
  ...{ hash: { settings: 'f'.repeat(64), data: 'd'.repeat(64) }, method: 'limn', seed: 1, protocol: 'p', split: 'val' },
  ...{ queries: 4, gallery: 9, missing: 0, metrics: { 'R@10': 12.5 }, ranks: encodeRanks([1, 8, 3, 2]), examples: [] },
  ...{ parameters: 7, training: { seconds: 1, epoch: 2, steps: 3 }, model: { hash: 'a', encoder: 'patch' } },
  ...{ ...surroundings(), command: 'limn experiment run x.json' },
};
const pseudo = (reference: string) => ({
  format: 'limn-pseudo-1' as const,
  ...{ round: 1, reference, target: 'b.jpg', strategy: 'twoHop' as const, text: 'größer, in Blau', likelihood: -0.75 },
  ...{ rank: 2, margin: 0.25, verdict: 'accepted' as const, reason: 'accepted' as const, weight: 0.5 },
});
const unchanged = { size: 7, mtimeMs: 1e12, ctimeMs: 1e12, ino: 5 };
const remembered = ['/a.jpg', '/ordner/ü.jpg', '/c.png'];
const items = ['a.jpg', 'b.jpg', 'ä.jpg'].map((id, i) => itemOf(id, i, { price: 10 * i, colour: 'red' }));
const plain = (tensors: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape, data }]) => [name, [shape, Array.from(data as Float32Array)]]));

const kinds: Kind[] = [
  {
    name: 'the folder of a model',
    write: async (folder) => {
      await saveTinyModel(folder);
      return ['config.json', 'vocabulary.json', 'weights.safetensors'];
    },
    read: async (folder) => {
      const model = await RetrievalModel.open(folder);
      const { config, vocabulary, weights, encoder } = model.parts;
      await model.close();
      return { content: [config, encoder.id, vocabulary.toJSON(), plain(weights)] };
    },
  },
  {
    name: 'the folder of a run',
    write: async (folder) => {
      const run = await RunFolder.open(folder, config, false);
      await run.saveCheckpoint({ a: float32([2, 2], [1, 2, 3, 4]) }, trainingState);
      await run.close();
      return ['config.json', 'checkpoints/last.safetensors'];
    },
    read: async (folder) => {
      const run = await RunFolder.open(folder, config, true);
      try {
        const checkpoint = await run.loadCheckpoint();
        return { content: [checkpoint?.trainingState, plain(checkpoint?.tensors ?? {})] };
      } finally {
        await run.close();
      }
    },
  },
  {
    name: 'the result of a run, and how it began',
    write: async (folder) => {
      await markStarted(plannedRun(folder), result.hash.data);
      await writeResult(folder, result);
      return ['run.json', 'result.json'];
    },
    read: async (folder) => {
      const content = await readResult(folder);
      await rm(join(folder, 'result.json'));
      return { content: [content, await resultOf(plannedRun(folder), result.hash.data)] };
    },
  },
  {
    name: 'a finished stage of self-training',
    write: async (folder) => {
      await stage(join(folder, 'pairs.json'), async () => [{ reference: 'a', target: 'b', strategy: 'twoHop' }]);
      return ['pairs.json'];
    },
    read: async (folder) => ({ content: await readStage(join(folder, 'pairs.json')) }),
  },
  {
    name: 'pseudo triplets',
    write: async (folder) => {
      const file = await PseudoTripletFile.open(join(folder, 'pseudo.jsonl'));
      await file.append([pseudo('a.jpg'), pseudo('ä.jpg'), pseudo('c.jpg')]);
      return ['pseudo.jsonl'];
    },
    read: async (folder) => ({ content: await readPseudoTriplets(join(folder, 'pseudo.jsonl'), 3) }),
  },
  {
    name: 'keys of a server',
    write: async (folder) => {
      await addKey(join(folder, 'keys.json'), 'read', 'für die Seite');
      await addKey(join(folder, 'keys.json'), 'write');
      return ['keys.json'];
    },
    read: async (folder) => ({ content: await readKeys(join(folder, 'keys.json')) }),
  },
  {
    name: 'an imported encoder',
    write: async (folder) => {
      await writeRandomClip(join(folder, 'clip'), clipSizes.tiny);
      const { folder: made } = await withHome(folder, () => importEncoder(join(folder, 'clip'), { name: 'mine' }));
      return [relative(folder, join(made, 'limn-encoder.json'))];
    },
    read: async (folder) => ({ content: await readEncoderFolder(join(folder, 'home', 'encoders', 'mine')) }),
  },
  {
    name: 'a gallery in memory',
    write: async (folder) => {
      const store = await MemoryStore.create(folder, infoOf());
      await store.upsert(items.slice(0, 2));
      await store.upsert(items.slice(2));
      await store.delete(['b.jpg']);
      await store.close();
      return ['gallery.json', 'items-0.log', 'items-0.ack'];
    },
    read: async (folder) => {
      const store = await MemoryStore.open(folder);
      try {
        const all = await store.list({ limit: 10 });
        return { content: [store.info, all, await store.vectors(all.map(({ id }) => id))] };
      } finally {
        await store.close();
      }
    },
  },
  {
    name: 'facts of a gallery',
    write: async (folder) => {
      const store = await MemoryStore.create(folder, infoOf());
      await store.upsert(items);
      await saveFacts(store, folder);
      await store.close();
      return ['facts.json'];
    },
    read: async (folder) => {
      const store = await MemoryStore.open(folder);
      try {
        const kept = await readFacts(store, folder);
        return { content: kept ?? (await saveFacts(store, folder)), madeAgain: kept ? 0 : 1 };
      } finally {
        await store.close();
      }
    },
  },
  {
    name: 'remembered hashes of files',
    write: async (folder) => {
      const memo = await ContentMemo.open(join(folder, 'memo'));
      for (const path of remembered) memo.set(path, unchanged, sha256(path));
      await memo.save();
      return ['memo'];
    },
    read: async (folder) => {
      const memo = await ContentMemo.open(join(folder, 'memo'));
      const found = remembered.map((path) => memo.get(path, unchanged));
      return { content: found.map((hash, i) => hash ?? sha256(remembered[i] as string)), madeAgain: memo.damaged };
    },
  },
  {
    name: 'cached features',
    write: async (folder) => {
      for (const i of [0, 1, 2, 3, 4, 5]) await drawImage(join(folder, `${i}.jpg`), i);
      await features(folder);
      return (await readdir(join(folder, 'cache'))).map((name) => join('cache', name));
    },
    read: features,
  },
  {
    name: 'thumbnails',
    write: async (folder) => {
      await thumbnail(folder);
      const content = sha256(await imageBytes(1));
      return [join('home', 'thumbnails', '320', content.slice(0, 2), `${content}.jpg`)];
    },
    read: thumbnail,
  },
];

/** Features of the pictures of a folder, from its cache where they are in it, and how many of the pictures were encoded. */
async function features(folder: string): Promise<Reading> {
  const encoder = fakeEncoder();
  const images = [0, 1, 2, 3, 4, 5].map((i) => ({ id: String(i), path: join(folder, `${i}.jpg`) }));
  let note = '';
  const table = await openFeatures({
    ...{ encoder, images, directory: join(folder, 'cache'), memoFile: join(folder, 'memo') },
    onProgress: (event) => {
      note = event.note ?? '';
    },
  });
  try {
    const [local, global] = [new Uint16Array(6 * 24), new Uint16Array(6 * 6)];
    table.gather([0, 1, 2, 3, 4, 5], local, global);
    const fromCache = Number(/^(\d+) from the cache/.exec(note)?.[1] ?? 0);
    return { content: [table.ids, [...local], [...global]], madeAgain: 6 - fromCache };
  } finally {
    await table.close();
  }
}

async function thumbnail(folder: string): Promise<Reading> {
  let madeAgain = 0;
  const bytes = await imageBytes(1);
  const read = async () => {
    madeAgain++;
    return bytes;
  };
  const made = await withHome(folder, () => cachedThumbnail(sha256(bytes), read));
  return { content: sha256(made), madeAgain };
}

async function withHome<T>(folder: string, use: () => Promise<T>): Promise<T> {
  const before = process.env.LIMN_HOME;
  process.env.LIMN_HOME = join(folder, 'home');
  try {
    return await use();
  } finally {
    if (before === undefined) delete process.env.LIMN_HOME;
    else process.env.LIMN_HOME = before;
  }
}

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-damaged-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe.each(kinds)('damaged: $name', ({ write, read }) => {
  it('gives what was written, or says that it is damaged', async () => {
    const whole = await mkdtemp(join(root, 'kind-'));
    const files = await write(whole);
    const copy = `${whole}-copy`;
    const readCopy = async (file: string, damage?: Damage) => {
      await rm(copy, { recursive: true, force: true });
      await cp(whole, copy, { recursive: true });
      if (damage) await writeFile(join(copy, file), damage.bytes);
      return read(copy).catch((error: unknown) => error);
    };
    const expected = (await readCopy('')) as Reading;
    expect(expected).not.toBeInstanceOf(Error);
    expect(expected.madeAgain ?? 0).toBe(0);
    for (const file of files) {
      let noticed = 0;
      for (const damage of damagesOf(await readFile(join(whole, file)), 7, { flips: 20, cuts: 4 })) {
        const found = (await readCopy(file, damage)) as Reading | Error;
        const what = `${file}: ${damage.name}`;
        if (found instanceof Error) {
          expect(LimnError.isInstance(found), `${what}: ${found.stack}`).toBe(true);
          expect(found.message, what).not.toContain('\n');
        } else expect(found.content, what).toEqual(expected.content);
        if (found instanceof Error || (found.madeAgain ?? 0) > 0) noticed++;
      }
      // Few bits are of no account: spaces. What was acknowledged is written twice, and one of them is enough.
      expect(noticed, `${file}: damages that were noticed`).toBeGreaterThan(file.endsWith('.ack') ? 0 : 11);
    }
  });
});
