/** Texts to try, made from what the gallery knows of its pictures. */
import type { Gallery, Metadata } from '../api/types.js';

const general = ['brighter', 'with a pattern', 'plainer', 'in a darker colour', 'in black and white'];
const isColour = (name: string) => /^(main_?|base_?)?colou?rs?$/i.test(name);

/**
 * @param metadata of the picture that the texts are to change; its own values are left out
 * @param turn draws other examples, from 0
 */
export function exampleTexts({ fields }: Gallery, metadata: Metadata | undefined, turn: number, count: number): string[] {
  const texts = fields
    .filter(({ type }) => type === 'string')
    .flatMap(({ name, values }) => {
      const others = values.filter((value) => value !== metadata?.[name] && String(value).length < 20);
      if (isColour(name))
        return [0, 1].map((nth) => pick(others, turn * 5 + nth * 3)).map((value) => value && `the same in ${value}`);
      return /^patterns?$/i.test(name) ? [pick(others, turn * 3)].map((value) => value && `but ${value}`) : [];
    })
    .filter((text): text is string => Boolean(text));
  const more = Array.from({ length: count }, (_, nth) => general[(turn + nth) % general.length] as string);
  return [...new Set([...texts, ...more])].slice(0, count);
}

function pick(values: readonly unknown[], at: number): string | undefined {
  return values.length > 0 ? String(values[at % values.length]).toLowerCase() : undefined;
}
