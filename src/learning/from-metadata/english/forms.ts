/** Sentences, phrases and requests of one make, from which the forms of a change are put together. */

import type { Forms } from '../wording.js';
import { countable } from './parts.js';

/** All of several. */
export function allOf(...several: readonly Forms[]): Forms {
  const of = (form: keyof Forms) => {
    const all = several.flatMap((forms) => forms[form] ?? []);
    return all.length > 0 ? { [form]: all } : {};
  };
  return { ...of('says'), ...of('as'), ...of('asks') };
}

/** "has long sleeves", "with long sleeves", "give it long sleeves". */
export function having(phrase: string): Required<Forms> {
  return {
    says: [`has ${phrase}`, `comes with ${phrase}`],
    as: [`with ${phrase}`, `with ${phrase}`],
    asks: [`give it ${phrase}`],
  };
}

/** "has long sleeves instead of short ones". */
export function havingInstead(phrase: string, before: string): Forms {
  return {
    says: [`has ${phrase} instead of ${before}`, `has ${phrase} and not ${before}`],
    as: [`with ${phrase} instead of ${before}`, `with ${phrase} rather than ${before}`],
  };
}

/** "has no pocket", "without a pocket", "remove the pocket". */
export function lacking(noun: string): Forms {
  const one = countable(noun);
  return {
    says: [`has no ${noun}`, `does not have ${one}`, `is without ${one}`],
    as: [`without ${one}`, `without the ${noun}`, `with no ${noun}`],
    asks: [`remove the ${noun}`, `leave out the ${noun}`],
  };
}

/** "is longer", "longer", "make it longer". */
export function being(word: string): Required<Forms> {
  return { says: [`is ${word}`, `is ${word}`], as: [word], asks: [`make it ${word}`] };
}

/** "is long instead of short". */
export function beingInstead(word: string, before: string): Forms {
  return {
    says: [`is ${word} instead of ${before}`, `is ${word} and not ${before}`],
    as: [`${word} instead of ${before}`, `${word} rather than ${before}`],
  };
}
