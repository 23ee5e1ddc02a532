import { expect } from 'vitest';

/** Checks every number against what it should be, to a relative error (absolute below 1). */
export function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [found[i] ?? Number.NaN, expected[i] ?? Number.NaN];
    expect(Math.abs(a - b) / Math.max(1, Math.abs(b)), `element ${i} is ${a}, expected ${b}`).toBeLessThan(tolerance);
  }
}
