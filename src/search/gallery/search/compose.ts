/** From what searches ask to the vectors that are searched for; the pictures and texts of all of them are embedded together. */
import { LimnError, throwIfAborted } from '../../../core/errors.js';
import type { GalleryStore } from '../../store/store.js';
import type { Composition, DecodedImage, EmbeddingVectors } from '../embedder.js';
import type { InTurn } from '../in-turn.js';
import type { QueryEmbedder, QueryFiles } from '../query-embedder.js';
import type { ImageReference } from '../search-types.js';
import type { CheckedRequest } from './check-request.js';
import { type KnownImage, QueryImages } from './query-images.js';
import { Recent } from './recent.js';
import { averaged } from './vectors.js';

export interface ComposedQuery {
  query: EmbeddingVectors;
  negatives: EmbeddingVectors[];
  references: KnownImage[];
}

/** Why a request has no answer. */
export interface Failed {
  error: unknown;
}

/** A picture as the gallery would store it, or changed as a text says; the average picture has no content. */
interface Wanted {
  key: string;
  image: KnownImage | undefined;
  text: string | undefined;
}

/** What a request needs to have embedded. */
interface Plan {
  references: KnownImage[];
  query: Wanted[];
  negatives: Wanted[];
}

/** How many embeddings of earlier searches are kept: pages, sliders and explanations ask for the same ones again. */
const remembered = 512;

export class Composer {
  private readonly recent = new Recent<EmbeddingVectors>(remembered);
  private readonly images: QueryImages;

  constructor(
    private readonly store: GalleryStore,
    private readonly embedder: QueryEmbedder,
    private readonly files: QueryFiles,
  ) {
    this.images = new QueryImages(embedder);
  }

  /**
   * The vectors of each request, or why it has none: of its query and of its negatives.
   *
   * A reference with a text is composed by the model, a text alone with the average picture, a reference alone is what the gallery would
   * store of it; several references are averaged.
   */
  async compose(requests: readonly CheckedRequest[], signal?: AbortSignal): Promise<(ComposedQuery | Failed)[]> {
    const plans = await Promise.all(
      requests.map((request): Promise<Plan | Failed> => this.plan(request).catch((error: unknown) => ({ error }))),
    );
    throwIfAborted(signal, 'searching');
    const good = plans.filter((plan): plan is Plan => !('error' in plan));
    const missing = new Map<string, Wanted>();
    for (const wanted of good.flatMap(({ query, negatives }) => [...query, ...negatives])) {
      if (!this.recent.get(wanted.key)) missing.set(wanted.key, wanted);
    }
    // Held here too: a large batch may push its own first results out of the recent ones.
    const found = new Map<string, EmbeddingVectors>();
    const failed = new Map<string, unknown>();
    for (const { query, negatives } of good) {
      for (const { key } of [...query, ...negatives]) {
        const known = this.recent.get(key);
        if (known) found.set(key, known);
      }
    }
    const decoded = new Map(requests.flatMap((request) => [...(request.decoded ?? [])]));
    await this.embedMissing([...missing.values()], found, failed, decoded, signal);
    return plans.map((plan) => {
      if ('error' in plan) return plan;
      const all = [...plan.query, ...plan.negatives];
      const broken = all.find(({ key }) => failed.has(key));
      if (broken) return { error: failed.get(broken.key) };
      const vectorsOf = (wanted: Wanted[]) => wanted.map(({ key }) => found.get(key) as EmbeddingVectors);
      return {
        query: averaged(vectorsOf(plan.query), this.store.info.sizes.factors),
        negatives: vectorsOf(plan.negatives),
        references: plan.references,
      };
    });
  }

  /** Decodes what {@link compose} would decode for a request, one picture after the other. @returns the pictures by what is seen of them */
  async decodeAhead(request: CheckedRequest, inTurn: InTurn): Promise<ReadonlyMap<string, DecodedImage>> {
    const { query, negatives } = await this.plan(request);
    const decoded = new Map<string, DecodedImage>();
    for (const { key, image, text } of [...query, ...negatives]) {
      if (!image || this.recent.get(key) || isStored({ image, text }) || decoded.has(image.seen)) continue;
      if (await this.images.knows(image)) continue;
      const { seen, box, name } = image;
      const bytes = await image.bytes();
      decoded.set(seen, await inTurn(bytes, () => this.embedder.decode(bytes, name, box), box !== undefined));
    }
    return decoded;
  }

