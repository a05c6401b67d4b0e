/**
 * What a person can say next: texts that the model was trained on and that change something about this picture; the words of what was
 * said that the model has never seen; and filters that it suggests.
 */
import { tokenize, type Vocabulary } from '../../../models/encoders/text/vocabulary.js';
import type { ItemMetadata } from '../../store/metadata.js';
import type { Field } from '../explain/fields.js';
import { FilterSuggester, type FilterSuggestion } from './filter-suggestions.js';
import { nearestWords } from './nearest-words.js';

/** What suggestions are asked for. */
export interface SuggestRequest {
  /** What is known of the reference, whose own values are not suggested. @default nothing */
  metadata?: ItemMetadata | undefined;
  /** Tells references apart, so that not all get the same suggestions. @default '' */
  seed?: string | undefined;
  /** What is being typed; suggestions go on from it. @default '' */
  typed?: string | undefined;
  /** What was said before, which is not suggested again. @default none */
  said?: readonly string[] | undefined;
  /** How many suggestions at most. @default 5 */
  count?: number | undefined;
}

/** A text with words that the model has never seen. */
export interface UnknownWords {
  text: string;
  words: { word: string; nearest: string[] }[];
  /** The text with the nearest words in their place; left out where no word has one. */
  corrected?: string | undefined;
}

export interface Suggestions {
  suggestions: string[];
  unknown: UnknownWords[];
  /** Filters that the texts say in words, such as "Nike" or "under 50"; nothing is filtered by them yet. */
  filters: FilterSuggestion[];
}

export interface SuggesterParts {
  vocabulary: Pick<Vocabulary, 'words' | 'has'>;
  /** Of the training; undefined where the model kept none: then the gallery's values and the vocabulary make some. */
  texts: readonly string[] | undefined;
  /** Whether the model knows whole words only; others read any. */
  wholeWords: boolean;
  fields: readonly Field[];
}

/** A text that can be suggested, with the values of the gallery that it names. */
interface CandidateText {
  text: string;
  words: readonly string[];
  /** Field and value, e.g. "colour blue". */
  names: ReadonlySet<string>;
}

/** Words of one request whose nearest are looked for: each is compared with the whole vocabulary. */
const mostUnknown = 8;
/** Values that are longer than so many words are descriptions. */
const longestValue = 2;
const fillers = new Set(
  'the and with that this has have are not its but was more less very same other one two from for into'.split(' '),
);

/** Parts for a model that reads no texts: what people type still says filters. */
export const withoutTexts: Omit<SuggesterParts, 'fields'> = {
  vocabulary: { words: [], has: () => true },
  texts: [],
  wholeWords: false,
};

export class Suggester {
  private readonly values: readonly { key: string; words: readonly string[] }[];
  private readonly candidates: readonly CandidateText[];
  private readonly filters: FilterSuggester;

  constructor(private readonly parts: SuggesterParts) {
    this.filters = new FilterSuggester(parts.fields);
    this.values = parts.fields
      .filter(({ type }) => type === 'string')
      .flatMap(({ name, values }) => values.map((value) => ({ key: keyOf(name, value), words: tokenize(String(value)) })))
      .filter(({ words }) => words.length > 0 && words.length <= longestValue);
    this.candidates = (parts.texts ?? this.madeTexts()).map((text) => this.candidate(text));
  }

  suggest(request: SuggestRequest): Suggestions {
    const { typed = '', said = [] } = request;
    const texts = [...said, ...(typed.trim() === '' ? [] : [typed])];
    return {
      suggestions: typed.trim() === '' ? this.fitting(request) : this.continuing(request),
      unknown: this.unknownIn(texts),
      filters: this.filters.suggest(texts),
    };
  }

  /** The words of texts that the model has never seen. */
  unknownIn(texts: readonly string[]): UnknownWords[] {
    const { vocabulary, wholeWords } = this.parts;
    if (!wholeWords) return [];
    const nearest = new Map<string, string[]>();
    return texts.flatMap((text) => {
      const strange = [...new Set(tokenize(text))].filter((word) => !vocabulary.has(word));
      for (const word of strange) {
        if (!nearest.has(word)) nearest.set(word, nearest.size < mostUnknown ? nearestWords(word, vocabulary.words) : []);
      }
      if (strange.length === 0) return [];
      const words = strange.map((word) => ({ word, nearest: nearest.get(word) as string[] }));
      const corrected = text.replace(/[\p{L}\p{M}\p{N}'’]+/gu, (part) => {
        const [word, ...more] = tokenize(part);
        return (more.length === 0 && word !== undefined && nearest.get(word)?.[0]) || part;
      });
      return [{ text, words, ...(corrected === text ? {} : { corrected }) }];
    });
  }

