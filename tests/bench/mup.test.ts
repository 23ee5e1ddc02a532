import { expect, test } from 'vitest';
import { searchMinimum } from '../../bench/mup/rate-search.ts';

/** |x − at| with a wall: nothing finite right of `at` + 2. */
const valley = (at: number, asked: number[]) => async (x: number) => {
  asked.push(x);
  return x > at + 2 ? Number.NaN : Math.abs(x - at);
};

test('the search walks to the minimum from either side and asks for no point twice', async () => {
  for (const at of [-4, -1, 0, 1, 4]) {
    const asked: number[] = [];
    const { best, values } = await searchMinimum(valley(at, asked), 0);
    expect(best).toBe(at);
    expect(new Set(asked).size).toBe(asked.length);
    expect([...values.keys()]).toEqual([...asked].sort((a, b) => a - b));
    expect(values.has(at - 1) && values.has(at + 1)).toBe(true);
  }
});

test('the search stops walking where there is no end', async () => {
  const { values } = await searchMinimum(async (x) => x, 0, 3);
  expect(values.size).toBeLessThanOrEqual(6);
});

test('runs that diverge are worse than all others', async () => {
  const { values } = await searchMinimum(valley(-6, []), 0);
  expect(values.get(0)).toBe(Number.POSITIVE_INFINITY);
});