  /** @throws LimnError USAGE for an id that is not in the gallery, IMAGE for a file that cannot be read */
  async know(reference: ImageReference): Promise<KnownImage> {
    const { box } = reference;
    // The content of the file tells copies of a reference; a part of it is another picture to the model.
    const partOf = async (content: string) => ({
      content,
      box,
      seen: box ? await this.files.hash(JSON.stringify([content, box])) : content,
    });
    if ('id' in reference) {
      const [item] = await this.store.get([reference.id]);
      if (!item) throw notThere(reference.id);
      return {
        ...(await partOf(item.content)),
        item,
        name: this.files.nameOf(item.location),
        bytes: () => this.files.read(item.location, { part: box !== undefined }),
      };
    }
    const bytes = 'path' in reference ? await this.files.readPath(reference.path) : reference.bytes;
    const name = 'path' in reference ? reference.path : 'The query picture';
    return { ...(await partOf(await this.files.hash(bytes))), name, bytes: async () => bytes };
  }

  private async plan(request: CheckedRequest): Promise<Plan> {
    const [references, negatives] = await Promise.all([
      Promise.all(request.references.map((reference) => this.know(reference))),
      Promise.all(request.negatives.map((negative) => this.know(negative))),
    ]);
    const { text } = request;
    const { sees } = this.embedder;
    // Where queries see pictures alone, the model has learned to make something of a reference without a text.
    const said = text ?? (sees.text ? undefined : '');
    const images = references.length > 0 ? references : [undefined];
    return {
      references,
      query: images.map((image) => wantedOf(image, said)),
      negatives: negatives.map((image) => wantedOf(image, undefined)),
    };
  }

  private async embedMissing(
    missing: readonly Wanted[],
    found: Map<string, EmbeddingVectors>,
    failed: Map<string, unknown>,
    decoded: ReadonlyMap<string, DecodedImage>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const keep = (key: string, vectors: EmbeddingVectors) => {
      found.set(key, vectors);
      this.recent.set(key, vectors);
    };
    const own = missing.filter(isStored);
    const stored = own.length > 0 ? await this.store.vectors(own.map(({ image }) => image?.item?.id as string)) : [];
    for (const [i, { key, image }] of own.entries()) {
      const vectors = stored[i];
      if (vectors) keep(key, vectors);
      else failed.set(key, notThere(image?.item?.id as string));
    }
    const rest = missing.filter((wanted) => !own.includes(wanted));
    if (rest.length === 0) return;
    const images = new Map(rest.flatMap(({ image }) => (image ? [[image.seen, image] as const] : [])));
    const { source, rows, broken } = await this.images.read([...images.values()], decoded);
    const usable = rest.filter(({ key, image }) => {
      const error = image && broken.get(image.seen);
      if (error) failed.set(key, error);
      return !error;
    });
    const placeOf = ({ image }: Wanted) => (image ? (rows.get(image.seen) as number) : 'average');
    const targets = usable.filter(({ text }) => text === undefined);
    const queries = usable.filter(({ text }) => text !== undefined);
    const embedded = await this.embedder.embed(
      source,
      {
        targets: targets.map((wanted) => placeOf(wanted) as number),
        queries: queries.map((wanted): Composition => ({ image: placeOf(wanted), text: wanted.text as string })),
      },
      { signal },
    );
    for (const [i, { key }] of targets.entries()) keep(key, embedded.targets[i] as EmbeddingVectors);
    for (const [i, { key }] of queries.entries()) keep(key, embedded.queries[i] as EmbeddingVectors);
  }
}

/** Whether the gallery has the embedding: it has those of its own pictures as a whole. */
const isStored = ({ image, text }: Pick<Wanted, 'image' | 'text'>) =>
  image?.item !== undefined && image.box === undefined && text === undefined;

function wantedOf(image: KnownImage | undefined, text: string | undefined): Wanted {
  return { key: JSON.stringify([image?.seen ?? null, text ?? null]), image, text };
}

function notThere(id: string): LimnError {
  return new LimnError('USAGE', `The gallery has no picture ${JSON.stringify(id)}. It may have been deleted.`, {
    details: { id },
  });
}
