import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import { type DecodingRules, decodeTexts, type Writer } from './decoding.js';

const rules: DecodingRules = { start: 5, end: 4, words: 6, length: 4, forbidden: new Set([0, 5]) };

/** Log-probabilities that depend on the whole text so far, as those of a decoder do; it follows the parents as a cache must. */
class Tree implements Writer {
  private texts: number[][] = [];

  constructor(
    private readonly rows: number,
    private readonly itemOf: (row: number) => number,
  ) {}

  static logP(item: number, text: readonly number[]): number[] {
    const random = Random.derive(7, `${item}: ${text.join()}`);
    const raw = Array.from({ length: rules.words }, () => 2 * random.normal());
    const whole = Math.log(raw.reduce((sum, value) => sum + Math.exp(value), 0));
    return raw.map((value) => value - whole);
  }

  async next(words: Int32Array, position: number, parents: Int32Array): Promise<Float32Array> {
    const before = position === 0 ? Array.from({ length: this.rows }, () => []) : this.texts;
    this.texts = Array.from({ length: this.rows }, (_, row) => [
      ...(before[parents[row] as number] as number[]),
      words[row] as number,
    ]);
    return Float32Array.from(this.texts.flatMap((text, row) => Tree.logP(this.itemOf(row), text.slice(1))));
  }
}

/** Every text that may be written, with its log-probability. */
function everything(item: number, text: number[] = [], logProbability = 0): { ids: number[]; logProbability: number }[] {
  const logP = Tree.logP(item, text);
  const ends = text.length > 0 ? [{ ids: text, logProbability: logProbability + (logP[rules.end] as number) }] : [];
  if (text.length === rules.length) return ends;
  const next = [1, 2, 3].flatMap((id) => everything(item, [...text, id], logProbability + (logP[id] as number)));
  return [...ends, ...next];
}

const items = [0, 1, 2, 3, 4, 5, 6, 7];

describe('decoding', () => {
  it('greedy takes the likeliest word again and again', async () => {
    const texts = await decodeTexts(new Tree(items.length, (row) => row), rules, items.length, { strategy: 'greedy' });
    for (const item of items) {
      const ids: number[] = [];
      for (;;) {
        const logP = Tree.logP(item, ids);
        const choices = [1, 2, 3, ...(ids.length > 0 ? [4] : [])];
        const best =
          ids.length === rules.length ? 4 : choices.reduce((a, b) => ((logP[b] as number) > (logP[a] as number) ? b : a));
        if (best === 4) break;
        ids.push(best);
      }
      expect(texts[item]?.ids).toEqual(ids);
      const exact = everything(item).find((text) => text.ids.join() === ids.join());
      expect(texts[item]?.logProbability).toBeCloseTo(exact?.logProbability as number, 4);
    }
  });

  it.each([0, 1])('a beam as wide as the tree finds the best text of all, length penalty %d', async (lengthPenalty) => {
    // 3^4 texts of the greatest length.
    const beams = 32;
    const tree = new Tree(items.length * beams, (row) => Math.floor(row / beams));
    const texts = await decodeTexts(tree, rules, items.length, { strategy: 'beam', beams, lengthPenalty });
    const score = (text: { ids: number[]; logProbability: number }) =>
      text.logProbability / (text.ids.length + 1) ** lengthPenalty;
    for (const item of items) {
      const best = everything(item).reduce((a, b) => (score(b) > score(a) ? b : a));
      expect(texts[item]?.ids).toEqual(best.ids);
      expect(texts[item]?.logProbability).toBeCloseTo(best.logProbability, 4);
    }
  });

  it('a beam of one writes what greedy writes', async () => {
    const greedy = await decodeTexts(new Tree(items.length, (row) => row), rules, items.length, { strategy: 'greedy' });
    const beam = await decodeTexts(new Tree(items.length, (row) => row), rules, items.length, {
      strategy: 'beam',
      beams: 1,
      lengthPenalty: 0,
    });
    expect(beam.length).toBe(greedy.length);
    for (const item of items) {
      // A beam may find an end that is likelier than going on; it is never worse.
      expect(beam[item]?.logProbability).toBeGreaterThanOrEqual((greedy[item]?.logProbability as number) - 1e-4);
    }
  });

  it('nucleus draws by its seed and the number of the item, whatever the batch', async () => {
    const options = { strategy: 'nucleus', topP: 0.9, temperature: 1.2, seed: 3 } as const;
    const together = await decodeTexts(new Tree(4, (row) => row), rules, 4, options);
    const alone = await decodeTexts(new Tree(1, () => 2), rules, 1, options, 2);
    expect(alone[0]).toEqual(together[2]);
    const other = await decodeTexts(new Tree(4, (row) => row), rules, 4, { ...options, seed: 4 });
    expect(other).not.toEqual(together);
  });

  it('a nucleus of almost nothing, or a temperature near 0, is greedy', async () => {
    const greedy = await decodeTexts(new Tree(8, (row) => row), rules, 8, { strategy: 'greedy' });
    for (const options of [{ topP: 1e-9 }, { topP: 1, temperature: 1e-3 }]) {
      const texts = await decodeTexts(new Tree(8, (row) => row), rules, 8, { strategy: 'nucleus', ...options });
      expect(texts.map(({ ids }) => ids)).toEqual(greedy.map(({ ids }) => ids));
    }
  });

  it('nucleus sampling has the frequencies of the distribution', async () => {
    const one: DecodingRules = { ...rules, length: 1 };
    const count = 4000;
    const texts = await decodeTexts(new Tree(count, () => 0), one, count, { strategy: 'nucleus', topP: 1 });
    const logP = Tree.logP(0, []);
    const whole = [1, 2, 3].reduce((sum, id) => sum + Math.exp(logP[id] as number), 0);
    for (const id of [1, 2, 3]) {
      const share = texts.filter((text) => text.ids[0] === id).length / count;
      expect(Math.abs(share - Math.exp(logP[id] as number) / whole)).toBeLessThan(0.04);
    }
  });

  it.each([
    [{ strategy: 'beam', beams: 0 }, 'follows 1 to 32 texts, not 0'],
    [{ strategy: 'beam', lengthPenalty: -1 }, 'The length penalty is -1'],
    [{ strategy: 'nucleus', topP: 0 }, 'a share of the probability'],
    [{ strategy: 'nucleus', temperature: 0 }, 'The temperature is 0'],
  ] as const)('refuses %j', (options, message) => {
    expect(() => decodeTexts(new Tree(1, () => 0), rules, 1, options)).toThrow(message);
  });
});
