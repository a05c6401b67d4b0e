/**
 * Batches that go through layers of the same weights: where a graph joins them, as one value, so that what goes row by row is one node
 * for all of them.
 */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import { type Shape, sizeOf } from '../tensor/tensor.js';
import type { Context } from './context.js';

/** Values (B, ..., d) of one width d, one behind the other. */
export class Batches {
  private constructor(
    /** All of them: a single one as it is; several along the first axis, as rows (sum of B n, d) where their other axes differ. */
    readonly whole: Value,
    private readonly shapes: readonly Shape[],
  ) {}

  static of(values: readonly Value[]): Batches {
    const shapes = values.map(({ shape }) => shape);
    const isUniform = shapes.every((shape) => shape.slice(1).join() === shapes[0]?.slice(1).join());
    const parts = isUniform ? values : values.map((value) => f.reshape(value, [-1, value.shape.at(-1) as number]));
    return new Batches(f.concat(parts, 0), shapes);
  }

  /** @param work goes row by row: it keeps all axes but the last */
  map(work: (whole: Value) => Value): Batches {
    const made = work(this.whole);
    const width = made.shape.at(-1) as number;
    return new Batches(
      made,
      this.shapes.map((shape) => [...shape.slice(0, -1), width]),
    );
  }

  /** A vector (B, d) for each item. @param work makes it of the whole, with the context that its dropout needs */
  reduced(context: Context, work: (whole: Value, context: Context) => Value): Batches {
    const shapes = this.shapes.map(([items, ...others]) => [items as number, others.at(-1) as number]);
    const items = new Batches(this.whole, shapes);
    return items.map((whole) => work(whole, items.context(context)));
  }

  /** The batches one by one. */
  parts(): Value[] {
    const { whole, shapes } = this;
    if (shapes.length === 1) return [whole];
    const { length } = whole.shape;
    const sizes = shapes.map((shape) => (shape.length === length ? (shape[0] as number) : sizeOf(shape.slice(0, -1))));
    return f.split(whole, sizes, 0).map((part, i) => f.reshape(part, shapes[i] as Shape));
  }

  /** A change of each batch alone. */
  each(work: (value: Value, i: number) => Value): Batches {
    return Batches.of(this.parts().map(work));
  }

  /** A context for {@link map}, whose dropout draws for each batch what it would draw for that batch alone. */
  context(context: Context): Context {
    return this.shapes.length === 1 ? context : context.over(this.shapes);
  }
}
