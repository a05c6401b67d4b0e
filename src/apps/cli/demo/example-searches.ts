/** Three searches of the demo, as a page. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../../core/files.js';
import type { Split } from '../../../learning/data/triplets.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { Gallery } from '../../../search/gallery/gallery.js';
import type { LongWork } from '../long-work.js';
import { resultsPage, type ShownSearch } from '../results-page.js';
import { shownHits } from '../shown-hits.js';

const hitsShown = 10;

export interface ExampleOptions {
  val: Split;
  /** The validation images, and the table with what a shop would know of them. */
  images: string;
  list: string;
  /** Their titles. */
  metadata: string;
  /** The folder of the demo. */
  out: string;
  tools: LongWork;
}

/** Indexes the validation images, searches with three annotated queries, and writes the page. */
export async function searchExamples({
  val,
  images,
  list,
  metadata,
  out,
  tools,
}: ExampleOptions): Promise<{ page: string; gallery: string }> {
  const { signal, onProgress } = tools;
  const limn = await RetrievalModel.open(join(out, 'limn'));
  const location = join(out, 'gallery');
  const gallery = await Gallery.create({ model: limn, images, list, metadata, out: location, replace: true, signal, onProgress });
  try {
    const searches: ShownSearch[] = [];
    // Evenly spread over the split, so that nobody picked the ones that look good.
    for (const part of [1, 2, 3]) {
      const triplet = val.triplets[Math.floor((part * val.triplets.length) / 4)] as Split['triplets'][number];
      const pathOf = (id: string) => val.images.find((image) => image.id === id)?.path as string;
      const inGallery = (id: string) => pathOf(id).slice(images.length + 1);
      const reference = pathOf(triplet.reference);
      const { hits } = await gallery.search({ references: [{ path: reference }], texts: [triplet.text], k: hitsShown });
      searches.push({
        references: [reference],
        metadata: [(await gallery.get(inGallery(triplet.reference)))?.metadata],
        text: triplet.text,
        hits: await shownHits(gallery, hits),
        wanted: triplet.targets.map(inGallery),
      });
    }
    const page = join(out, 'searches.html');
    const notes = ['three annotated queries, evenly spread over the validation data, none chosen by hand'];
    const size = await gallery.count();
    await writeFileAtomic(
      page,
      await resultsPage({ title: 'Three searches in the wardrobe', gallery: 'the gallery', size, notes, searches }),
    );
    return { page, gallery: location };
  } finally {
    await gallery.close();
    await limn.close();
  }
}
