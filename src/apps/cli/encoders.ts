/** The image encoders that commands take by name. */
import type { Command } from 'commander';
import { patchSettings } from '../../models/backbone/config.js';
import { settingOption } from './setting-option.js';

export {
  bundledEncoders,
  openImageEncoder as openReader,
  type ReaderOptions,
} from '../../models/retrieval/open-image-encoder.js';

/** Adds the options of the patch encoder. */
export function addPatchOptions(command: Command): Command {
  return command
    .addOption(settingOption('--image-size <pixels>', patchSettings.shape.imageSize))
    .addOption(settingOption('--patch-size <pixels>', patchSettings.shape.patchSize))
    .addOption(settingOption('--patch-layers <count>', patchSettings.shape.patchLayers));
}
