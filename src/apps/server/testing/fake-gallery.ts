/**
 * A gallery in memory for tests of the server: its pictures are real files, decoded by sharp, and a picture's vector is its mean colour,
 * which the words "red", "green" and "blue" pull towards themselves.
 */
import sharp from 'sharp';
import { LimnError } from '../../../core/errors.js';
import { sha256 } from '../../../core/files.js';
import type {
  Explanation,
  ImageReference,
  SearchAnswer,
  SearchHit,
  SearchRequest,
} from '../../../search/gallery/search-types.js';
import type { ItemMetadata } from '../../../search/store/metadata.js';
import type { ServedDescription, ServedGallery, ServedImage, ServedItem } from '../galleries/service.js';

interface Kept extends ServedItem {
  bytes: Uint8Array;
  colour: number[];
}

const names = ['red', 'green', 'blue'];

export class FakeGallery implements ServedGallery {
  private readonly items = new Map<string, Kept>();
  /** How many searches came together each time. */
  readonly batches: number[] = [];
  /** What each call waits for first; tests make it slow, or fail, with this. */
  before: (call: string) => Promise<void> = async () => {};
  closed = false;

  constructor(private readonly captions = true) {
    if (!captions) Object.assign(this, { caption: undefined });
  }

  async describe(): Promise<ServedDescription> {
    const values = [...new Set([...this.items.values()].map(({ metadata }) => metadata.colour))];
    return {
      count: this.items.size,
      model: { hash: 'f'.repeat(64), encoder: 'mean-colour' },
      factors: names,
      fields: [{ name: 'colour', type: 'string', values: values.filter((value) => typeof value === 'string') }],
      captions: this.captions,
    };
  }

  async count(): Promise<number> {
    await this.before('count');
    return this.items.size;
  }

  async list({
    after,
    limit,
    filter,
  }: {
    after?: string | undefined;
    limit: number;
    filter?: string | undefined;
  }): Promise<ServedItem[]> {
    const keeps = filterOf(filter);
    const ids = [...this.items.keys()].filter((id) => after === undefined || id > after).sort();
    return ids
      .map((id) => shown(this.items.get(id) as Kept))
      .filter(({ metadata }) => keeps(metadata))
      .slice(0, limit);
  }

  async get(id: string): Promise<ServedItem | undefined> {
    const kept = this.items.get(id);
    return kept && shown(kept);
  }

  async put({ id, bytes, metadata }: { id: string; bytes: Uint8Array; metadata: ItemMetadata }): Promise<ServedItem> {
    await this.before('put');
    const kept = { id, content: sha256(bytes), metadata, bytes, colour: await colourOf(bytes) };
    this.items.set(id, kept);
    return shown(kept);
  }

  /** Puts another file in the place of a picture's, as somebody else on the machine could. */
  replaceFile(id: string, bytes: Uint8Array): void {
    const kept = this.items.get(id);
    if (kept) this.items.set(id, { ...kept, bytes });
  }

  async delete(id: string): Promise<boolean> {
    return this.items.delete(id);
  }

  async searchAll(requests: readonly SearchRequest[]): Promise<PromiseSettledResult<SearchAnswer>[]> {
    this.batches.push(requests.length);
    await this.before('search');
    return Promise.allSettled(requests.map((request) => this.search(request)));
  }

  async notesOn({ filter }: Pick<SearchRequest, 'filter' | 'offset'>, found: number): Promise<string[]> {
    return found === 0 ? [`Nothing passes ${filter}.`] : [];
  }

  async explain(request: SearchRequest, hit: string): Promise<Explanation> {
    const { hits } = await this.search({ ...request, excludeReferences: false, k: 1000, offset: 0 });
    const found = hits.find(({ id }) => id === hit);
    if (!found) throw new LimnError('USAGE', `The gallery has no picture ${JSON.stringify(hit)}.`);
    const map = { columns: 2, rows: 1, weights: [0.25, 0.75] };
    const factors = names.map((name, i) => ({ name, share: found.factors[i] as number, hit: map }));
    return {
      hit: found,
      factors: request.references?.length ? factors.map((factor) => ({ ...factor, reference: map })) : factors,
    };
  }

