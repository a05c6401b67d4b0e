/** Captions that stand in for pictures. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { readJson, sha256 } from '../../core/files.js';
import { tokenize } from '../encoders/text/vocabulary.js';

const schema = z.record(z.string(), z.string());

export class ImageCaptions {
  private constructor(
    private readonly captions: ReadonlyMap<string, string>,
    /** Tells captions apart as an encoder's id tells encoders apart. */
    readonly id: string,
    private readonly files: string,
  ) {}

  /** @param files JSON objects of { picture id: caption }; a later file's captions win @throws LimnError DATA, IO */
  static async read(files: readonly string[]): Promise<ImageCaptions> {
    const captions = new Map<string, string>();
    for (const file of files) {
      const parsed = schema.safeParse(await readJson(file, 'captions of pictures'));
      if (!parsed.success) throw new LimnError('DATA', `${file} must be one object of { picture id: caption }.`);
      for (const [id, caption] of Object.entries(parsed.data)) captions.set(id, caption);
    }
    const hash = sha256(Buffer.from(JSON.stringify([...captions])));
    return new ImageCaptions(captions, `captions-${hash.slice(0, 12)}`, files.join(', '));
  }

  /** The caption of a picture; one without any word counts as "picture". @throws LimnError DATA for a picture without caption */
  of(id: string): string {
    const caption = this.captions.get(id);
    if (caption === undefined) {
      throw new LimnError('DATA', `There is no caption of picture ${id} in ${this.files}. Add it there.`, { details: { id } });
    }
    return tokenize(caption).length > 0 ? caption : 'picture';
  }
}
