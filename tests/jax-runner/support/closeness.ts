import { expect } from 'vitest';
import { lossesOf, tensorsOf } from './runner-room.ts';

/** What the issue asks of runs on other devices. */
export const tolerance = 1e-5;

/** The largest difference of two runs: of their losses, relative, and of each tensor, relative to its largest number. */
export function differenceOf(bundle: string, other: string, step: number): { losses: number; tensors: number } {
  const [expected, found] = [lossesOf(bundle), lossesOf(other)];
  expect(found).toHaveLength(expected.length);
  const losses = Math.max(...expected.map((loss, i) => Math.abs((found[i] ?? Number.NaN) - loss) / loss));
  const [before, after] = [tensorsOf(bundle, step), tensorsOf(other, step)];
  expect([...after.keys()]).toEqual([...before.keys()]);
  let tensors = 0;
  for (const [name, values] of before) {
    const others = after.get(name) ?? new Float32Array();
    let [largest, difference] = [Number.MIN_VALUE, 0];
    values.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value));
      difference = Math.max(difference, Math.abs(value - (others[i] ?? Number.NaN)));
    });
    tensors = Math.max(tensors, difference / largest);
  }
  return { losses, tensors };
}

/** Asserts that a run is the same as another one but for the order in which numbers were added up. */
export function expectSame(bundle: string, other: string, step: number): void {
  const { losses, tensors } = differenceOf(bundle, other, step);
  expect(losses).toBeLessThan(tolerance);
  expect(tensors).toBeLessThan(tolerance);
}
