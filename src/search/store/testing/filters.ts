/** Random metadata and filters, made to meet: few fields and values, of all types, with those that databases stumble over. */
import fc from 'fast-check';
import type { Filter } from '../filter.js';
import type { ItemMetadata, MetadataValue } from '../metadata.js';

const fields = ['colour', 'Colour', 'price', 'x', '__proto__', 'constructor', 'id', 'select'];
const texts = [
  '',
  'red',
  'Red',
  "o'red",
  'r\\ed',
  '%',
  '_',
  'ΣΊΣΥΦΟΣ',
  'σίσυφος',
  'É',
  'é',
  'İ',
  '\uff01',
  '😀',
  '20',
  'true',
  'null',
  'a\nb',
  '"',
  '$1',
  '?',
];
const numbers = [
  0,
  1,
  -1,
  20,
  0.1,
  0.1 + 0.2,
  0.3,
  1e21,
  -1e-7,
  5e-324,
  1.7976931348623157e308,
  2 ** 53,
  2 ** 53 + 2,
  123456789012345,
];

const field = fc.constantFrom(...fields);
const text = fc.constantFrom(...texts);
const number = fc.constantFrom(...numbers);
const value: fc.Arbitrary<MetadataValue> = fc.oneof(text, number, fc.boolean(), fc.constant(null));

export const metadata: fc.Arbitrary<ItemMetadata> = fc
  .array(fc.tuple(field, value), { maxLength: 6 })
  .map((entries) => Object.fromEntries(entries));

const compare: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ kind: fc.constant('compare'), field, comparison: fc.constantFrom('=', '!='), value }),
  fc.record({
    kind: fc.constant('compare'),
    field,
    comparison: fc.constantFrom('<', '<=', '>', '>='),
    value: fc.oneof(text, number),
  }),
) as fc.Arbitrary<Filter>;

export const filter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    compare,
    fc.record({ kind: fc.constant('in'), field, values: fc.array(value, { maxLength: 4 }) }) as fc.Arbitrary<Filter>,
    fc.record({ kind: fc.constant('contains'), field, text }) as fc.Arbitrary<Filter>,
    fc.record({ kind: fc.constant('not'), filter: tie('filter') }) as fc.Arbitrary<Filter>,
    fc.record({
      kind: fc.constantFrom('and', 'or'),
      filters: fc.array(tie('filter'), { maxLength: 3 }),
    }) as fc.Arbitrary<Filter>,
  ),
})).filter;
