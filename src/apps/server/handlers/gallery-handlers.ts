/** Galleries and their items. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import * as contract from '../contract.js';
import { parseJson } from '../request/content.js';
import { readCursor, requestDigest, writeCursor } from '../request/cursors.js';
import { asJpeg } from '../request/images.js';
import { checkItemId, checkNewItemId, noSuchItem } from '../request/item-ids.js';
import * as routes from '../routes.js';
import type { ServerEnv } from '../state.js';
import type { ServerParts } from './parts.js';
import { HttpProblem } from './problems.js';
import { matchesTag } from './static-page.js';

/** Pixels a side of the thumbnails that the server makes itself. */
const thumbnailSide = 320;

export function addGalleryHandlers(app: OpenAPIHono<ServerEnv>, parts: ServerParts, says: { keepsChoices: boolean }): void {
  const describe = async (name: string, signal: AbortSignal) => ({
    name,
    ...(await parts.open(name).gallery.describe(signal)),
    ...(says.keepsChoices ? says : {}),
  });

  app.openapi(routes.galleriesRoute, async (c) => {
    const galleries = await parts.work(c, (signal) =>
      Promise.all([...parts.galleries.keys()].map((name) => describe(name, signal))),
    );
    return c.json({ galleries }, 200);
  });

  app.openapi(routes.galleryRoute, async (c) => {
    const { gallery } = c.req.valid('param');
    return c.json(await parts.work(c, (signal) => describe(gallery, signal)), 200);
  });

  app.openapi(routes.countRoute, async (c) => {
    const { gallery } = c.req.valid('param');
    const { filter } = c.req.valid('query');
    return c.json({ count: await parts.work(c, () => parts.open(gallery).gallery.count(filter)) }, 200);
  });

  app.openapi(routes.itemsRoute, async (c) => {
    const { gallery: name } = c.req.valid('param');
    const { cursor, limit, filter } = c.req.valid('query');
    const { gallery } = parts.open(name);
    const digest = requestDigest('items', name, filter ?? null);
    const after = cursor === undefined ? undefined : readCursor(cursor, digest, 'string');
    // One more than asked for tells whether any follow.
    const { found, notes = [] } = await parts.work(c, async () => {
      const found = await gallery.list({ after, limit: limit + 1, filter });
      return { found, notes: after === undefined ? await gallery.notesOn?.({ filter }, found.length) : [] };
    });
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const more = found.length > limit && last ? { cursor: writeCursor(digest, last.id) } : {};
    return c.json({ items, ...more, ...(notes.length > 0 ? { notes } : {}) }, 200);
  });

  app.openapi(routes.itemRoute, async (c) => {
    const { gallery: name, id } = c.req.valid('param');
    checkItemId(id);
    const { gallery } = parts.open(name);
    const item = await parts.work(c, () => gallery.get(id));
    if (!item) throw noSuchItem(id);
    return c.json(item, 200);
  });

  app.openapi(routes.putItemRoute, async (c) => {
    const { gallery: name, id } = c.req.valid('param');
    checkItemId(id);
    const { gallery } = parts.open(name);
    // What is there can be replaced, whatever it is called.
    if (!(await gallery.get(id))) checkNewItemId(id);
    const { json, files } = await parts.content(c, 'metadata');
    const image = files.get('picture');
    const strange = [...files.keys()].find((part) => part !== 'picture');
    if (!image || strange !== undefined) {
      const found = strange === undefined ? 'has no picture' : `has a part ${JSON.stringify(strange)}`;
      throw new HttpProblem(400, 'USAGE', `The body ${found}: it takes the parts "picture", a file, and "metadata", JSON.`);
    }
    const metadata = json ? parseJson(json, contract.metadata, 'metadata') : {};
    checkFields(metadata);
    const images = parts.images(c);
    const item = await parts.work(c, async () => {
      await images.check(image, 'The part "picture"');
      return gallery.put({ id, bytes: image, metadata }, images.inTurn);
    });
    return c.json(item, 200);
  });

  app.openapi(routes.deleteItemRoute, async (c) => {
    const { gallery: name, id } = c.req.valid('param');
    checkItemId(id);
    const { gallery } = parts.open(name);
    if (!(await parts.work(c, () => gallery.delete(id)))) throw noSuchItem(id);
    return c.body(null, 204);
  });

  app.openapi(routes.imageRoute, async (c) => {
    const { gallery: name, id } = c.req.valid('param');
    const { size } = c.req.valid('query');
    checkItemId(id);
    const { gallery } = parts.open(name);
    return parts.work(c, async () => {
      const item = await gallery.get(id);
      if (!item) throw noSuchItem(id);
      // The address does not change with the picture, so a browser asks again after five minutes, and mostly gets 304.
      const headers = { etag: `"${item.content.slice(0, 32)}-${size}"`, 'cache-control': 'private, max-age=300' };
      if (matchesTag(c.req.header('if-none-match'), headers.etag)) return new Response(null, { status: 304, headers });
      // A thumbnail is made once.
      const { inTurn } = parts.images(c, { free: size === 'thumbnail' });
      const thumbnail = size === 'thumbnail' ? await gallery.thumbnail(id, inTurn) : undefined;
      const bytes = thumbnail ?? (await gallery.image(id));
      if (!bytes) throw new HttpProblem(404, 'NOT_FOUND', `The file of the item ${JSON.stringify(id)} is gone.`);
      const jpeg = thumbnail ?? (await asJpeg(bytes, size === 'thumbnail' ? thumbnailSide : undefined, inTurn));
      parts.holdAnswer(c, jpeg.length);
      return new Response(jpeg, { headers: { ...headers, 'content-type': 'image/jpeg' } });
    });
  });
}

/** Names of fields are what filters can say. */
function checkFields(metadata: contract.ApiMetadata): void {
  const strange = Object.keys(metadata).find((name) => !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) || name === '__proto__');
  if (strange === undefined) return;
  const rule = 'start with a letter or "_", followed by up to 63 letters, digits and "_"';
  throw new HttpProblem(
    400,
    'USAGE',
    `The metadata has a field ${JSON.stringify(strange.slice(0, 80))}; names of fields must ${rule}.`,
  );
}
