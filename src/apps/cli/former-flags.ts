/** Flags of an older release, which are taken for the ones of today and are in no help. */
import { noteFormerName } from '../../core/former-names.js';

const renamedFlags: Readonly<Record<string, string>> = {
  '--picture-size': '--image-size',
  '--recompute': '--gradient-checkpointing',
};

/** A command line with the present names of its flags. What stands behind "--" is no flag. */
export function presentFlags(words: readonly string[]): string[] {
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  return words.map((word, at) => {
    const [, flag = '', value = ''] = /^(--[\w-]+)(=.*)?$/s.exec(word) ?? [];
    if (at >= end || !Object.hasOwn(renamedFlags, flag)) return word;
    const present = renamedFlags[flag] as string;
    noteFormerName(flag, present);
    return `${present}${value}`;
  });
}