  async image(id: string): Promise<Uint8Array | undefined> {
    return this.items.get(id)?.bytes;
  }

  async thumbnail(): Promise<Uint8Array | undefined> {
    return undefined;
  }

  async caption(reference: ServedImage, target: ServedImage): Promise<string> {
    const [from, to] = await Promise.all([reference, target].map((image) => this.colour(image)));
    const gain = (to as number[]).map((value, i) => value - (from?.[i] as number));
    return `more ${names[gain.indexOf(Math.max(...gain))]}`;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  private async search(request: SearchRequest): Promise<SearchAnswer> {
    const { references = [], texts = [], weights = [1, 1, 1], k = 10, offset = 0, excludeReferences = true } = request;
    if (weights.length !== 3) throw new LimnError('USAGE', `The model has 3 factors: give 3 weights, not ${weights.length}.`);
    const keeps = filterOf(request.filter);
    const colours = await Promise.all(references.map((image) => this.colour(image)));
    const wanted = names.map((name, i) => {
      const mean = colours.length > 0 ? colours.reduce((sum, colour) => sum + (colour[i] as number), 0) / colours.length : 0;
      return texts.some((text) => text.includes(name)) ? 255 : mean;
    });
    const left = new Set(references.flatMap((image) => ('id' in image && excludeReferences ? [image.id] : [])));
    const scored = [...this.items.values()]
      .filter(({ id, metadata }) => !left.has(id) && keeps(metadata))
      .map((item): SearchHit => {
        const factors = item.colour.map((value, i) => (-(weights[i] as number) * Math.abs(value - (wanted[i] as number))) / 255);
        return {
          id: item.id,
          rank: 0,
          score: factors.reduce((a, b) => a + b, 0),
          matching: 0,
          factors,
          negative: 0,
          metadata: item.metadata,
        };
      })
      .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
      .map((hit, i) => ({ ...hit, rank: i + 1 }));
    const hits = scored.slice(offset, offset + k);
    return { hits, ...(offset + k < scored.length ? { next: offset + k } : {}) };
  }

  private async colour(image: ImageReference): Promise<number[]> {
    if ('path' in image) throw new Error('the server must never hand on a path');
    if ('bytes' in image) return colourOf(image.bytes);
    const kept = this.items.get(image.id);
    if (!kept) throw new LimnError('USAGE', `The gallery has no picture ${JSON.stringify(image.id)}.`);
    return kept.colour;
  }
}

const shown = ({ id, content, metadata }: Kept): ServedItem => ({ id, content, metadata });

async function colourOf(bytes: Uint8Array): Promise<number[]> {
  try {
    const { channels } = await sharp(bytes).stats();
    return channels.slice(0, 3).map(({ mean }) => mean);
  } catch (cause) {
    throw new LimnError('IMAGE', 'The picture is damaged or cut short. Replace it.', { cause });
  }
}

/** `field = 'value'` only: the filter language has tests of its own. */
function filterOf(filter: string | undefined): (metadata: ItemMetadata) => boolean {
  if (filter === undefined) return () => true;
  const [, field, value] = /^(\w+) = '([^']*)'$/.exec(filter) ?? [];
  if (field === undefined)
    throw new LimnError('USAGE', `The filter ${JSON.stringify(filter)} cannot be read: write e.g. colour = 'red'.`);
  return (metadata) => metadata[field] === value;
}

/** A picture file of one colour. */
export function colourImage(red: number, green: number, blue: number, format: 'jpeg' | 'png' | 'webp' = 'jpeg'): Promise<Buffer> {
  return sharp({ create: { width: 48, height: 36, channels: 3, background: { r: red, g: green, b: blue } } })
    .toFormat(format)
    .toBuffer();
}
