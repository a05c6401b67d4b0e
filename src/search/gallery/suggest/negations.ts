/** Words before a value that say it is not wanted, or that leave open what is. English. */
import type { Word } from './words-of.js';

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));
/** What may stand between "not" and a value, or between the name of a field and its value. */
const between = set('a an the in on of by from any made with is be are was should must that it its has have to at all');
const negations = set('not no non without except excluding exclude never neither nor avoid isnt arent dont doesnt cannot wont');
const pairs = new Set(['other than', 'rather than', 'instead of', 'apart from', 'opposed to']);
/** "isn't" is two words. */
const stems = set('isn aren wasn weren don doesn didn won can couldn shouldn wouldn hasn haven');
/** "less red" and "darker than red" do not say that it is red. */
const comparing = set('less more than like similar darker lighter brighter paler redder bluer greener');

/** How many words are passed over. */
const farthest = 4;

/** How the words before a place bear on what stands there; `from` is where the negation begins. */
export type Bearing = { kind: 'plain' } | { kind: 'negated'; from: number } | { kind: 'open' };

export function bearingOn(words: readonly Word[], at: number): Bearing {
  for (let i = at - 1; i >= 0 && i >= at - 1 - farthest; i--) {
    const { word } = words[i] as Word;
    const pair = i > 0 ? `${words[i - 1]?.word} ${word}` : '';
    if (pairs.has(pair)) return { kind: 'negated', from: i - 1 };
    if (word === 't' && stems.has(words[i - 1]?.word ?? '')) return { kind: 'negated', from: i - 1 };
    if (negations.has(word)) return { kind: 'negated', from: i };
    if (comparing.has(word)) return { kind: 'open' };
    if (!between.has(word)) break;
  }
  return { kind: 'plain' };
}

/** The place before the words that may stand between a name and what is said of it. */
export function passBack(words: readonly Word[], at: number): number {
  let place = at;
  while (place > 0 && at - place < farthest && between.has((words[place - 1] as Word).word)) place--;
  return place;
}
