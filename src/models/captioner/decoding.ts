/** Ways to write a text word by word: greedy, beam search, nucleus sampling. Shapes: R rows, V words. */
import { z } from 'zod';
import { Random } from '../../core/random.js';
import { check } from '../../core/schema.js';

/** Tells what may come next; a row is a text that is being written. */
export interface Writer {
  /**
   * @param words (R) the last word of each row
   * @param position how many words stand before it, the start not counted
   * @param parents (R) the row that each row goes on from
   * @returns (R, V) log-probabilities of the next word
   */
  next(words: Int32Array, position: number, parents: Int32Array): Promise<Float32Array>;
}

export interface DecodingRules {
  start: number;
  end: number;
  /** V */
  words: number;
  /** The most words of a text, its end not counted. */
  length: number;
  /** Words that are never written. */
  forbidden: ReadonlySet<number>;
}

/** The message for a value that is out of its range. */
const refuse = (say: (value: unknown) => string) => ({ error: ({ input }: { input?: unknown }) => say(input) });
const beams = refuse((value) => `A beam search follows 1 to 32 texts, not ${value}`);
const penalty = refuse((value) => `The length penalty is ${value}; give a number from 0`);
const share = refuse((value) => `The nucleus holds a share of the probability over 0 and up to 1, not ${value}`);
const temperature = refuse((value) => `The temperature is ${value}; give a number over 0`);

export const beamSettings = z.strictObject({
  strategy: z.literal('beam'),
  beams: z.int(beams).min(1, beams).max(32, beams).default(4).describe('number of beams of a beam search'),
  /** A text's score is its log-probability over its length to this power. */
  lengthPenalty: z
    .number(penalty)
    .min(0, penalty)
    .default(1)
    .describe('length penalty of a beam search; higher values favour longer texts'),
});

/** Holtzman et al., arXiv 1904.09751. */
export const nucleusSettings = z.strictObject({
  strategy: z.literal('nucleus'),
  topP: z.number(share).positive(share).max(1, share).default(0.9).describe('share of the probability that is sampled from'),
  temperature: z
    .number(temperature)
    .positive(temperature)
    .default(1)
    .describe('sampling temperature; above 1, samples are more even'),
  seed: z.int().min(0).max(0xffffffff).default(1).describe('seed of the sampling'),
});

/** How a text is decoded: greedily, by beam search or by nucleus sampling (a zod schema). */
export const decodingSettings = z.discriminatedUnion('strategy', [
  z.strictObject({ strategy: z.literal('greedy') }),
  beamSettings,
  nucleusSettings,
]);

/** How a text is decoded, as a caller gives it. */
export type DecodingOptions = z.input<typeof decodingSettings>;

export interface WrittenCaption {
  /** Word ids, without start and end. */
  ids: number[];
  /** The sum of its words' log-probabilities, that of its end among them. */
  logProbability: number;
}

/** Rows that one item needs. */
export function rowsPerItem(options: DecodingOptions): number {
  const decoding = checkDecoding(options);
  return decoding.strategy === 'beam' ? decoding.beams : 1;
}

/** The options with their defaults. @throws LimnError USAGE for one that is out of its range */
export function checkDecoding(options: DecodingOptions): z.output<typeof decodingSettings> {
  return check(decodingSettings, options, 'The decoding', 'USAGE');
}

/**
 * Writes a text for each of `items`.
 *
 * @param first the number of the first item, which nucleus sampling draws by: an item's text does not depend on its batch
 */
export function decodeTexts(
  writer: Writer,
  rules: DecodingRules,
  items: number,
  options: DecodingOptions,
  first = 0,
): Promise<WrittenCaption[]> {
  const decoding = checkDecoding(options);
  if (decoding.strategy === 'beam') return beamSearch(writer, rules, items, decoding.beams, decoding.lengthPenalty);
  if (decoding.strategy === 'greedy') return oneByOne(writer, rules, items, (logP) => likeliest(logP));
  const { topP, temperature, seed } = decoding;
  const randoms = Array.from({ length: items }, (_, i) => Random.derive(seed, `text ${first + i}`));
  return oneByOne(writer, rules, items, (logP, item) => drawn(logP, topP, temperature, randoms[item] as Random));
}

/** Log-probabilities of a row, without what may not be written. An empty text is none. */
function allowed(all: Float32Array, row: number, position: number, { words, forbidden, end }: DecodingRules): Float32Array {
  const logP = all.slice(row * words, (row + 1) * words);
  for (const id of forbidden) logP[id] = Number.NEGATIVE_INFINITY;
  if (position === 0) logP[end] = Number.NEGATIVE_INFINITY;
  return logP;
}

