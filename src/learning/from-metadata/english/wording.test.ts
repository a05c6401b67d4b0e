import { describe, expect, it, test } from 'vitest';
import { Random } from '../../../core/random.js';
import { readAttributes } from '../attributes.js';
import { Differences } from '../changes.js';
import { typeColumns } from '../columns.js';
import { subjectOf } from '../subject.js';
import { writeText } from '../write-text.js';
import { englishWording } from './wording.js';

type Row = Readonly<Record<string, string>>;
const unframed = { ...englishWording, frames: { says: ['{text}'], as: ['{text}'], asks: ['{text}'] } };

/** All texts that lead from the first row of a table to the second, among others of the same values. */
function textsOf(first: Row, second: Row, wording = unframed): Set<string> {
  // A column of one value is none that is learned from.
  const third = Object.fromEntries(
    Object.entries(first).map(([name, value]) => [name, value === second[name] ? 'other' : value]),
  );
  const values = [first, second, third, {}];
  const rows = Array.from({ length: 12 }, (_, i) => ({ id: `${i}`, path: `${i}`, values: values[i % 4] as Row }));
  const { attributes } = readAttributes(rows, typeColumns(rows));
  const differences = new Differences(attributes);
  const changes = [...differences.changes(0, 1), ...differences.comparisons(0, 1)];
  const random = new Random(1);
  const subject = subjectOf(attributes, { reference: 0, target: 1, changes });
  return new Set(Array.from({ length: 600 }, () => writeText(random.shuffle(changes), wording, random, subject)));
}
const toldBy = (column: string, from: string, to: string) => textsOf({ [column]: from }, { [column]: to });

describe('a part of a product', () => {
  it('stands behind its adjective', () => {
    const texts = toldBy('sleeve', 'short', 'long');
    for (const text of ['has long sleeves', 'is long-sleeved', 'with long sleeves instead of short ones', 'give it long sleeves'])
      expect(texts).toContain(text);
    for (const text of texts) expect(text).toMatch(/sleeve/);
    expect(toldBy('heel', 'flat', 'wedge')).toContain('has a wedge heel and not a flat one');
    expect(toldBy('Sole Colour', 'brown', 'white')).toContain('with white soles rather than brown ones');
    expect(toldBy('legs', 'wooden', 'metal')).toContain('with metal legs');
  });

  it('is not said twice where the value names it', () => {
    expect(toldBy('neckline', 'v-neck', 'crew neck')).toContain('has a crew neck instead of a v-neck');
    expect(toldBy('sleeve', 'long sleeves', 'short sleeves')).toContain('with short sleeves');
    for (const text of toldBy('closure', 'zip', 'buttons')) expect(text).toMatch(/buttons|a button (closure|fastening)/);
  });

  it('takes single letters with it', () => {
    const texts = toldBy('neckline', 'round', 'v');
    expect(texts).toContain('has a v-neck');
    expect(texts).toContain('with a v neckline instead of a round one');
    for (const text of texts) expect(text).toMatch(/\bv([- ]neck|-necked)/);
  });

  it('can be absent: "none" is a value of it', () => {
    expect(toldBy('sleeve', 'long', 'none')).toContain('is sleeveless');
    expect(toldBy('collar', 'pointed', 'none')).toContain('has no collar');
    expect(toldBy('sleeve', 'none', 'short')).toContain('with short sleeves');
    for (const text of toldBy('sleeve', 'none', 'short')) expect(text).not.toMatch(/none|instead/);
    expect(toldBy('fringe', 'none', 'long')).toContain('has a long fringe');
    expect(toldBy('fringe', 'long', 'none')).toContain('without a fringe');
  });

  it('is more or less of what its numbers say', () => {
    expect(toldBy('heel_height', '3', '9')).toContain('has a higher heel');
    expect(toldBy('Strap Length', '90', '40')).toContain('with shorter straps');
  });
});

describe('what is there or is not', () => {
  it('has its article', () => {
    expect(toldBy('pocket', 'no', 'yes')).toEqual(
      new Set([
        ...['has a pocket', 'comes with a pocket', 'has a pocket added'],
        ...['with a pocket', 'with a pocket too', 'give it a pocket', 'add a pocket'],
      ]),
    );
    expect(toldBy('has_laces', 'true', 'false')).toContain('has no laces');
    expect(toldBy('umbrella', 'true', 'false')).toContain('without an umbrella');
  });

  it('is what the product is, where the column is an adjective', () => {
    expect(toldBy('hooded', 'false', 'true')).toEqual(new Set(['is hooded', 'hooded', 'make it hooded']));
    expect(toldBy('waterproof', 'yes', 'no')).toEqual(
      new Set(['is not waterproof', 'is no longer waterproof', 'not waterproof']),
    );
    expect(toldBy('is_set', 'no', 'yes')).toContain('is set');
  });
});

