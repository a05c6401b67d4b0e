/** Why a picture was found: each factor's share of its score, and where the factor looks in the reference and in the picture. */
import { LimnError } from '../../../core/errors.js';
import { boxPixels } from '../../../models/encoders/image/box.js';
import type { GalleryStore } from '../../store/store.js';
import type { InTurn } from '../in-turn.js';
import type { QueryEmbedder, QueryFiles } from '../query-embedder.js';
import { mostHits } from '../search/check-request.js';
import type { Composer } from '../search/compose.js';
import type { KnownImage } from '../search/query-images.js';
import type { Searcher } from '../search/searcher.js';
import type { Explanation, HeatMap, SearchRequest } from '../search-types.js';
import { overImage, wholeImage } from './heat-map.js';

export interface ExplainTools {
  store: GalleryStore;
  embedder: QueryEmbedder;
  files: Pick<QueryFiles, 'sizeOf'>;
  composer: Composer;
  searcher: Searcher;
  /** A name for each factor. */
  names: readonly string[];
  inTurn: InTurn;
}

/**
 * @param id of the picture; its rank is the one among the hits that are ranked, or the next behind them
 * @throws LimnError USAGE for a bad request or an id that is not in the gallery, IMAGE for a file that cannot be read
 */
export async function explainHit(tools: ExplainTools, request: SearchRequest, id: string): Promise<Explanation> {
  const { store, searcher, composer, names } = tools;
  const [prepared] = await searcher.prepare([{ ...request, offset: 0, k: 1 }]);
  if (!prepared || 'error' in prepared) throw prepared?.error;
  const [item] = await store.get([id]);
  const [vectors] = await store.vectors([id]);
  if (!item || !vectors) {
    throw new LimnError('USAGE', `The gallery has no picture ${JSON.stringify(id)}. It may have been deleted.`, {
      details: { id },
    });
  }
  const ranked = await searcher.rank(prepared, mostHits, request.signal);
  const { id: _, ...scored } = searcher.score(prepared, item, vectors);
  const rank = ranked.find((hit) => hit.id === id)?.rank ?? ranked.filter(({ score }) => score >= scored.score).length + 1;
  const hit = { id, rank, ...scored };
  if (hit.factors.length === 0) return { hit, factors: [] };

  const [reference] = prepared.composed.references;
  const { text } = prepared.request;
  const [target, query] = await Promise.all([
    heatMaps(tools, await composer.know({ id }), undefined),
    reference && heatMaps(tools, reference, text),
  ]);
  return {
    hit,
    factors: hit.factors.map((share, k) => ({
      name: names[k] ?? `factor ${k + 1}`,
      share,
      ...(query ? { reference: query[k] as HeatMap } : {}),
      hit: target[k] as HeatMap,
    })),
  };
}

/** One map a factor, over the picture or the part of it that was asked with. @param text of the query that the picture is the reference of */
async function heatMaps(
  { embedder, files, store, inTurn }: ExplainTools,
  image: KnownImage,
  text: string | undefined,
): Promise<HeatMap[]> {
  const { factors } = store.info.sizes;
  const { sees, attentionGrid: side } = embedder;
  if (side === undefined) return new Array<HeatMap>(factors).fill(wholeImage);
  const bytes = await image.bytes();
  const { box, name } = image;
  const decoded = await inTurn(bytes, () => embedder.decode(bytes, name, box), box !== undefined);
  const whole = await files.sizeOf(bytes, name, image.item?.location);
  const size = box ? boxPixels(box, whole) : whole;
  const settings = await embedder.imageSettings();
  // A model whose queries see pictures alone sees its references with an empty text.
  const said = sees.image ? (text ?? (sees.text ? undefined : '')) : undefined;
  const attention = await embedder.attention(decoded, said);
  const places = side * side;
  return Array.from({ length: factors }, (_, k) =>
    overImage(attention.subarray(k * places, (k + 1) * places), side, size, settings),
  );
}
