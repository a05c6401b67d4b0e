/** A shop that learns from a person who finds what they mean: the smallest encoder, seconds of training, and counts. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readOwnTriplets } from '../learning/data/own-triplets.js';
import { generateSyntheticFashion } from '../learning/data/synthetic-fashion/generate.js';
import { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import { ChoiceKeeper } from '../search/choices/choice-keeper.js';
import { Gallery } from '../search/gallery/gallery.js';
import { learn } from './learn.js';
import type { LearnOptions } from './learn-types.js';

let folder: string;
let options: LearnOptions;
let choices: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-choice-round-'));
  const wardrobe = join(folder, 'wardrobe');
  await generateSyntheticFashion({ directory: wardrobe, images: 70, size: 24 });
  options = {
    list: join(wardrobe, 'metadata.train.csv'),
    images: join(wardrobe, 'images'),
    out: join(folder, 'shop'),
    reader: ImageEncoderRuntime.patch(16, 8, 0),
    fields: ['kind', 'colour'],
    fixed: { width: 16, factors: 2, heads: 2, epochs: 1 },
    plus: false,
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let attempts = 0;
it('learns on top of what it learned before, from training products alone, and says what became of every choice', async () => {
  const place = join(folder, String(attempts++));
  options = { ...options, out: join(place, 'shop') };
  choices = join(place, 'choices');
  const before = await learn(options);
  const [train, test] = [
    await readOwnTriplets({ directory: before.data, split: 'train' }),
    await readOwnTriplets({ directory: before.data, split: 'test' }),
  ];
  // The person asks in words of their own, and chooses what they mean where it is among the first results.
  const gallery = await Gallery.open(before.gallery);
  const keeper = await ChoiceKeeper.open(choices, { onNote: (note) => expect.unreachable(note) });
  let made = 0;
  for (const { reference, targets, text } of [...train.triplets.slice(0, 40), ...test.triplets.slice(0, 5)]) {
    const said = `please, ${text}`;
    const { hits } = await gallery.search({ references: [{ id: reference }], texts: [said], k: 50 });
    const [chosen = ''] = targets;
    const shown = hits.map(({ id }) => id);
    if (!shown.includes(chosen)) continue;
    made++;
    const none = { otherReferences: 0, negatives: [], gallery: 'shop' };
    expect(await keeper.keep({ ...none, references: [reference], texts: [said], shown, chosen })).toBe(true);
  }
  await gallery.close();
  expect(made).toBeGreaterThan(10);

  const result = await learn({ ...options, choices });
  const { kept, counts, judged, validation, said } = result.choices as NonNullable<typeof result.choices>;
  const { unusable, heldOut, unknown, repeated, contradictory } = counts;
  expect(counts.choices).toBe(made);
  expect([unusable, unknown]).toEqual([{}, 0]);
  expect(heldOut).toBeGreaterThan(0);
  const pairs = made - heldOut - repeated - contradictory;
  expect(Object.values(judged).reduce((sum, count) => sum + count, 0)).toBe(pairs);
  expect(judged.accepted).toBeGreaterThan(0);
  expect(said).toContain(`of ${made} choices, ${pairs} became triplets and LIMN accepted ${judged.accepted}`);
  const { before: without, after } = validation as NonNullable<typeof validation>;
  expect(kept).toBe(after >= without);
  expect(existsSync(join(options.out, 'limn-without-choices'))).toBe(kept);

  const directory = join(options.out, 'choices', 'data');
  const lines = (await readFile(join(directory, 'triplets.train.jsonl'), 'utf8')).trim().split('\n');
  const ofPeople = lines.map((line) => JSON.parse(line)).filter(({ provenance }) => provenance.source === 'choice');
  expect(ofPeople).toHaveLength(judged.accepted as number);
  expect(lines).toHaveLength(train.triplets.length + ofPeople.length);
  const held = new Set(test.images.map(({ id }) => id));
  for (const { reference, target, text } of ofPeople) {
    expect(text).toMatch(/^please, /);
    expect(held.has(reference) || held.has(target)).toBe(false);
  }

  // Newer choices are for another folder: nothing is done again.
  const again = await learn({ ...options, choices });
  expect(again.choices).toEqual(result.choices);
}, 480_000);
