import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { LimnError } from '../../../core/errors.js';
import { type CaptionScores, captionScores } from './caption-scores.js';
import { porterStem } from './porter-stem.js';

const everyNumber = ({ metrics, perCaption }: CaptionScores) => [Object.values(metrics), Object.values(perCaption)].flat(2);

describe('captionScores', () => {
  it('has one number a metric, and one a caption where a caption has one', () => {
    const scores = captionScores(['Is RED, with a V-neck!', 'longer'], [['is red with a v neck'], ['shorter', 'longer sleeves']]);
    expect(scores.captions).toBe(2);
    expect(Object.keys(scores.metrics)).toEqual(['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'METEOR', 'ROUGE-L', 'CIDEr-D']);
    expect(scores.perCaption['ROUGE-L']).toEqual([1, expect.closeTo((2.44 * 0.5) / (0.5 + 1.44), 12)]);
    expect(scores.perCaption['CIDEr-D'][0]).toBeCloseTo(10, 12);
    expect(scores.perCaption.METEOR[0]).toBeCloseTo(1 - 0.5 / 6 ** 3, 12);
    expect(scores.metrics['BLEU-4']).toBe(1);
    const [first, second] = scores.perCaption['CIDEr-D'] as [number, number];
    expect(scores.metrics['CIDEr-D']).toBe((first + second) / 2);
  });

  it('gives perfect captions the most that there is', () => {
    const captions = ['is red with long sleeves', 'has more buttons in front', 'a much lighter blue'];
    const { metrics, perCaption } = captionScores(
      captions,
      captions.map((caption, i) => [captions[i === 0 ? 1 : 0] as string, caption]),
    );
    expect(metrics).toMatchObject({ 'BLEU-1': 1, 'BLEU-2': 1, 'BLEU-3': 1, 'BLEU-4': 1, 'ROUGE-L': 1 });
    expect(perCaption.METEOR[2]).toBeCloseTo(1 - 0.5 / 4 ** 3, 12);
    const single = captionScores(
      captions,
      captions.map((caption) => [caption]),
    );
    single.perCaption['CIDEr-D'].forEach((score) => {
      expect(score).toBeCloseTo(10, 12);
    });
  });

  it('sees the order of words, except in BLEU-1', () => {
    const references = [['is red with long dark sleeves'], ['has a floral print']];
    const right = captionScores(['is red with long dark sleeves', 'has a floral print'], references);
    const turned = captionScores(['sleeves dark long with red is', 'print floral a has'], references);
    expect(turned.metrics['BLEU-1']).toBe(1);
    for (const name of ['BLEU-2', 'METEOR', 'ROUGE-L', 'CIDEr-D'] as const) {
      expect(turned.metrics[name]).toBeLessThan(right.metrics[name]);
    }
  });

  it('gives a caption without words 0 in everything', () => {
    const { perCaption } = captionScores(['', '?!', 'red'], [['red'], ['blue', 'green'], ['red']]);
    for (const values of Object.values(perCaption)) expect(values.slice(0, 2)).toEqual([0, 0]);
    expect(perCaption['CIDEr-D'][2]).toBeGreaterThan(0);
    expect(everyNumber(captionScores(['', '...'], [['red'], ['']])).every((value) => value === 0)).toBe(true);
  });

  it('has finite numbers within their bounds, whatever the texts', () => {
    const text = fc
      .array(fc.constantFrom('red', 'shirts', 'shirt', 'is', 'Is', '!', 'more'), { maxLength: 7 })
      .map((all) => all.join(' '));
    const pair = fc.tuple(text, fc.array(text, { minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 5 }), (pairs) => {
        const scores = captionScores(
          pairs.map(([caption]) => caption),
          pairs.map(([, references]) => references),
        );
        const { 'CIDEr-D': cider, ...others } = scores.perCaption;
        expect(cider.every((value) => value >= 0 && value <= 10 + 1e-9)).toBe(true);
        expect(
          Object.values(others)
            .flat()
            .every((value) => value >= 0 && value <= 1 + 1e-9),
        ).toBe(true);
        const { 'CIDEr-D': meanCider, ...corpus } = scores.metrics;
        expect(meanCider).toBeGreaterThanOrEqual(0);
        expect(Object.values(corpus).every((value) => value >= 0 && value <= 1 + 1e-9)).toBe(true);
      }),
    );
  });

  it('refuses what cannot be scored', () => {
    const refusal = (...inputs: Parameters<typeof captionScores>) => {
      try {
        captionScores(...inputs);
      } catch (error) {
        return error instanceof LimnError ? `${error.code}: ${error.message}` : 'another error';
      }
      return 'none';
    };
    expect(refusal(['a', 'b'], [['a']])).toBe(
      'DATA: There are 2 captions and 1 lists of references; give one list for each caption, in the same order.',
    );
    expect(refusal([], [])).toBe('DATA: There are no captions to score; give at least one.');
    expect(refusal(['a', 'b'], [['a'], []])).toBe(
      'DATA: Caption 2 of 2 has no reference to be compared with; give one or leave the caption out.',
    );
  });
});

interface Fixture {
  metrics: Record<string, number>;
  stems: Record<string, string>;
  captions: { caption: string; references: string[]; METEOR: number; 'ROUGE-L': number; 'CIDEr-D': number }[];
}

/** Written by scripts/reference/make_caption_scores.py. */
const fixture = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/caption-scores.json', import.meta.url), 'utf8'),
) as Fixture;

describe("the numbers of COCO's caption evaluation and of nltk", () => {
  const { captions, metrics, stems } = fixture;
  const scores = captionScores(
    captions.map(({ caption }) => caption),
    captions.map(({ references }) => references),
  );

  test('BLEU, ROUGE-L and CIDEr-D', () => {
    expect(Object.keys(metrics)).toHaveLength(6);
    for (const [name, value] of Object.entries(metrics)) {
      expect(scores.metrics[name as keyof typeof scores.metrics], name).toBeCloseTo(value, 9);
    }
    captions.forEach((one, caption) => {
      expect(scores.perCaption['ROUGE-L'][caption]).toBeCloseTo(one['ROUGE-L'], 12);
      expect(scores.perCaption['CIDEr-D'][caption]).toBeCloseTo(one['CIDEr-D'], 9);
    });
  });

  test('METEOR: equal where no word is repeated, else never below', () => {
    const isRepeated = (text: string) => new Set(text.split(' ').map(porterStem)).size < text.split(' ').length;
    let compared = 0;
    captions.forEach(({ caption, references, METEOR: expected }, index) => {
      const found = scores.perCaption.METEOR[index] as number;
      expect(found).toBeGreaterThan(expected - 1e-12);
      if ([caption, ...references].some(isRepeated)) return;
      expect(found).toBeCloseTo(expected, 12);
      compared++;
    });
    expect(compared).toBeGreaterThan(10);
  });

  test('stems', () => {
    expect(Object.keys(stems).length).toBeGreaterThan(40);
    for (const [word, stem] of Object.entries(stems)) expect(porterStem(word)).toBe(stem);
  });
});
