import { assert } from '../../core/index.ts';

/** What several tests at once come to. */
export interface MultipleTesting {
  /** Of each hypothesis, in the order given, whether it counts as discovered. */
  readonly isDiscovery: readonly boolean[];
  /** Of each hypothesis the smallest rate of false discoveries at which it would still be one; may exceed 1 only for e-values. */
  readonly adjusted: readonly number[];
}

/**
 * Discoveries of which at most a share of `rate` are false on average: the k smallest p-values, k the largest with
 * p_(k) ≤ k·rate/m (Benjamini and Hochberg 1995), for independent or positively dependent tests.
 */
export function benjaminiHochberg(pValues: readonly number[], rate = 0.05): MultipleTesting {
  assert(
    pValues.every((p) => p >= 0 && p <= 1),
    'a p-value lies outside 0 … 1',
  );
  return stepUp(pValues, rate);
}

/**
 * The same for e-values, under any dependence: Benjamini–Hochberg on 1/e (Wang and Ramdas 2022, e-BH).
 */
export function eBenjaminiHochberg(eValues: readonly number[], rate = 0.05): MultipleTesting {
  assert(
    eValues.every((e) => e >= 0),
    'an e-value lies below 0',
  );
  return stepUp(
    eValues.map((e) => 1 / e),
    rate,
  );
}

function stepUp(scores: readonly number[], rate: number): MultipleTesting {
  const order = scores.map((_, index) => index).sort((i, j) => (scores[i] ?? 0) - (scores[j] ?? 0));
  const adjusted = new Array<number>(scores.length).fill(0);
  let smallest = Number.POSITIVE_INFINITY;
  for (const [place, index] of [...order.entries()].reverse()) {
    smallest = Math.min(smallest, ((scores[index] ?? 0) * scores.length) / (place + 1));
    adjusted[index] = smallest;
  }
  return { isDiscovery: adjusted.map((value) => value <= rate), adjusted };
}
