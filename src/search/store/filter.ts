/**
 * The filter language: `colour = 'red' and (price < 50 or on_sale = true)`. It is parsed into a tree, and each store turns the tree into
 * its own language; text of the user never becomes part of a query by pasting.
 *
 * A filter is true or false for an item, never unknown. `not` is the plain opposite, so `not colour = 'red'` also finds the items
 * without a colour, while `colour != 'red'` finds those that have a colour, as a text, and another one.
 */
import type { MetadataValue } from './metadata.js';

/** Comparisons of the filter language. */
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A parsed filter; {@link parseFilter} makes one of text. */
export type Filter =
  /** All of them, or at least one; of an empty list `and` is true and `or` is false. */
  | { kind: 'and' | 'or'; filters: readonly Filter[] }
  | { kind: 'not'; filter: Filter }
  /**
   * True where the field has a value of the same type (text, number or boolean) for which it holds. Texts are in the order of
   * their code points; booleans only compare with = and !=. An item without the field, with null or with a value of another type
   * matches no comparison, with two exceptions: `= null` is true for an item without the field or with null, and `!= null` for all
   * others. `null` may only be compared with = and !=.
   */
  | { kind: 'compare'; field: string; comparison: Comparison; value: MetadataValue }
  /** `= value` for at least one of the values; false for an empty list. */
  | { kind: 'in'; field: string; values: readonly MetadataValue[] }
  /** The field is a text with this in it, in any case (see `foldCase`). */
  | { kind: 'contains'; field: string; text: string };
