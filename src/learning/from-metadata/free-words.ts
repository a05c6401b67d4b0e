/** What free texts say of one product and not of another, in their own words: for tables whose columns say little. */
import type { Random } from '../../core/random.js';
import type { CategoryAttribute } from './attributes.js';
import { type AttributeChange, drawChangeCount, mostChanges } from './changes.js';
import { isShown, type Nearest } from './choose-attributes.js';
import { emptyWords } from './english/lexicon.js';
import { titleWords } from './titles.js';

/** With fewer words there is no more to tell than the attributes do. */
const leastWords = 4;
/** How often a phrase keeps the words around those that are new: "black leather shoe" beside "black". */
const wholeShare = 0.5;
const longestPhrase = 3;
/** How often something that only the reference has is told too. */
const removedShare = 0.2;

const words: CategoryAttribute = {
  kind: 'category',
  name: 'words',
  role: undefined,
  source: 'words',
  values: [],
  of: new Int32Array(),
  translations: new Map(),
};

export class FreeWords {
  private constructor(
    /** Of each row, the runs of words that can be told; what is between them cannot. */
    private readonly runs: readonly (readonly (readonly string[])[])[],
    /** How many different words can be told. */
    readonly count: number,
  ) {}

  /**
   * Words that come back, and that images show as far as their neighbours tell.
   *
   * @param texts of the rows, all their free texts together
   * @returns undefined where they have nothing to tell
   */
  static from(texts: readonly (string | undefined)[], nearest: Nearest): FreeWords | undefined {
    const sentences = texts.map((text) => titleWords(text ?? ''));
    const rowsOf = new Map<string, number[]>();
    for (const [row, sentence] of sentences.entries()) {
      for (const word of new Set(sentence)) {
        const rows = rowsOf.get(word);
        if (rows) rows.push(row);
        else rowsOf.set(word, [row]);
      }
    }
    const least = Math.max(3, texts.length / 2000);
    const told = new Set<string>();
    for (const [word, rows] of rowsOf) {
      if (rows.length < least || rows.length > texts.length / 2) continue;
      if (word.length < 3 || /^\d+$/.test(word) || emptyWords.has(word)) continue;
      const of = new Int32Array(texts.length);
      for (const row of rows) of[row] = 1;
      if (isShown({ ...words, of }, nearest)) told.add(word);
    }
    if (told.size < leastWords) return undefined;
    return new FreeWords(
      sentences.map((sentence) => runsOf(sentence, told)),
      told.size,
    );
  }

  /** One to three phrases that the target's text has and the reference's lacks, and now and then one the other way round. */
  changes(reference: number, target: number, random: Random): AttributeChange[] {
    const added = this.phrases(target, reference, random);
    if (added.length === 0) return [];
    const wanted = drawChangeCount(random);
    const told = random
      .shuffle(added)
      .slice(0, wanted)
      .map((phrase): AttributeChange => ({ attribute: words, from: '', to: phrase, how: 'added' }));
    if (told.length < mostChanges && random.uniform() < removedShare) {
      const [gone] = random.shuffle(this.phrases(reference, target, random));
      if (gone !== undefined) told.push({ attribute: words, from: gone, to: '', how: 'removed' });
    }
    return told;
  }

  /** The phrases of a row's text with a word that another row's text lacks. */
  private phrases(row: number, other: number, random: Random): string[] {
    const known = new Set((this.runs[other] as string[][]).flat());
    const found = (this.runs[row] as string[][]).flatMap((run) => {
      const first = run.findIndex((word) => !known.has(word));
      if (first < 0) return [];
      const last = run.findLastIndex((word) => !known.has(word));
      const whole = random.uniform() < wholeShare;
      // The end of a phrase is what the thing is.
      const end = Math.min(whole ? run.length : last + 1, first + longestPhrase);
      return [run.slice(first, end).join(' ')];
    });
    return [...new Set(found)];
  }
}

/** Words beside each other that can all be told. */
function runsOf(sentence: readonly string[], told: ReadonlySet<string>): string[][] {
  const runs: string[][] = [];
  let isOpen = false;
  for (const word of sentence) {
    if (!told.has(word)) isOpen = false;
    else if (isOpen) runs.at(-1)?.push(word);
    else {
      runs.push([word]);
      isOpen = true;
    }
  }
  return runs;
}
