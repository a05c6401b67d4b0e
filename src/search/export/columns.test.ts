import { expect, it } from 'vitest';
import { Columns, type ExportedItem, encodeColumns } from './columns.js';

const item = (id: string, metadata: ExportedItem['metadata']): ExportedItem => ({
  id,
  content: `content of ${id}`,
  thumbnail: `${id}t`,
  reference: `${id}r`,
  width: 40,
  height: 30,
  metadata,
});

it('gives back what was written: all kinds of values, absent ones, null, and names that JavaScript has plans for', () => {
  const items = [
    item('a', { colour: 'red', price: 1, new: true, note: null }),
    item('b', { colour: 'red', price: '1' }),
    item('c', JSON.parse('{"__proto__": "mine", "constructor": 2}') as ExportedItem['metadata']),
    item('d', {}),
  ];
  const columns = Columns.read(encodeColumns(items, 'model'));
  expect(columns.model).toBe('model');
  expect(columns.ids).toEqual(['a', 'b', 'c', 'd']);
  for (const [row, one] of items.entries()) {
    const found = columns.item(row);
    expect(found).toEqual(one);
    expect(Object.keys(found.metadata).sort()).toEqual(Object.keys(one.metadata).sort());
    expect(columns.item(row)).toBe(found);
  }
});

it('refuses columns of another kind or of different lengths', () => {
  expect(() => Columns.read('{}')).toThrow(/has another format/);
  const whole = JSON.parse(encodeColumns([item('a', { colour: 'red' })], 'model'));
  expect(() => Columns.read(JSON.stringify({ ...whole, contents: [] }))).toThrow(/has another format/);
});
