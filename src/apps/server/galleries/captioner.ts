/** Says what changes between two pictures that are in memory, one pair after the other: its sessions keep words between their runs. */
import { throwIfAborted } from '../../../core/errors.js';
import { CaptionerModel } from '../../../models/captioner/captioner-model.js';
import { type Box, decodeImage } from '../../../models/encoders/image/image.js';
import type { ImageEncoderRuntime } from '../../../models/retrieval/image-encoder-runtime.js';
import { type InTurn, immediately } from '../../../search/gallery/in-turn.js';

/** Options of {@link Captioner.caption}. */
export interface CaptionCallOptions {
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Decides when an image may be decoded. @default at once */
  inTurn?: InTurn | undefined;
  /** The parts of the reference and of the target that are meant. @default all of them */
  boxes?: readonly (Box | undefined)[] | undefined;
}

/** Says in words what changes from one image to another, with a trained difference captioner. */
export class Captioner {
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly model: CaptionerModel,
    private readonly reader: ImageEncoderRuntime,
    private readonly pixelLimit: number | undefined,
  ) {}

  /** @param folder a run of "limn train --task caption", or the model in it @throws LimnError CHECKPOINT, ENCODER */
  static async open(
    folder: string,
    options: {
      /** Images with more pixels are refused. @default 268402689 */
      pixelLimit?: number | undefined;
    } = {},
  ): Promise<Captioner> {
    const model = await CaptionerModel.open(folder);
    return new Captioner(model, await model.openReader(), options.pixelLimit);
  }

  /** @param reference the bytes of a picture's file @throws LimnError IMAGE, INTERRUPTED */
  async caption(
    reference: Uint8Array,
    target: Uint8Array,
    { signal, inTurn = immediately, boxes = [] }: CaptionCallOptions = {},
  ): Promise<string> {
    const limit = this.pixelLimit === undefined ? {} : { pixelLimit: this.pixelLimit };
    const images = await Promise.all(
      [reference, target].map((bytes, i) =>
        inTurn(
          bytes,
          () =>
            decodeImage(bytes, {
              ...this.reader.image,
              ...limit,
              label: i === 0 ? 'The reference' : 'The target',
              box: boxes[i],
            }),
          boxes[i] !== undefined,
        ),
      ),
    );
    const turn = this.queue.then(async () => {
      throwIfAborted(signal, 'waiting to write a caption');
      const features = await this.reader.encode(images, ['reference', 'target']);
      const [caption] = await this.model.caption(features, [[0, 1]], { signal });
      return caption?.text ?? '';
    });
    this.queue = turn.catch(() => {});
    return turn;
  }

  /** Frees threads and memory; nothing may be called afterwards. */
  async close(): Promise<void> {
    await this.queue;
    await this.reader.close();
    await this.model.close();
  }
}
