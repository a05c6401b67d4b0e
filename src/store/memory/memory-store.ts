/** The exact store: all vectors in memory, every matching token compared with every query. */
import type { GalleryInfo, GalleryItem, GalleryStore, StoreHit, StoreQuery } from '../gallery-store.js';
import { checkQuery, leastCandidates, rerank } from '../rerank.js';
import { type GalleryContent, readGallery } from './gallery-files.js';
import { TopRows } from './top-rows.js';

export class MemoryGalleryStore implements GalleryStore {
  readonly info: GalleryInfo;
  readonly items: readonly GalleryItem[];
  private finder: Promise<TopRows> | undefined;
  private finding: Promise<unknown> = Promise.resolve();

  constructor(private readonly content: GalleryContent) {
    this.info = content.info;
    this.items = content.items;
  }

  /** Reads a gallery's folder. @throws LimnError GALLERY when there is none, or it is damaged */
  static async open(folder: string): Promise<MemoryGalleryStore> {
    return new MemoryGalleryStore(await readGallery(folder));
  }

  get factors(): number {
    return this.content.embeddings.factors;
  }

  async search(query: StoreQuery): Promise<StoreHit[]> {
    const { embeddings } = this.content;
    checkQuery(query, embeddings.count, embeddings.factors);
    const excluded = query.exclude ? this.items.filter(query.exclude).length : 0;
    const wanted = Math.min(embeddings.count, Math.max(query.k, leastCandidates) + excluded);
    // One after another: a search that needs more candidates replaces the finder.
    const candidates = this.finding.then(() => this.find(query.matching, wanted));
    this.finding = candidates.catch(() => {});
    return rerank(embeddings, this.items, this.info.gamma, (await candidates).slice(0, wanted), query);
  }

  async close(): Promise<void> {
    await this.finding;
    await (await this.finder)?.close();
    this.finder = undefined;
  }

  private async find(matching: Float32Array, wanted: number): Promise<number[]> {
    const { embeddings } = this.content;
    const open = await this.finder;
    if (!open || open.count < wanted) {
      await open?.close();
      const room = Math.min(embeddings.count, Math.ceil(wanted / 256) * 256);
      this.finder = TopRows.open(embeddings.matching, embeddings.count, embeddings.width, room);
      // A finder that could not be opened must not be awaited again.
      this.finder.catch(() => {
        this.finder = undefined;
      });
    }
    return (await (this.finder as Promise<TopRows>)).find(matching);
  }
}
