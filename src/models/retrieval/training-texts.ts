/** Some of the texts that a model was trained on, in its folder: what a person can be offered to say, as the model has heard it. */
import { join } from 'node:path';
import { z } from 'zod';
import { readSealedJson, sealed } from '../../core/checksum.js';
import { Random } from '../../core/random.js';

export const textsFile = 'texts.json';

/** So many are kept, none longer than so many characters: short ones are what people say. */
const mostTexts = 500;
const longestText = 80;

const schema = z.strictObject({ format: z.literal('limn-texts-1'), texts: z.array(z.string()) });

/** A seeded draw of different texts: the same for the same texts, whatever their order. */
export function sampleTexts(all: Iterable<string>): string[] {
  const plain = [...all]
    .map((text) => text.trim().replace(/\s+/g, ' '))
    .filter((text) => text !== '' && text.length <= longestText);
  const different = [...new Set(plain)].sort();
  return Random.derive(1, 'training texts').shuffle(different).slice(0, mostTexts);
}

export function writtenTexts(texts: readonly string[]): Buffer {
  return Buffer.from(`${JSON.stringify(sealed({ format: 'limn-texts-1', texts: [...texts] }), undefined, 1)}\n`);
}

/** The texts in a model's folder; undefined where it has none. They only help people, so damage to them is as good as none. */
export async function readTexts(folder: string): Promise<string[] | undefined> {
  try {
    return schema.parse(await readSealedJson(join(folder, textsFile), "a model's texts")).texts;
  } catch {
    return undefined;
  }
}
