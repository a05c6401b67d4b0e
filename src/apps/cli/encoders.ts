/** The picture encoders that commands take by name. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { check } from '../../core/schema.js';
import { suggestion } from '../../core/suggest.js';
import { patchSettings } from '../../models/backbone/config.js';
import { findEncoderFolder, listHubEncoders } from '../../models/encoders/hub/encoder-folder.js';
import { encoders } from '../../models/encoders/image/define-encoder.js';
import { folderFile } from '../../models/encoders/image/description.js';
import { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import { settingOption } from './setting-option.js';

const bundledFolder = fileURLToPath(new URL('../../../configs/encoders/', import.meta.url));

/** Name -> path of the encoder descriptions that come with limn. */
export function bundledEncoders(): Map<string, string> {
  const files = existsSync(bundledFolder) ? readdirSync(bundledFolder).filter((file) => file.endsWith('.json')) : [];
  return new Map(files.sort().map((file) => [file.slice(0, -'.json'.length), join(bundledFolder, file)]));
}

export interface ReaderOptions extends z.input<typeof patchSettings> {
  /** The first block of an encoder from a file that is trained with the rest. @default none: it is frozen */
  trainFrom?: number | undefined;
}

/** Adds the options of the patch encoder. */
export function addPatchOptions(command: Command): Command {
  return command
    .addOption(settingOption('--image-size <pixels>', patchSettings.shape.imageSize))
    .addOption(settingOption('--patch-size <pixels>', patchSettings.shape.patchSize))
    .addOption(settingOption('--patch-layers <count>', patchSettings.shape.patchLayers));
}

/**
 * Opens `patch`, an encoder of a plug-in, an encoder that comes with limn or was pulled or imported by its name, or the one that a JSON file describes.
 *
 * @throws LimnError USAGE for a name or file that is not there, CONFIG, ENCODER or RUNTIME as the encoder does
 */
export async function openReader(encoder: string, options: ReaderOptions = {}): Promise<ImageEncoderRuntime> {
  const { trainFrom } = options;
  if (encoder === 'patch') {
    const { imageSize, patchSize, patchLayers } = options;
    const sizes = check(patchSettings, { imageSize, patchSize, patchLayers }, 'The patch encoder');
    return ImageEncoderRuntime.patch(sizes.imageSize, sizes.patchSize, sizes.patchLayers);
  }
  const defined = encoders.get(encoder);
  if (defined && trainFrom !== undefined) {
    throw new LimnError(
      'USAGE',
      `The encoder "${encoder}" is a plug-in's, whose blocks cannot be trained: leave --train-from out.`,
    );
  }
  if (defined) return ImageEncoderRuntime.defined(defined);
  const bundled = bundledEncoders();
  const folder = bundled.has(encoder) ? undefined : await findEncoderFolder(encoder);
  const file = folder ? join(folder, folderFile) : existsSync(encoder) ? encoder : bundled.get(encoder);
  if (file) return ImageEncoderRuntime.open(file, { trainFrom });
  const names = ['patch', ...encoders.ids, ...bundled.keys(), ...(await listHubEncoders()).map(({ name }) => name)];
  throw new LimnError('USAGE', `There is no encoder "${encoder}": give a JSON file or a name. ${suggestion(encoder, names)}`);
}
