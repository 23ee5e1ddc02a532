import { assert, present, type RandomStream } from '../../src/core/index.ts';

/** The middle value; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  assert(values.length > 0, 'a median of nothing was asked for');
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  const upper = present(sorted[middle], 'the middle value');
  return sorted.length % 2 === 1 ? upper : (present(sorted[middle - 1], 'the value before the middle') + upper) / 2;
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The least value, without the limit that Math.min has on the number of its arguments. */
export function least(values: readonly number[]): number {
  return values.reduce((smallest, value) => Math.min(smallest, value), Number.POSITIVE_INFINITY);
}

/** The values in another order, every order being equally likely (Fisher–Yates). */
export function shuffled<T>(values: readonly T[], stream: RandomStream): T[] {
  const order = [...values];
  for (let i = order.length - 1; i > 0; i--) {
    const j = stream.nextInteger(i + 1);
    const [x, y] = [order[i] as T, order[j] as T];
    order[i] = y;
    order[j] = x;
  }
  return order;
}
