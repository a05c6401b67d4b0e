/** The pictures of a split as a model sees them, for as long as they are needed. */
import type { OnProgress } from '../../core/progress.js';
import type { Vocabulary } from '../../models/encoders/text/vocabulary.js';
import type { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import { type Split, withoutImages } from '../data/triplets.js';
import { requireUsable } from '../data/usable.js';

export interface SplitImagesOptions {
  /** The model that the pictures are for. */
  model: { readonly parts: { readonly vocabulary: Vocabulary }; openReader(): Promise<ImageEncoderRuntime> };
  split: Split;
  /** The reader that the model was trained with, where it is open; the caller closes it. @default the model opens its own */
  reader?: ImageEncoderRuntime | undefined;
  /** What a picture that cannot be read does. @default 'error' */
  onBroken?: 'error' | 'skip';
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

/**
 * Calls `use` with the pictures, and with the split without those that could not be read; both are closed when it ends.
 *
 * @throws LimnError DATA for a split without triplets, before anything is read; as the reader does
 */
export async function withSplitImages<T>(
  options: SplitImagesOptions,
  use: (images: ImageFeatures, readable: Split) => Promise<T>,
): Promise<T> {
  const { model, split, onBroken = 'error', signal, onProgress } = options;
  // Before pictures are read, which may take hours; without those that cannot be read it is looked at again.
  requireUsable(split, 'evaluate');
  const reader = options.reader ?? (await model.openReader());
  try {
    const { vocabulary } = model.parts;
    const images = await reader.read({ images: split.images, vocabulary, onBroken, signal, onProgress });
    try {
      const broken = images.broken.map(({ id }) => id);
      return await use(images, withoutImages(split, broken));
    } finally {
      await images.close();
    }
  } finally {
    if (reader !== options.reader) await reader.close();
  }
}
