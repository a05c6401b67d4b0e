/**
 * Writers that put and delete pictures over HTTP while a test kills what they write to, and remember what was answered: an item must be
 * what its last answer said, or what was asked for since.
 */
import assert from 'node:assert/strict';
import type { LimnClient } from '../../src/apps/client/index.js';
import { sha256 } from '../../src/core/files.js';
import { Random } from '../../src/core/random.js';
import { imageBytes } from '../../src/search/gallery/testing/tiny-gallery.js';

/** Each writer has so many ids, so that most writes replace a picture. */
const idsOfWriter = 5;

/** A version of an item: which picture it has; undefined where there is no item. */
type Version = number | undefined;

export class WrittenItems {
  /** Writes that were answered with success. */
  acknowledged = 0;
  /** What each id may be. */
  private readonly possible = new Map<string, Set<Version>>();
  private readonly images = new Map<number, Buffer>();
  private versions = 0;
  private readonly random: Random;

  constructor(
    private readonly gallery: string,
    seed: number,
  ) {
    this.random = Random.derive(seed, 'writes');
  }

  /** Writes with several connections at once until `stop`, whatever is answered. */
  async write(client: LimnClient, stop: AbortSignal, writers = 3): Promise<void> {
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        while (!stop.aborted) {
          const id = `written/${writer}-${this.random.below(idsOfWriter)}.jpg`;
          await this.writeOne(client, id).catch(() => new Promise((done) => setTimeout(done, 20)));
        }
      }),
    );
  }

  /** Writes one picture. */
  writeOnce(client: LimnClient): Promise<void> {
    return this.writeOne(client, 'written/last.jpg');
  }

  private async writeOne(client: LimnClient, id: string): Promise<void> {
    const possible = this.possible.get(id) ?? new Set<Version>([undefined]);
    this.possible.set(id, possible);
    const deletes = this.random.uniform() < 0.15 && !possible.has(undefined);
    const version = deletes ? undefined : ++this.versions;
    if (version !== undefined) this.images.set(version, await imageBytes(version));
    possible.add(version);
    if (version === undefined) await client.deleteItem(this.gallery, id, { retries: 0 });
    else {
      const image = this.images.get(version) as Buffer;
      await client.putItem(this.gallery, id, { picture: image, metadata: { version } }, { retries: 0 });
    }
    this.acknowledged++;
    this.possible.set(id, new Set([version]));
  }

  /** Expects each item to be there whole: its metadata, its file, and the vectors that the model gives of that file. */
  async expectWhole(client: LimnClient): Promise<void> {
    const found = new Map<string, Version>();
    for await (const item of client.allItems(this.gallery)) {
      if (!item.id.startsWith('written/')) continue;
      const version = item.metadata.version as number;
      found.set(item.id, version);
      const sent = this.images.get(version) as Buffer;
      assert.equal(item.content, sha256(sent), item.id);
      const shown = await client.image(this.gallery, item.id);
      assert.ok(Buffer.from(await shown.arrayBuffer()).equals(sent), item.id);
      // The vectors of the item are those of its picture: of a picture that is given as a file they are made anew.
      const { hits } = await client.search({
        gallery: this.gallery,
        references: [{ file: sent }],
        filter: `version = ${version}`,
        excludeReferences: false,
      });
      const ids = hits.map(({ id }) => id);
      assert.deepEqual(ids, [item.id]);
      assert.ok(Math.abs((hits[0]?.matching ?? 0) - 1) < 1e-4, item.id);
      const asReference = await client.search({ gallery: this.gallery, references: [{ id: item.id }], texts: ['in red'], k: 1 });
      assert.equal(asReference.hits.length, 1);
    }
    for (const [id, possible] of this.possible) {
      assert.ok(possible.has(found.get(id)), `${id} is ${found.get(id)} and not one of ${[...possible]}`);
      // From here on it is known which it is.
      this.possible.set(id, new Set([found.get(id)]));
    }
  }
}
