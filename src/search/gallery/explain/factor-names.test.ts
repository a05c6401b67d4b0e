import { describe, expect, it } from 'vitest';
import { Random } from '../../../core/random.js';
import type { ItemMetadata } from '../../store/metadata.js';
import { type NamingSample, nameFactors } from './factor-names.js';
import { FieldCounter } from './fields.js';

const projection = 12;
const colours = ['red', 'blue', 'green', 'black'];

/** Vectors of three factors: the first follows one colour, the second the word "striped", the third nothing. */
function samples(count: number, { strength = 3, metadata = true } = {}): NamingSample[] {
  const random = new Random(7);
  const direction = Array.from({ length: 2 }, () => Float64Array.from({ length: projection }, () => random.normal()));
  return Array.from({ length: count }, () => {
    const colour = colours[Math.floor(random.uniform() * 4)] as string;
    const striped = random.uniform() < 0.3;
    const follows = [colour === 'red', striped, false];
    const factors = new Float32Array(3 * projection);
    for (let k = 0; k < 3; k++) {
      const values = Array.from(
        { length: projection },
        (_, i) => random.normal() + (follows[k] ? (strength * (direction[k]?.[i] as number)) / Math.sqrt(projection) : 0),
      );
      const length = Math.hypot(...values);
      factors.set(
        values.map((value) => value / length),
        k * projection,
      );
    }
    const title = `a shirt with collar ${striped ? 'striped' : 'plain'} for every day`;
    const known: ItemMetadata = { colour, title, price: random.uniform(), sale: random.uniform() < 0.5 };
    return { factors, metadata: metadata ? known : {} };
  });
}

describe('nameFactors', () => {
  it('names what a factor clearly follows, and leaves the others their numbers', async () => {
    expect(await nameFactors(samples(600), 3)).toEqual(['colour: red', 'striped', 'factor 3']);
  });

  it('takes a word of a title that is a value of a field for that field', async () => {
    const twice = samples(600).map(({ factors, metadata }, i) => {
      const both = factors.slice();
      both.set(factors.subarray(0, projection), 2 * projection);
      // Short titles are values as a whole, so that the word and the field are not of the same images.
      const title = i % 3 === 0 ? 'Shirt' : `a ${metadata.colour} shirt ${i % 2 === 0 ? 'with' : 'without'} collar`;
      return { factors: both, metadata: { ...metadata, title } };
    });
    expect(await nameFactors(twice, 3)).toEqual(['colour: red', 'factor 2', 'factor 3']);
  });

  it('names nothing where nothing is followed clearly, or too few pictures tell', async () => {
    const numbers = ['factor 1', 'factor 2', 'factor 3'];
    expect(await nameFactors(samples(600, { strength: 0 }), 3)).toEqual(numbers);
    expect(await nameFactors(samples(60), 3)).toEqual(numbers);
    expect(await nameFactors(samples(600, { metadata: false }), 3)).toEqual(numbers);
    expect(await nameFactors([], 3)).toEqual(numbers);
    expect(await nameFactors([], 0)).toEqual([]);
  });
});

describe('FieldCounter', () => {
  it('gives types, ranges of numbers and the most frequent values', () => {
    const many = Array.from({ length: 150 }, (_, i) => ({ code: `c${String(i).padStart(3, '0')}` }));
    const all: ItemMetadata[] = [
      { colour: 'red', price: 3, sale: true, size: 10, note: null },
      { colour: 'blue', price: -1, sale: false, size: 'M', title: 'x'.repeat(65) },
      { colour: 'red', price: 2 },
      ...many,
      ...many.slice(140),
    ];
    const counter = new FieldCounter();
    for (const metadata of all) counter.add(metadata);
    const fields = counter.fields();
    expect(fields.map(({ name }) => name)).toEqual(['code', 'colour', 'price', 'sale', 'size', 'title']);
    expect(fields.slice(1)).toEqual([
      { name: 'colour', type: 'string', values: ['blue', 'red'] },
      { name: 'price', type: 'number', values: [-1, 3] },
      { name: 'sale', type: 'boolean', values: [false, true] },
      { name: 'size', type: 'mixed', values: [10, 'M'] },
      { name: 'title', type: 'string', values: [] },
    ]);
    expect(fields[0]?.values).toHaveLength(100);
    expect(fields[0]?.values).toContain('c149');
  });

  it('counts values, and estimates the counts of a whole from a sample', () => {
    const counter = new FieldCounter();
    for (const colour of ['red', 'blue', 'red']) counter.add({ colour, price: 1 });
    expect(counter.fields(3)[0]).toEqual({ name: 'colour', type: 'string', values: ['blue', 'red'], counts: [1, 2] });
    expect(counter.fields(300)[0]).toMatchObject({ counts: [100, 200], approximate: true });
    expect(counter.fields(300)[1]).toEqual({ name: 'price', type: 'number', values: [1] });
  });
});
