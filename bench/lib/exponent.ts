/** How something grows: the exponent e of y = c x^e, by least squares in logarithms. 1 is in proportion, 0 not at all. */
export function exponent(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [u, v] = [xs.map(Math.log), ys.map(Math.log)];
  const [middle, height] = [mean(u), mean(v)];
  const along = u.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return u.reduce((sum, value, i) => sum + (value - middle) * (v[i]! - height), 0) / along;
}
