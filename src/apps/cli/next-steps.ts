import { shellWord, withoutTrailing } from '../../core/text.js';

/** What a person does with a model that was just made. */
export function nextSteps(out: string): string {
  const model = shellWord(out);
  const gallery = shellWord(`${withoutTrailing(out, '/\\')}-gallery`);
  return [
    'Next, make your images searchable, and search them:',
    `  limn index --model ${model} --images FOLDER --out ${gallery}`,
    `  limn search --gallery ${gallery} --image FILE --text "the same in red"`,
  ].join('\n');
}
