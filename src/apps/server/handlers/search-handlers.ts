/** Searching, explaining, captioning. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { SearchHit, SearchRequest } from '../../../search/gallery/search-types.js';
import * as contract from '../contract.js';
import type { ServedImage } from '../galleries/service.js';
import { type Content, parseJson, readImages } from '../request/content.js';
import { readCursor, requestDigest, writeCursor } from '../request/cursors.js';
import { checkItemId } from '../request/item-ids.js';
import type { RequestImages } from '../request/request-images.js';
import * as routes from '../routes.js';
import type { ServerContext, ServerEnv } from '../state.js';
import type { ServerParts } from './parts.js';
import { HttpProblem } from './problems.js';

const plainHit = (hit: SearchHit): contract.Hit => ({ ...hit, metadata: { ...hit.metadata } });

/** How far one can turn the pages of a search. */
const mostHits = 1000;

export function addSearchHandlers(app: OpenAPIHono<ServerEnv>, parts: ServerParts): void {
  const jsonOf = ({ json }: Content): Buffer => {
    if (json) return json;
    throw new HttpProblem(400, 'USAGE', 'The multipart body has no part "request" with the JSON. Add it.');
  };
  const tools = (content: Content, images: RequestImages, signal: AbortSignal) => ({
    files: content.files,
    images,
    fetchImage: parts.fetchImage,
    signal,
  });

  /** A search as galleries take it, its pictures decoded, and its digest without the place of the page. */
  const prepare = async (
    query: Omit<contract.Explain, 'hit'>,
    content: Content,
    requestImages: RequestImages,
    signal: AbortSignal,
  ) => {
    const { gallery, references = [], negatives = [], texts = [], ...rest } = query;
    if (references.length === 0 && texts.length === 0) {
      throw new HttpProblem(400, 'USAGE', 'The search has no references and no texts: give at least one.');
    }
    for (const image of [...references, ...negatives]) if ('id' in image) checkItemId(image.id);
    const [plus, minus] = await readImages([references, negatives], tools(content, requestImages, signal));
    const asked: SearchRequest = { ...rest, references: plus?.images, negatives: minus?.images, texts, signal };
    const served = parts.open(gallery).gallery;
    const request = (await served.decodeAhead?.(asked, requestImages.inTurn)) ?? asked;
    return { request, digest: requestDigest('search', gallery, plus?.digests, minus?.digests, texts, rest) };
  };

  app.openapi(routes.searchRoute, async (c) => {
    const started = performance.now();
    const content = await parts.content(c as ServerContext, 'request');
    const { cursor, k, ...query } = parseJson(jsonOf(content), contract.search, 'request');
    const { searches, gallery } = parts.open(query.gallery);
    const images = parts.images(c as ServerContext);
    const prepared = await parts.read(c as ServerContext, (signal) => prepare(query, content, images, signal));
    const digest = `${prepared.digest}.${k}`;
    const offset = cursor === undefined ? 0 : readCursor(cursor, digest, 'number');
    if (offset >= mostHits)
      throw new HttpProblem(
        400,
        'USAGE',
        `A search shows its best ${mostHits} hits, and the cursor is past them. Narrow the search.`,
      );
    const request = { ...prepared.request, k: Math.min(k, mostHits - offset), offset };
    const { hits, next, notes } = await parts.work(c as ServerContext, async (signal) => {
      const answer = await searches.submit(request, signal);
      return { ...answer, notes: (await gallery.notesOn?.(request, answer.hits.length)) ?? [] };
    });
    const more = next !== undefined && next < mostHits ? { cursor: writeCursor(digest, next) } : {};
    const milliseconds = Math.round((performance.now() - started) * 10) / 10;
    return c.json({ hits: hits.map(plainHit), ...more, notes, milliseconds }, 200);
  });

  app.openapi(routes.explainRoute, async (c) => {
    const content = await parts.content(c as ServerContext, 'request');
    const { hit, ...query } = parseJson(jsonOf(content), contract.explain, 'request');
    checkItemId(hit);
    const { gallery } = parts.open(query.gallery);
    const images = parts.images(c as ServerContext);
    const { request } = await parts.read(c as ServerContext, (signal) => prepare(query, content, images, signal));
    const explanation = await parts.work(c as ServerContext, () => gallery.explain(request, hit, images.inTurn));
    return c.json({ ...explanation, hit: plainHit(explanation.hit) }, 200);
  });

  app.openapi(routes.suggestRoute, async (c) => {
    const content = await parts.content(c as ServerContext, 'request');
    const { gallery: name, text, ...asked } = parseJson(jsonOf(content), contract.suggest, 'request');
    if (asked.reference !== undefined) checkItemId(asked.reference);
    const { gallery } = parts.open(name);
    const { texts: said, reference, count } = asked;
    const request = { reference, typed: text, said, count };
    const found = await parts.work(c as ServerContext, async () => gallery.suggest?.(request));
    return c.json(found ?? { suggestions: [], unknown: [], filters: [] }, 200);
  });

  app.openapi(routes.captionRoute, async (c) => {
    const content = await parts.content(c as ServerContext, 'request');
    const { gallery: name, reference, target } = parseJson(jsonOf(content), contract.caption, 'request');
    const { gallery } = parts.open(name);
    const { caption } = gallery;
    if (!caption) {
      throw new HttpProblem(
        404,
        'NOT_FOUND',
        'This server has no captioner: start it with --captioner to let it say what changes.',
      );
    }
    for (const image of [reference, target]) if ('id' in image) checkItemId(image.id);
    const images = parts.images(c as ServerContext);
    const [read] = await parts.read(c as ServerContext, (signal) =>
      readImages([[reference, target]], tools(content, images, signal)),
    );
    const [from, to] = (read?.images ?? []) as [ServedImage, ServedImage];
    const text = await parts.work(c as ServerContext, (signal) => caption.call(gallery, from, to, signal, images.inTurn));
    return c.json({ text }, 200);
  });
}
