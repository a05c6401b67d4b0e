/**
 * The filter language: `colour = 'red' and (price < 50 or on_sale = true)`. It is parsed into a tree, and each store turns the tree into
 * its own language; text of the user never becomes part of a query by pasting.
 */
import type { MetadataValue } from './metadata.js';

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Filter =
  | { kind: 'and' | 'or'; filters: readonly Filter[] }
  | { kind: 'not'; filter: Filter }
  /** An item without the field matches no comparison. `null` may only be compared with = and !=. */
  | { kind: 'compare'; field: string; comparison: Comparison; value: MetadataValue }
  | { kind: 'in'; field: string; values: readonly MetadataValue[] }
  /** The field is a text with this in it, in any case. */
  | { kind: 'contains'; field: string; text: string };
