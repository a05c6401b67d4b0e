/** Pairs of pictures whose captions are one word apart, drawn as TIRG draws them while it trains. */
import type { Random } from '../../core/random.js';

export interface CaptionedImage {
  readonly id: string;
  readonly label: string;
  /** File and line. */
  readonly source: string;
}

export interface Pair {
  readonly reference: string;
  readonly target: string;
  /** File and line. */
  readonly source: string;
}

/**
 * Up to `count` pairs with different targets for each picture, in order. For each pair a word of the reference's caption is
 * drawn that other captions replace, then one of these captions, then one of its pictures, all evenly. A picture whose
 * caption has no other one word apart has no pair.
 */
export function drawPairs(images: readonly CaptionedImage[], count: number, random: Random): Pair[] {
  const ofCaption = grouped(images.map((image) => [image.label, image] as const));
  const captions = [...ofCaption.keys()];
  const ofRest = grouped(captions.flatMap((caption) => rests(caption).map((rest) => [rest, caption] as const)));
  const sorted = new Map(captions.map((caption) => [caption, caption.split(/\s+/).sort().join(' ')]));
  /** For each word of the caption that other captions replace, these captions. */
  const replacing = (caption: string) => {
    const others = rests(caption).map((rest) => ofRest.get(rest) ?? []);
    return others
      .map((list) => list.filter((other) => sorted.get(other) !== sorted.get(caption)))
      .filter((list) => list.length > 0);
  };
  const choices = new Map(captions.map((caption) => [caption, replacing(caption)]));
  return images.flatMap(({ id, label, source }) => {
    const words = choices.get(label) ?? [];
    const targets = new Set<string>();
    for (let i = 0; i < count && words.length > 0; i++) {
      targets.add(random.pick(ofCaption.get(random.pick(random.pick(words))) ?? []).id);
    }
    return [...targets].map((target) => ({ reference: id, target, source }));
  });
}

/** What is left of a caption without each of its words in turn, each text once. */
function rests(caption: string): string[] {
  const words = caption.split(/\s+/);
  return [...new Set(words.map((_, left) => words.filter((_, position) => position !== left).join(' ')))];
}

function grouped<T>(entries: readonly (readonly [key: string, value: T])[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const [key, value] of entries) {
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
