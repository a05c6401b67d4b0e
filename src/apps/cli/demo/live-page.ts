/** The page of the demo: a server over a gallery that is made anew with each better model, and the browser that shows it. */
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { LimnError } from '../../../core/errors.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { Gallery } from '../../../search/gallery/gallery.js';
import { galleryService } from '../../server/galleries/gallery-service.js';
import { createLog } from '../../server/log.js';
import { blockOtherFormats } from '../../server/request/images.js';
import { type RunningServer, startServer } from '../../server/server.js';
import { LiveGallery } from './live-gallery.js';

export interface LivePageOptions {
  /** The folder of the demo. */
  out: string;
  /** The images, the table of those that are indexed, and what else is known of them. */
  images: string;
  list: string;
  metadata?: string | undefined;
  /** Where to listen. @default 7788, or any free port where that is taken */
  port?: number | undefined;
  /** Told the address when there is something to search. */
  onOpen(url: string): void;
}

export class LivePage {
  /** Listens from the beginning, so that a port that cannot be had is known before anything is trained. */
  static async start(options: LivePageOptions): Promise<LivePage> {
    const live = new LiveGallery();
    return new LivePage(options, live, await serve(live, options.port));
  }

  private constructor(
    private readonly options: LivePageOptions,
    private readonly live: LiveGallery,
    private readonly server: RunningServer,
  ) {}

  /** Whether there is something to search. */
  get isOpen(): boolean {
    return this.live.isOpen;
  }

  /** Searches with another model from now on. The first time, the page opens. */
  async show(modelFolder: string, training: { epoch: number; epochs: number }): Promise<void> {
    const { out, images, list, metadata } = this.options;
    const model = await RetrievalModel.open(modelFolder);
    const folder = join(out, 'live', `epoch-${training.epoch}`);
    let gallery: Gallery;
    try {
      gallery = await Gallery.create({ model, images, list, metadata, out: `memory:${folder}`, replace: true });
    } catch (error) {
      await model.close();
      throw error;
    }
    const close = async () => {
      await gallery.close();
      await model.close();
      await rm(folder, { recursive: true, force: true });
    };
    const isFirst = !this.live.isOpen;
    this.live.replace({ ...galleryService(gallery), close }, { ...training, ended: false });
    if (isFirst) this.options.onOpen(this.server.url);
  }

  /** The training is over: the model that is shown is the one that stays. */
  end(): void {
    this.live.tell({ ended: true });
  }

  async close(): Promise<void> {
    await this.server.close(1000);
    await this.live.close();
    await rm(join(this.options.out, 'live'), { recursive: true, force: true });
  }
}

async function serve(live: LiveGallery, port: number | undefined): Promise<RunningServer> {
  const { version } = createRequire(import.meta.url)('../../../../package.json') as { version: string };
  blockOtherFormats();
  const common = { galleries: { wardrobe: live.service }, log: createLog('warn'), version };
  return startServer({ ...common, port }).catch((error) => {
    const isTaken = port === undefined && LimnError.isInstance(error) && error.code === 'IO';
    if (!isTaken) throw error;
    return startServer({ ...common, port: 0 });
  });
}