async function oneByOne(
  writer: Writer,
  rules: DecodingRules,
  items: number,
  choose: (logP: Float32Array, item: number) => number,
): Promise<WrittenCaption[]> {
  const texts = Array.from({ length: items }, (): WrittenCaption => ({ ids: [], logProbability: 0 }));
  const last = new Int32Array(items).fill(rules.start);
  const parents = Int32Array.from({ length: items }, (_, i) => i);
  const ended = new Uint8Array(items);
  for (let position = 0; position <= rules.length && ended.includes(0); position++) {
    const all = await writer.next(last, position, parents);
    for (let item = 0; item < items; item++) {
      if (ended[item]) continue;
      const logP = allowed(all, item, position, rules);
      const id = position === rules.length ? rules.end : choose(logP, item);
      const text = texts[item] as WrittenCaption;
      text.logProbability += logP[id] as number;
      last[item] = id;
      if (id === rules.end) ended[item] = 1;
      else text.ids.push(id);
    }
  }
  return texts;
}

function likeliest(logP: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logP.length; id++) if ((logP[id] as number) > (logP[best] as number)) best = id;
  return best;
}

function drawn(logP: Float32Array, topP: number, temperature: number, random: Random): number {
  const order = Array.from(logP.keys())
    .filter((id) => (logP[id] as number) > Number.NEGATIVE_INFINITY)
    .sort((a, b) => (logP[b] as number) - (logP[a] as number) || a - b);
  const top = logP[order[0] as number] as number;
  const weights = order.map((id) => Math.exp(((logP[id] as number) - top) / temperature));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let kept = 0;
  let count = 0;
  while (count < weights.length && kept < topP * whole) kept += weights[count++] as number;
  let at = random.uniform() * kept;
  for (let i = 0; i < count; i++) {
    at -= weights[i] as number;
    if (at < 0) return order[i] as number;
  }
  return order[Math.max(0, count - 1)] as number;
}

interface Beam extends WrittenCaption {
  /** Its row in the writer. */
  row: number;
}

async function beamSearch(
  writer: Writer,
  rules: DecodingRules,
  items: number,
  beams: number,
  lengthPenalty: number,
): Promise<WrittenCaption[]> {
  const score = ({ ids, logProbability }: WrittenCaption) => logProbability / (ids.length + 1) ** lengthPenalty;
  const rows = items * beams;
  let alive = Array.from({ length: items }, (_, item): Beam[] => [{ ids: [], logProbability: 0, row: item * beams }]);
  const ended = Array.from({ length: items }, (): WrittenCaption[] => []);
  const last = new Int32Array(rows).fill(rules.start);
  const parents = Int32Array.from({ length: rows }, (_, row) => row);
  for (let position = 0; position <= rules.length && alive.some((list) => list.length > 0); position++) {
    const all = await writer.next(last, position, parents);
    alive = alive.map((list, item) => {
      const finished = ended[item] as WrittenCaption[];
      const open: Beam[] = [];
      for (const { from, id, logProbability } of extensions(list, all, position, rules, beams)) {
        if (id === rules.end) finished.push({ ids: from.ids, logProbability });
        else if (open.length < beams && position < rules.length)
          open.push({ ids: [...from.ids, id], logProbability, row: from.row });
      }
      finished.sort((a, b) => score(b) - score(a)).splice(beams);
      // Log-probabilities only fall, so a text can end no better than it would at the greatest length without a further loss.
      const bound = (open[0]?.logProbability ?? Number.NEGATIVE_INFINITY) / (rules.length + 1) ** lengthPenalty;
      return finished.length === beams && score(finished.at(-1) as WrittenCaption) >= bound ? [] : open;
    });
    alive.forEach((list, item) => {
      list.forEach((beam, i) => {
        const row = item * beams + i;
        last[row] = beam.ids.at(-1) as number;
        parents[row] = beam.row;
      });
    });
    alive = alive.map((list, item) => list.map((beam, i) => ({ ...beam, row: item * beams + i })));
  }
  return ended.map((list) => list[0] as WrittenCaption);
}

interface Extension {
  from: Beam;
  id: number;
  logProbability: number;
}

/** The best continuations of an item's texts, best first: twice as many as there are beams, so that ends leave enough of others. */
function extensions(
  list: readonly Beam[],
  all: Float32Array,
  position: number,
  rules: DecodingRules,
  beams: number,
): readonly Extension[] {
  const best: Extension[] = [];
  const most = 2 * beams;
  // What every further one must surpass; of equal ones the first counts.
  let floor = Number.NEGATIVE_INFINITY;
  const offer = (from: Beam, id: number, logProbability: number) => {
    let at = best.length;
    while (at > 0 && (best[at - 1] as Extension).logProbability < logProbability) at--;
    best.splice(at, 0, { from, id, logProbability });
    if (best.length > most) best.pop();
    if (best.length === most) floor = (best[most - 1] as Extension).logProbability;
  };
  for (const from of list) {
    const logP = allowed(all, from.row, position, rules);
    if (position === rules.length) offer(from, rules.end, from.logProbability + (logP[rules.end] as number));
    else {
      for (let id = 0; id < logP.length; id++) {
        const logProbability = from.logProbability + (logP[id] as number);
        if (logProbability > floor) offer(from, id, logProbability);
      }
    }
  }
  return best;
}