describe('values that have an order', () => {
  test.each([
    ['length', 'short', 'knee', ['is longer', 'is knee-length', 'reaches the knee']],
    ['length', 'maxi', 'mini', ['is shorter', 'mini instead of maxi']],
    ['sleeve', 'long', 'elbow', ['has shorter sleeves', 'with elbow-length sleeves']],
    ['cut', 'slim', 'wide', ['is wider', 'has a wide cut', 'has a wider cut']],
    ['fit', 'Regular Fit', 'Slim Fit', ['has a slim fit', 'is slimmer']],
    ['shaft', 'low', 'high', ['is high-top', 'has a higher shaft']],
    ['shaft', 'knee', 'ankle', ['is ankle-high', 'with a lower shaft']],
    ['sole', 'black', 'white', ['has a lighter sole', 'has a white sole']],
    ['volume', 'small', 'large', ['has a bigger volume', 'has a large volume instead of a small one']],
  ])('%s: %s, %s', (column, from, to, expected) => {
    const texts = toldBy(column, from, to);
    for (const text of expected) expect(texts).toContain(text);
  });

  it('are not compared where there is none', () => {
    for (const text of toldBy('cut', 'straight', 'regular')) expect(text).not.toMatch(/wider|narrower/);
    for (const text of toldBy('shade', 'warm', 'dark')) expect(text).not.toMatch(/darker|lighter/);
  });
});

test('patterns are adjectives, nouns and absences', () => {
  const texts = toldBy('pattern', 'plain', 'striped');
  for (const text of ['is striped', 'has stripes', 'with a striped pattern']) expect(texts).toContain(text);
  expect(toldBy('pattern', 'checked', 'plain')).toContain('without the checks');
  expect(toldBy('pattern', 'none', 'floral')).toContain('has flowers');
  expect(toldBy('pattern', 'striped', 'animal')).toContain('has an animal pattern instead of stripes');
});

test('a column of its own stands behind its values', () => {
  const texts = toldBy('finish', 'matte', 'glossy');
  expect(texts).toContain('has a glossy finish instead of a matte one');
  expect(texts).toContain('change the finish to glossy');
  expect(toldBy('carry', 'handles', 'strap')).toContain('has a strap instead of handles');
});

describe('a whole text', () => {
  const dress = { type: 'dress', colour: 'red', pattern: 'plain' };

  it('says of a new type what stays', () => {
    const texts = textsOf({ ...dress, brand: 'a' }, { ...dress, type: 'skirt', brand: 'a' });
    expect(texts).toContain('a skirt in the same colour and pattern');
    for (const text of textsOf(dress, { ...dress, type: 'skirt', colour: 'blue' })) expect(text).not.toMatch(/same/);
  });

  it('speaks of trousers as of several', () => {
    const trousers = { type: 'trousers', colour: 'red', length: 'long', cut: 'slim' };
    const texts = textsOf(trousers, { ...trousers, colour: 'blue' }, englishWording);
    for (const text of ['are blue', 'they are blue', 'i want ones that are blue', 'make them blue', 'please show me blue ones'])
      expect(texts).toContain(text);
    for (const text of texts) expect(text).not.toMatch(/\b(is|has|it)\b/);
    expect(textsOf(trousers, { ...trousers, cut: 'wide' })).toContain('have wide legs');
    expect(textsOf(dress, { ...dress, type: 'trousers' })).toContain('trousers instead of a dress');
    expect(textsOf(dress, { ...dress, type: 'trousers' })).toContain('change the dress to a pair of trousers');
  });

  it('names the type where that stays', () => {
    const texts = textsOf(dress, { ...dress, colour: 'blue' }, englishWording);
    expect(texts).toContain('the dress is blue');
    expect(texts).toContain('the same dress but in blue');
    const ofSkirts = textsOf(dress, { ...dress, type: 'skirt' }, englishWording);
    expect([...ofSkirts].filter((text) => /^(the (same )?|a similar )(?!one |same but )(?!but )/.test(text))).toEqual([]);
    expect([...ofSkirts].filter((text) => /same.*same/.test(text))).toEqual([]);
  });

  it('says a verb once now and then, and puts phrases with prepositions last', () => {
    const texts = textsOf({ colour: 'red', length: 'short' }, { colour: 'blue', length: 'long' });
    expect(texts).toContain('is blue and long');
    expect(texts).toContain('is blue and is long');
    expect(texts).toContain('long and in blue');
    expect(texts).not.toContain('in blue and long');
  });
});
