import { assert } from '../../core/index.ts';

/** A number and how much it counts. */
export interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/**
 * The smallest value v for which values up to v hold at least the part `level` of all weight: the quantile without
 * interpolation, which is what the guarantee of a conformal interval is about. A level above 1 gives the largest value.
 *
 * @param values at least one with positive weight, in any order
 */
export function weightedQuantile(values: readonly Weighted[], level: number): number {
  const sorted = values.filter(({ weight }) => weight > 0).sort((a, b) => a.value - b.value);
  assert(sorted.length > 0, 'a quantile of nothing was asked for');
  const wanted = level * sorted.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  for (const { value, weight } of sorted) {
    sum += weight;
    // A hair of slack: sums of weights such as 1/3 fall short of their exact value by rounding.
    if (sum >= wanted * (1 - 1e-12)) return value;
  }
  return sorted.at(-1)?.value ?? Number.NaN;
}

/** The quantile of numbers that count alike, linearly interpolated between the two nearest, of numbers in ascending order. */
export function sortedQuantile(sorted: Float64Array, level: number): number {
  const position = level * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
  return low + (position - below) * (high - low);
}

/**
 * The numbers that ascend and lie nearest to those given, in weighted least squares: neighbours that descend are merged
 * to their mean (pool adjacent violators, Ayer et al. 1955).
 */
export function ascending(values: readonly Weighted[]): number[] {
  const pools: { mean: number; weight: number; count: number }[] = [];
  for (const { value, weight } of values) {
    let pool = { mean: value, weight, count: 1 };
    for (let last = pools.at(-1); last !== undefined && last.mean > pool.mean; last = pools.at(-1)) {
      pools.pop();
      const total = last.weight + pool.weight;
      const mean = (last.mean * last.weight + pool.mean * pool.weight) / total;
      pool = { mean, weight: total, count: last.count + pool.count };
    }
    pools.push(pool);
  }
  return pools.flatMap(({ mean, count }) => Array.from({ length: count }, () => mean));
}
