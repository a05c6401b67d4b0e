/** What "limn learn" and "limn data from-metadata" share: which encoder looks at the images, and their options. */
import { type Command, Option } from 'commander';
import { learnSettings } from '../../catalogue/learn-settings.js';
import { LimnError } from '../../core/errors.js';
import type { Logger } from '../../core/progress.js';
import type { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import { openReader } from './encoders.js';
import { repeatableOption, seedOption } from './options.js';
import { settingOption } from './setting-option.js';

/** The encoder that is taken where none is named, if its weights are installed. */
const preferred = 'mobilenetv2';

/** Opens the encoder that is named, or the best that is there. @throws LimnError as openReader does */
export async function openLearningReader(encoder: string | undefined, logger: Logger): Promise<ImageEncoderRuntime> {
  if (encoder !== undefined) return openReader(encoder);
  try {
    return await openReader(preferred);
  } catch (error) {
    if (!LimnError.isInstance(error) || error.code !== 'ENCODER') throw error;
    logger.info(
      `note: the encoder ${preferred} is not installed, so the patch encoder is trained with the rest; another can be given with --encoder`,
    );
    return openReader('patch');
  }
}

export const encoderOption = () =>
  new Option('--encoder <name>', `as for "limn train" (default: ${preferred} if it is installed, else patch)`);

export const fieldsOption = () =>
  new Option('--fields <columns>', 'columns to learn from, separated by commas (default: those that images show)').argParser(
    (text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean),
  );

export const templatesOption = () => repeatableOption('--templates <file>', 'templates of texts in another language');

export const captionerOption = () =>
  new Option(
    '--captioner <folder>',
    'a run of "limn train --task caption" on the same encoder: it describes images without a table, and writes the texts of LIMN+',
  );

/** The options of "limn learn" that choose how it learns, which "limn index --learn" has too. */
export const howToLearn = () => [
  settingOption('--minutes <count>', learnSettings.shape.minutes),
  fieldsOption(),
  new Option('--image-column <name>', 'the column that names the image (default: the one that matches most images)'),
  templatesOption(),
  encoderOption(),
  settingOption('--most <count>', learnSettings.shape.most),
  new Option('--from-clicks <folder>', 'learn also from what people chose: the folder of "limn serve --keep-choices"'),
  new Option('--no-plus', 'train without the round of LIMN+ that follows where there is time'),
  captionerOption(),
  seedOption(),
];

export function addHowToLearn(command: Command, heading?: string): Command {
  for (const option of howToLearn()) command.addOption(heading === undefined ? option : option.helpGroup(heading));
  return command;
}
