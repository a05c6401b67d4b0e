/** Image encoders of one's own: any JavaScript that gives local and global features of images. */

import { LimnError, messageOf } from '../../../core/errors.js';
import { noteFormerName } from '../../../core/former-names.js';
import { definePart, type Part, Registry } from '../../../core/part.js';
import type { FrozenImageEncoder } from './image-encoder.js';

/** An encoder that is open. Its `id` tells its features apart from others': it must change whenever they do. */
export type ImageEncoder = Omit<FrozenImageEncoder, 'batch' | 'records' | 'close'> & {
  /** Images that one call of `encode` takes. @default 8 */
  readonly batch?: number;
  /** Frees what it holds. @default nothing to free */
  close?(): Promise<void>;
};

/** An image encoder of a plug-in; see {@link defineEncoder}. */
export interface EncoderDefinition extends Part {
  /** One line: what it is. */
  readonly description?: string;
  /** @throws whatever keeps it from being opened, such as weights that are not there */
  open(): Promise<ImageEncoder>;
}

/** The image encoders of plug-ins; those from files are found by their folders. */
export const encoders = new Registry<EncoderDefinition>('encoder', []);

/**
 * Defines an image encoder, which `--encoder ID` names then. Its features are cached like those of any other, and models remember it.
 *
 * @throws LimnError CONFIG for a definition that cannot be used
 */
export function defineEncoder(definition: EncoderDefinition): EncoderDefinition {
  definePart('encoder', definition, ['open']);
  if (definition.id === 'patch') throw new LimnError('CONFIG', 'The id "patch" is the built-in encoder\'s: choose another one.');
  return definition;
}

/** Opens a defined encoder and tries it on a grey image. @throws LimnError ENCODER, in one line that names it */
export async function openDefined(definition: EncoderDefinition): Promise<FrozenImageEncoder> {
  const { id } = definition;
  const wrong = (what: string, cause?: unknown) =>
    new LimnError('ENCODER', `The encoder "${id}" ${what}.`, { details: { id }, ...(cause === undefined ? {} : { cause }) });
  let opened: ImageEncoder;
  try {
    opened = await definition.open();
  } catch (error) {
    throw wrong(`cannot be opened: ${messageOf(error).replace(/\.$/, '')}`, error);
  }
  const fault = faultOf(opened);
  if (fault) throw wrong(`is not usable: ${fault}`);
  const { local, global } = opened;
  const image = imageOf(opened) as ImageEncoder['image'];
  const encoder: FrozenImageEncoder = {
    id: `${id}-${opened.id}`,
    local,
    global,
    image,
    batch: opened.batch ?? 8,
    async encode(images) {
      const features = await opened.encode(images);
      const found = [features?.local?.length, features?.global?.length];
      const wanted = [images.length * local.tokens * local.channels, images.length * global.channels];
      if (found.join() === wanted.join()) {
        const side = (['local', 'global'] as const).find((name) => !areFinite(features[name]));
        if (side === undefined) return features;
        throw wrong(`gives ${side} features that are not finite numbers`);
      }
      throw wrong(
        `gives ${found.join(' and ')} local and global numbers for ${images.length} images, and not ${wanted.join(' and ')}`,
      );
    },
    close: async () => opened.close?.(),
  };
  try {
    await encoder.encode([new Uint8Array(image.size * image.size * 3).fill(128)]);
    return encoder;
  } catch (error) {
    await encoder.close();
    throw LimnError.isInstance(error) ? error : wrong(`fails: ${messageOf(error).replace(/\.$/, '')}`, error);
  }
}

/** How images are decoded for an encoder; one that was written for the release before says it under `picture`. */
function imageOf(opened: Partial<ImageEncoder> & { picture?: ImageEncoder['image'] }): ImageEncoder['image'] | undefined {
  if (opened.image || !opened.picture) return opened.image;
  noteFormerName('picture', 'image');
  return opened.picture;
}

function areFinite(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

function faultOf(opened: ImageEncoder): string | undefined {
  if (typeof opened !== 'object' || opened === null) return 'its "open" gives no encoder';
  const { id, local, global, batch = 8 } = opened;
  if (typeof id !== 'string' || !/^[\w.+-]{1,100}$/.test(id))
    return 'its "id" must be 1 to 100 letters, digits, ".", "_", "+" or "-"';
  const counts = {
    'local.tokens': local?.tokens,
    'local.channels': local?.channels,
    'global.channels': global?.channels,
    'image.size': imageOf(opened)?.size,
    batch,
  };
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isSafeInteger(value) || (value as number) < 1) return `its "${name}" must be a whole number from 1`;
  }
  return typeof opened.encode === 'function' ? undefined : 'it has no function "encode"';
}
