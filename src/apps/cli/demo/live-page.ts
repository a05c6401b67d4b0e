/** The page of the demo: a server over a gallery that is made anew with each better model, and the browser that shows it. */
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { LimnError } from '../../../core/errors.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { Gallery } from '../../../search/gallery/gallery.js';
import { galleryService } from '../../server/gallery-service.js';
import { blockOtherFormats } from '../../server/images.js';
import { createLog } from '../../server/log.js';
import { type RunningServer, startServer } from '../../server/server.js';
import { LiveGallery } from './live-gallery.js';

export interface LivePageOptions {
  /** The folder of the demo. */
  out: string;
  /** The images, and the table of those that are indexed. */
  images: string;
  list: string;
  /** Where to listen. @default 7788, or any free port where that is taken */
  port?: number | undefined;
  /** Told the address when there is something to search. */
  onOpen(url: string): void;
}

export class LivePage {
  private readonly live = new LiveGallery();
  private server: RunningServer | undefined;

  constructor(private readonly options: LivePageOptions) {}

  get isOpen(): boolean {
    return this.server !== undefined;
  }

  /** Searches with another model from now on. The first time, the page opens. */
  async show(modelFolder: string, training: { epoch: number; epochs: number }, signal: AbortSignal): Promise<void> {
    const { out, images, list } = this.options;
    const model = await RetrievalModel.open(modelFolder);
    const folder = join(out, 'live', `epoch-${training.epoch}`);
    let gallery: Gallery;
    try {
      gallery = await Gallery.create({ model, images, list, out: `memory:${folder}`, replace: true, signal });
    } catch (error) {
      await model.close();
      throw error;
    }
    const close = async () => {
      await gallery.close();
      await model.close();
      await rm(folder, { recursive: true, force: true });
    };
    this.live.replace({ ...galleryService(gallery), close }, { ...training, ended: false });
    this.server ??= await this.open();
  }

  /** The training is over: the model that is shown is the one that stays. */
  end(): void {
    this.live.tell({ ended: true });
  }

  async close(): Promise<void> {
    await this.server?.close(1000);
    await this.live.close();
    await rm(join(this.options.out, 'live'), { recursive: true, force: true });
  }

  private async open(): Promise<RunningServer> {
    const { version } = createRequire(import.meta.url)('../../../../package.json') as { version: string };
    blockOtherFormats();
    const { port, onOpen } = this.options;
    const common = { galleries: { wardrobe: this.live.service }, log: createLog('warn'), version };
    const server = await startServer({ ...common, port }).catch((error) => {
      const isTaken = port === undefined && LimnError.isInstance(error) && error.code === 'IO';
      if (!isTaken) throw error;
      return startServer({ ...common, port: 0 });
    });
    onOpen(server.url);
    return server;
  }
}
