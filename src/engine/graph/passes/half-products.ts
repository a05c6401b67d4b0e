/**
 * Matrix products in float16: their factors and results are rounded to it, and all between products stays float32. `emulated float16`
 * computes the product itself in float32, for devices without float16: to see what the rounding does to a training.
 */
import { add, cast, mul } from '../functions.js';
import { type Attribute, Float, type Value } from '../graph.js';
import type { Rule } from './rewrite.js';

/** What matrix products are computed in. */
export type Products = 'float32' | 'float16' | 'emulated float16';

const types = new Set(['MatMul', 'FusedMatMul', 'Gemm']);

/** Factors of a product stay outside of it: they may be what brings its result into the range of float16. */
export function productsIn(how: Exclude<Products, 'float32'>): Rule {
  const rounded = (value: Value) => (how === 'float16' ? cast(value, 'float16') : cast(cast(value, 'float16'), 'float32'));
  return ({ type, inputs: [a, b, c], attributes, output, graph }) => {
    if (!types.has(type) || !a || !b || output.dtype !== 'float32') return undefined;
    const { alpha, beta, ...turned } = attributes;
    const exact = graph.add1(type, [rounded(a), rounded(b)], turned);
    const product = scaled(cast(cast(exact, 'float16'), 'float32'), alpha);
    return c ? add(product, scaled(c, beta)) : product;
  };
}

function scaled(value: Value, factor: Attribute | undefined): Value {
  return factor instanceof Float && factor.value !== 1 ? mul(value, factor.value) : value;
}
