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
  const ofRest = new Map<string, Sharing>();
  for (const caption of captions) {
    const words = wordsOf(caption);
    for (const rest of rests(caption)) {
      const sharing: Sharing = ofRest.get(rest) ?? { captions: [], ofWords: new Map() };
      ofRest.set(rest, sharing);
      const positions = sharing.ofWords.get(words);
      if (positions) positions.push(sharing.captions.length);
      else sharing.ofWords.set(words, [sharing.captions.length]);
      sharing.captions.push(caption);
    }
  }
  /** For each word of the caption that other captions replace, these captions. */
  const replacing = (caption: string) => {
    const words = wordsOf(caption);
    return rests(caption).flatMap((rest) => {
      const { captions: sharing, ofWords } = ofRest.get(rest) as Sharing;
      const own = ofWords.get(words) ?? [];
      return sharing.length > own.length ? [{ sharing, own }] : [];
    });
  };
  const choices = new Map(captions.map((caption) => [caption, replacing(caption)]));
  return images.flatMap(({ id, label, source }) => {
    const words = choices.get(label) ?? [];
    const targets = new Set<string>();
    for (let i = 0; i < count && words.length > 0; i++) {
      targets.add(random.pick(ofCaption.get(drawn(random.pick(words), random)) ?? []).id);
    }
    return [...targets].map((target) => ({ reference: id, target, source }));
  });
}

/** The captions that have one rest in common, and where among them those of the same words are, in whatever order: none replaces a word. */
interface Sharing {
  captions: string[];
  ofWords: Map<string, number[]>;
}

/** One of the captions beside the caption's own words, evenly. They are not copied: of a rest that thousands share there would be millions. */
function drawn({ sharing, own }: { sharing: readonly string[]; own: readonly number[] }, random: Random): string {
  let position = random.below(sharing.length - own.length);
  // In order, so that each place that is passed moves it on by one.
  for (const passed of own) if (passed <= position) position++;
  return sharing[position] as string;
}

const wordsOf = (caption: string) => caption.split(/\s+/).sort().join(' ');

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
