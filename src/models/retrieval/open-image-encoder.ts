/** Image encoders by name: the built-in one, those of plug-ins, those that come with limn or were taken in, and those of files. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { check } from '../../core/schema.js';
import { suggestion } from '../../core/suggest.js';
import { patchSettings } from '../backbone/config.js';
import { findEncoderFolder, listHubEncoders } from '../encoders/hub/encoder-folder.js';
import { encoders } from '../encoders/image/define-encoder.js';
import { folderFile } from '../encoders/image/description.js';
import { ImageEncoderRuntime } from './image-encoder-runtime.js';

const bundledFolder = fileURLToPath(new URL('../../../configs/encoders/', import.meta.url));

/** Name -> path of the encoder descriptions that come with limn. */
export function bundledEncoders(): Map<string, string> {
  const files = existsSync(bundledFolder) ? readdirSync(bundledFolder).filter((file) => file.endsWith('.json')) : [];
  return new Map(files.sort().map((file) => [file.slice(0, -'.json'.length), join(bundledFolder, file)]));
}

/** Options of {@link openImageEncoder}. */
export interface ReaderOptions extends z.input<typeof patchSettings> {
  /** The first block of an encoder from a file that is trained with the rest. @default none: it is frozen */
  trainFrom?: number | undefined;
}

/**
 * The images of a model: opens `patch`, an encoder of a plug-in, an encoder that comes with limn or was pulled or imported by its name, or the one that a JSON file describes.
 *
 * @throws LimnError USAGE for a name or file that is not there, CONFIG, ENCODER or RUNTIME as the encoder does
 */
export async function openImageEncoder(encoder: string, options: ReaderOptions = {}): Promise<ImageEncoderRuntime> {
  const { trainFrom } = options;
  if (encoder === 'patch') {
    const { imageSize, patchSize, patchLayers } = options;
    const sizes = check(patchSettings, { imageSize, patchSize, patchLayers }, 'The patch encoder');
    return ImageEncoderRuntime.patch(sizes.imageSize, sizes.patchSize, sizes.patchLayers);
  }
  const defined = encoders.get(encoder);
  if (defined && trainFrom !== undefined) {
    throw new LimnError('USAGE', `The encoder "${encoder}" is a plug-in's, whose blocks cannot be trained: leave out trainFrom.`);
  }
  if (defined) return ImageEncoderRuntime.defined(defined);
  const bundled = bundledEncoders();
  const folder = bundled.has(encoder) ? undefined : await findEncoderFolder(encoder);
  const file = folder ? join(folder, folderFile) : existsSync(encoder) ? encoder : bundled.get(encoder);
  if (file) return ImageEncoderRuntime.open(file, { trainFrom });
  const names = ['patch', ...encoders.ids, ...bundled.keys(), ...(await listHubEncoders()).map(({ name }) => name)];
  throw new LimnError('USAGE', `There is no encoder "${encoder}": give a JSON file or a name. ${suggestion(encoder, names)}`);
}
