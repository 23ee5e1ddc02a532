import { describe, expect, test } from 'vitest';
import { randomStream } from '../../src/core/index.ts';
import { accuracyOf } from '../../src/evaluation/index.ts';

describe('accuracy', () => {
  test('has the Wilson interval of the textbooks', () => {
    // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I.
    const cases: readonly [number, number, number, number][] = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ];
    for (const [numCorrect, numItems, low, high] of cases) {
      const { interval, accuracy } = accuracyOf(numCorrect, numItems);
      expect(accuracy).toBe(numCorrect / numItems);
      expect(interval[0]).toBeCloseTo(low, 4);
      expect(interval[1]).toBeCloseTo(high, 4);
    }
    expect(accuracyOf(20, 20).interval).toEqual([1 - (accuracyOf(0, 20).interval[1] as number), 1]);
    expect(accuracyOf(0, 0)).toMatchObject({ accuracy: Number.NaN, interval: [0, 1] });
  });

  test('lies in its interval about 95 times of 100', () => {
    const random = randomStream(1, 'coverage');
    let numCovered = 0;
    for (let trial = 0; trial < 2000; trial++) {
      let numCorrect = 0;
      for (let i = 0; i < 100; i++) if (random.nextUniform() < 0.7) numCorrect += 1;
      const [low, high] = accuracyOf(numCorrect, 100).interval;
      if (low <= 0.7 && 0.7 <= high) numCovered += 1;
    }
    expect(numCovered / 2000).toBeGreaterThan(0.93);
    expect(numCovered / 2000).toBeLessThan(0.97);
  });
});
