/** Attributes that titles and other free texts name: values that are known words, and words that come back where columns are poor. */
import { absenceSays, emptyWords, englishLexicon } from './english/lexicon.js';
import type { Role } from './roles.js';

/** What a text says of an attribute, row by row. */
export interface Mined {
  readonly name: string;
  readonly role: Role | undefined;
  /** The value of each row; '' for a text that says it is none of them, undefined where that is not known. */
  readonly of: readonly (string | undefined)[];
}

export interface MiningOptions {
  /** Roles that columns have already. */
  taken: ReadonlySet<Role>;
  /** Words of values that columns have already, and which are no attributes of their own. */
  known: ReadonlySet<string>;
  /** Whether words that come back are attributes, each one of its own. */
  words: boolean;
}

const mostWords = 12;

/** The words of a text in small letters; hyphens join nothing but single letters ("t-shirt", "v neck"). */
export function titleWords(text: string): string[] {
  const plain = text
    .toLowerCase()
    .replaceAll('v-neck', 'v neck')
    .replaceAll('-sleeve', ' sleeve')
    .replaceAll('polka-dot', 'polka dot');
  return plain.split(/[^\p{L}\p{N}'-]+/u).filter(Boolean);
}

/** @param texts of the rows, all their free texts together */
export function mineTitles(texts: readonly (string | undefined)[], options: MiningOptions): Mined[] {
  const sentences = texts.map((text) => (text === undefined ? undefined : titleWords(text)));
  const enough = Math.max(2, Math.round(texts.length / 200));
  const mined: Mined[] = [];
  const used = new Set(options.known);
  for (const [key, values] of Object.entries(englishLexicon)) {
    const role = key as Role;
    for (const word of Object.values(values).flat()) used.add(word);
    if (options.taken.has(role)) continue;
    const valueOfWord = new Map(
      Object.entries(values).flatMap(([value, ways]) => ways.map((way): [string, string] => [way, value])),
    );
    const absent = absenceSays.has(role) ? '' : undefined;
    const none = absenceSays.get(role);
    const of = sentences.map((words) => {
      const value = words && findValue(words, valueOfWord);
      return words && (value === undefined || value === none ? absent : value);
    });
    const counts = countsOf(of);
    const frequent = [...counts].filter(([value, count]) => value !== '' && count >= enough);
    // One value says something only where its absence does.
    if (frequent.length < (absent === undefined ? 2 : 1)) continue;
    const kept = new Set(frequent.map(([value]) => value));
    mined.push({
      name: role,
      role,
      of: of.map((value) => (value === undefined || value === '' || kept.has(value) ? value : absent)),
    });
  }
  if (options.words) mined.push(...mineWords(sentences, used));
  return mined;
}

/** Of two words together before one, the last that is named: titles end with what a thing is. */
function findValue(words: readonly string[], valueOfWord: ReadonlyMap<string, string>): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const pair = valueOfWord.get(`${words[i]} ${words[i + 1]}`);
    found = pair ?? valueOfWord.get(words[i] as string) ?? found;
    if (pair !== undefined) i++;
  }
  return found;
}

/** Words that a fiftieth to a half of the texts have, each as an attribute that is there or not; the most frequent first. */
function mineWords(sentences: readonly (readonly string[] | undefined)[], used: ReadonlySet<string>): Mined[] {
  const counts = new Map<string, number>();
  let total = 0;
  for (const words of sentences) {
    if (!words) continue;
    total++;
    for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const frequent = [...counts].filter(
    ([word, count]) =>
      count >= Math.max(3, total / 50) &&
      count <= total / 2 &&
      word.length > 2 &&
      !/^\d+$/.test(word) &&
      !emptyWords.has(word) &&
      !used.has(word),
  );
  const chosen = frequent.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, mostWords);
  return chosen.map(([word]) => ({
    name: word,
    role: undefined,
    of: sentences.map((words) => words && (words.includes(word) ? word : '')),
  }));
}

export function countsOf(values: readonly (string | undefined)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