  /** Texts that say something else than what the picture is, each of another field where there are such. */
  private fitting({ metadata = {}, seed = '', said = [], count = 5 }: SuggestRequest): string[] {
    const own = new Set(Object.entries(metadata).map(([name, value]) => keyOf(name, value)));
    const ownFields = new Set(Object.keys(metadata).filter((name) => metadata[name] !== null));
    const rated = this.candidates
      .filter(({ text, names }) => !said.includes(text) && ![...names].some((name) => own.has(name)))
      .map((candidate) => {
        const fields = new Set([...candidate.names].map(fieldOf));
        const named = [...fields].some((field) => ownFields.size === 0 || ownFields.has(field));
        // What the gallery can show comes first, one thing before several ("the shirt is dotted" is of no use to a boot); then short
        // texts, in an order of the picture's own.
        const rank = (named ? 1.5 * (fields.size - 1) : 2) + Math.max(0, candidate.words.length - 4) * 0.5;
        return { candidate, rank: rank + noise(seed + candidate.text) };
      })
      .sort((a, b) => a.rank - b.rank || (a.candidate.text < b.candidate.text ? -1 : 1));
    const chosen: CandidateText[] = [];
    const used = new Set<string>();
    for (const fresh of [true, false]) {
      for (const { candidate } of rated) {
        if (chosen.length >= count) break;
        const fields = [...candidate.names].map(fieldOf);
        if (chosen.includes(candidate) || (fresh && fields.some((field) => used.has(field)))) continue;
        chosen.push(candidate);
        for (const field of fields) used.add(field);
      }
    }
    return chosen.map(({ text }) => text);
  }

  /** Texts and words that begin as what is typed does. */
  private continuing({ typed = '', said = [], count = 5 }: SuggestRequest): string[] {
    const begun = typed.trimStart().toLowerCase().replace(/\s+/g, ' ');
    const words = tokenize(begun);
    const last = /[\p{L}\p{N}]$/u.test(begun) ? words.pop() : undefined;
    const has = (candidate: CandidateText) =>
      words.every((word) => candidate.words.includes(word)) &&
      (last === undefined || candidate.words.some((word) => word !== last && word.startsWith(last)));
    const longer = this.candidates.filter(({ text }) => !said.includes(text) && text.length > begun.trim().length);
    const whole = longer.filter(({ text }) => text.toLowerCase().startsWith(begun));
    const some = longer.filter((candidate) => has(candidate));
    const head = last === undefined ? '' : typed.trimStart().slice(0, -last.length);
    const ends =
      last === undefined || last.length < 2
        ? []
        : this.parts.vocabulary.words.filter((word) => word.startsWith(last) && word !== last).map((word) => head + word);
    const byLength = (all: readonly CandidateText[]) =>
      [...all].sort((a, b) => a.text.length - b.text.length).map(({ text }) => text);
    return [...new Set([...byLength(whole), ...ends.slice(0, 2), ...byLength(some), ...ends])].slice(0, count);
  }

  private candidate(text: string): CandidateText {
    const words = tokenize(text);
    const held = new Set(words);
    const names = this.values.filter((value) => value.words.every((word) => held.has(word))).map(({ key }) => key);
    return { text, words, names: new Set(names) };
  }

  /** For models that kept no texts: values of the gallery that the model has words for, else its most frequent words. */
  private madeTexts(): string[] {
    const { vocabulary, wholeWords } = this.parts;
    const known = this.values.filter(({ words }) => !wholeWords || words.every((word) => vocabulary.has(word)));
    const made = known.map(({ key, words }) =>
      /^(main_?|base_?)?colou?rs?$/i.test(fieldOf(key)) && vocabulary.has('in') ? `in ${words.join(' ')}` : words.join(' '),
    );
    if (made.length > 0) return [...new Set(made)];
    return vocabulary.words.filter((word) => word.length > 3 && !fillers.has(word)).slice(0, 40);
  }
}

const keyOf = (field: string, value: ItemMetadata[string]) => `${field} ${tokenize(String(value)).join(' ')}`;
const fieldOf = (key: string) => key.slice(0, key.indexOf(' '));

/** From 0 to 1, always the same for the same text. */
function noise(text: string): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}
