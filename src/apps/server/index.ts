/**
 * limn/server: galleries over HTTP, as an app inside an application of one's own, or as a server.
 *
 * @example
 * import { serve } from '@hono/node-server';
 * import { Hono } from 'hono';
 * import { Gallery } from 'limn';
 * import { createApp } from 'limn/server';
 *
 * const search = await createApp({ galleries: { shirts: await Gallery.open('my-gallery') } });
 * const app = new Hono();
 * app.mount('/search', search.fetch);
 * serve({ fetch: app.fetch, port: 3000 });
 */
import { type AppSettings, type MadeApp, makeApp } from './make-app.js';

export { LimnError, type LimnErrorCode } from '../../core/errors.js';
export { Captioner } from './galleries/captioner.js';
export { galleryService } from './galleries/gallery-service.js';
export type { ServedGallery } from './galleries/service.js';
export { defaultLimits, type ServerLimits } from './guard/limits.js';
export { createLog } from './log.js';
export { type RunningServer, type ServerOptions, startServer } from './server.js';
export type { AppSettings };

/** The API as something that an application can mount. */
export interface MountableApp {
  /**
   * Answers a request, for `app.mount('/search', search.fetch)`. The application must run on @hono/node-server and leave the bodies of these
   * requests unread.
   */
  fetch: MadeApp['fetch'];
  /** Stops what runs and gives back what it holds; the galleries stay open. */
  close(): Promise<void>;
}

/**
 * The API over galleries, with its keys and limits, without a socket. What guards a socket (time for headers, connections of one address) is
 * the application's.
 *
 * @throws LimnError CONFIG for a broken file of keys
 */
export async function createApp(settings: AppSettings): Promise<MountableApp> {
  const app = await makeApp(settings);
  return {
    fetch: app.fetch,
    async close() {
      app.refuse();
      app.stop();
      await app.release();
    },
  };
}
