import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  minimalDetectableDifference,
  normalQuantile,
  numSeedsNeeded,
  pairedDifference,
  powerOfComparison,
  studentQuantile,
} from '../../../src/theory/index.ts';

describe('power', () => {
  test('the seeds for a difference at a noise of 0.0012 are those of the facts', () => {
    const expected = { 0.0005: 92, 0.001: 24, 0.002: 7, 0.003: 4, 0.005: 3, 0.01: 2 };
    for (const [delta, num] of Object.entries(expected)) expect(numSeedsNeeded(Number(delta), 0.0012)).toBe(num);
  });

  test('the power of textbook designs is that of SciPy’s noncentral t to ten digits', () => {
    const cases: readonly [number, number][] = [
      [powerOfComparison(64, 0.5, 1), 0.8014595579222541],
      [powerOfComparison(63, 0.5, 1), 0.795168338123338],
      [powerOfComparison(26, 0.8, 1), 0.8074866151465276],
      // The textbooks count the spread of a difference: √2 of that of a run.
      [powerOfComparison(34, 0.5, 1 / Math.SQRT2, { isPaired: true }), 0.8077775012792738],
      [powerOfComparison(7, 0.002, 0.0012), 0.8162674251537004],
      [powerOfComparison(20, 0.6, 1, { sides: 1 }), 0.5865078660619968],
    ];
    for (const [found, expected] of cases) expect(found).toBeCloseTo(expected, 9);
  });

  test('the power without a difference is alpha', () => {
    for (const isPaired of [true, false]) {
      for (const sides of [1, 2] as const) {
        expect(powerOfComparison(5, 0, 1, { isPaired, sides, alpha: 0.01 })).toBeCloseTo(0.01, 11);
      }
    }
  });

  test('correlated pairs need fewer runs by 1 − ρ', () => {
    // n ≈ 15.7(1 − ρ)(σ/Δ)², and two more or so because the spread is estimated.
    for (const correlation of [0, 0.5, 0.9]) {
      const num = numSeedsNeeded(0.0002, 0.0012, { isPaired: true, correlation });
      const approximate = 15.7 * (1 - correlation) * 36;
      expect(num).toBeGreaterThanOrEqual(Math.floor(approximate));
      expect(num).toBeLessThan(approximate + 4);
    }
  });

  test('a known noise needs (z₀.₉₇₅ + z₀.₈)²·2σ²/Δ² runs, and may need only one', () => {
    const sigmaDegreesOfFreedom = Number.POSITIVE_INFINITY;
    const total = normalQuantile(0.975) + normalQuantile(0.8);
    for (const delta of [0.01, 0.002, 0.0007]) {
      const expected = Math.ceil((total ** 2 * 2 * 0.0012 ** 2) / delta ** 2);
      expect(numSeedsNeeded(delta, 0.0012, { sigmaDegreesOfFreedom })).toBe(expected);
    }
    expect(numSeedsNeeded(0.01, 0.0012, { sigmaDegreesOfFreedom })).toBe(1);
  });

  test('the number of seeds is the least that suffices', () => {
    const random = randomStream(21, 'least');
    for (let i = 0; i < 40; i++) {
      const delta = 0.2 + 2 * random.nextUniform();
      const options = {
        isPaired: i % 2 === 0,
        power: 0.5 + 0.45 * random.nextUniform(),
        alpha: 0.01 + 0.1 * random.nextUniform(),
      };
      const num = numSeedsNeeded(delta, 1, options);
      expect(powerOfComparison(num, delta, 1, options)).toBeGreaterThanOrEqual(options.power);
      if (num > 2) expect(powerOfComparison(num - 1, delta, 1, options)).toBeLessThan(options.power);
    }
    expect(numSeedsNeeded(0, 1)).toBe(Number.POSITIVE_INFINITY);
    expect(numSeedsNeeded(1e-5, 1)).toBeGreaterThan(1e11);
  });

  test('the smallest difference that is found is found with the power asked for', () => {
    for (const num of [2, 5, 30]) {
      const delta = minimalDetectableDifference(num, 0.0012, { power: 0.9 });
      expect(powerOfComparison(num, delta, 0.0012)).toBeCloseTo(0.9, 10);
    }
  });

  test('a simulated pair of arms is told apart as often as the power says', () => {
    const random = randomStream(22, 'power');
    const [num, delta, correlation] = [6, 1.2, 0.6];
    const critical = studentQuantile(0.975, num - 1);
    let numFound = 0;
    const numExperiments = 20_000;
    for (let i = 0; i < numExperiments; i++) {
      const differences = Array.from({ length: num }, () => {
        const shared = Math.sqrt(correlation) * random.nextNormal();
        const own = () => shared + Math.sqrt(1 - correlation) * random.nextNormal();
        return own() - own() + delta;
      });
      const { difference, standardError } = pairedDifference(differences);
      if (Math.abs(difference) > critical * standardError) numFound += 1;
    }
    const expected = powerOfComparison(num, delta, 1, { isPaired: true, correlation });
    expect(Math.abs(numFound / numExperiments - expected)).toBeLessThan(0.012);
  });
});
