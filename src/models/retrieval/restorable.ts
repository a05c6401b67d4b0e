/** Whether a model that is trained with an encoder will find the encoder's weights again: they may lie where only its description is found. */
import { dirname } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { limnHome } from '../../core/files.js';
import { findWeights } from '../encoders/image/description.js';
import type { ImageEncoderRuntime } from './image-encoder-runtime.js';

/**
 * What keeps later commands from opening the encoder of a model, in a sentence; undefined where nothing does.
 *
 * @param folder where the model will lie
 */
export function lostWeights({ description, weights }: ImageEncoderRuntime, folder: string): LimnError | undefined {
  if (!description) return undefined;
  try {
    findWeights(description.file, folder);
    return undefined;
  } catch (cause) {
    const found = weights ?? description.file;
    const message = `The encoder's weights ${found} lie beside its description, where the commands that use the model (such as limn index and limn serve) do not look: copy them to ${limnHome('encoders', description.file)}, or list their folder in the environment for all commands, LIMN_ENCODERS=${dirname(found)}.`;
    return new LimnError('ENCODER', message, { details: { weights: found }, cause });
  }
}
