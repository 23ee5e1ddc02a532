import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  benjaminiHochberg,
  eBenjaminiHochberg,
  knownSpreadDifference,
  knownSpreadPairedDifference,
  normalCdf,
  normalQuantile,
  pairedDifference,
  pooledDifference,
  signFlipPValue,
  studentQuantile,
  testDifference,
  testEquivalence,
  testNoWorse,
  welchDifference,
  withSpread,
} from '../../../src/theory/index.ts';

const a = [3.2789, 3.2792, 3.2796, 3.2776, 3.2797, 3.2787, 3.2792];
const b = [3.2771, 3.2785, 3.2779, 3.279, 3.2768];
const c = [3.2781, 3.279, 3.2779, 3.277, 3.2788, 3.2789, 3.2779];
const differences = c.map((value, i) => value - (a[i] ?? 0));

describe('tests of means', () => {
  test('the seven runs below 3.28 have the t and the p of the record', () => {
    const { statistic, pValue } = testDifference(pairedDifference(a), { tested: 3.28, alternative: 'less' });
    expect(statistic).toBeCloseTo(-3.8024, 4);
    expect(pValue).toBeCloseTo(0.004472, 6);
  });

  test('Welch’s test, the pooled and the paired test agree with SciPy 1.17 to ten digits', () => {
    const welch = welchDifference(a, b);
    expect(welch.degreesOfFreedom).toBeCloseTo(7.197838487932659, 8);
    const twoSided = testDifference(welch);
    expect(twoSided.statistic).toBeCloseTo(-2.28949200495517, 8);
    expect(twoSided.pValue).toBeCloseTo(0.054845373386047586, 9);
    expect(twoSided.interval[0]).toBeCloseTo(-0.002281923238565755, 10);
    expect(twoSided.interval[1]).toBeCloseTo(3.0494667138294528e-5, 10);
    const less = testDifference(welch, { alternative: 'less' });
    expect(less.pValue).toBeCloseTo(0.027422686693023793, 9);
    expect(less.interval[0]).toBe(Number.NEGATIVE_INFINITY);
    expect(less.interval[1]).toBeCloseTo(-0.0001980116698233139, 10);
    const greater = testDifference(welch, { alternative: 'greater' });
    expect(greater.pValue).toBeCloseTo(0.9725773133069762, 9);
    expect(greater.interval[0]).toBeCloseTo(-0.002053416901604147, 10);

    const pooled = testDifference(pooledDifference(a, b));
    expect(pooled.pValue).toBeCloseTo(0.037121889439427805, 9);
    expect(pooled.interval[0]).toBeCloseTo(-0.0021694924965676896, 10);

    const paired = testDifference(pairedDifference(differences));
    expect(paired.statistic).toBeCloseTo(-3.130309443058848, 8);
    expect(paired.pValue).toBeCloseTo(0.02031661635455974, 9);
    expect(paired.interval[1]).toBeCloseTo(-0.00016529663112176205, 10);
  });

  test('a known spread makes it the z-test, and one run each will do', () => {
    const estimate = knownSpreadDifference([3.28], [3.276], {
      sigma: 0.0012,
      degreesOfFreedom: Number.POSITIVE_INFINITY,
    });
    expect(estimate.standardError).toBeCloseTo(0.0012 * Math.SQRT2, 14);
    const { statistic, pValue, interval } = testDifference(estimate);
    expect(statistic).toBeCloseTo(-2.3570226, 6);
    expect(pValue).toBeCloseTo(2 * normalCdf(-2.357022603955), 10);
    expect(interval[1] - interval[0]).toBeCloseTo(2 * normalQuantile(0.975) * estimate.standardError, 12);
    // A spread that was itself estimated, with 20 degrees of freedom, widens the interval to that of t.
    const bank = knownSpreadPairedDifference([-0.004, -0.002], { sigma: 0.0012, degreesOfFreedom: 20 });
    expect(testDifference(bank).interval[1]).toBeCloseTo(
      -0.003 + (studentQuantile(0.975, 20) * 0.0012) / Math.SQRT2,
      12,
    );
  });

  test('two spreads are taken together by their degrees of freedom', () => {
    const own = pairedDifference([1, 2, 3]);
    const together = withSpread(own, { sigma: 2, degreesOfFreedom: 6 });
    expect(together.degreesOfFreedom).toBe(8);
    expect(together.standardError).toBeCloseTo(Math.sqrt((2 * 1 + 6 * 4) / 8 / 3), 14);
    expect(withSpread(own, { sigma: 2, degreesOfFreedom: Number.POSITIVE_INFINITY }).standardError).toBeCloseTo(
      2 / Math.sqrt(3),
      14,
    );
  });

  test('the p-value falls to alpha exactly where the interval leaves out the tested value', () => {
    const random = randomStream(3, 'duality');
    for (let i = 0; i < 100; i++) {
      const values = Array.from({ length: 2 + random.nextInteger(8) }, () => random.nextNormal() - 1);
      const estimate = pairedDifference(values);
      const { interval } = testDifference(estimate, { level: 0.9 });
      for (const end of interval) expect(testDifference(estimate, { tested: end }).pValue).toBeCloseTo(0.1, 10);
    }
  });

  test('p-values of equal arms are uniform', () => {
    const random = randomStream(4, 'uniform');
    const draw = (num: number, spread: number) => Array.from({ length: num }, () => spread * random.nextNormal());
    const pValues = Array.from({ length: 4000 }, () => testDifference(welchDifference(draw(6, 1), draw(5, 1))).pValue);
    for (const level of [0.05, 0.2, 0.5, 0.9]) {
      const share = pValues.filter((value) => value <= level).length / pValues.length;
      expect(Math.abs(share - level)).toBeLessThan(4 * Math.sqrt((level * (1 - level)) / pValues.length));
    }
  });

  test('no spread is no evidence for equal values and beyond doubt for others', () => {
    expect(testDifference(pairedDifference([0, 0, 0])).pValue).toBe(1);
    expect(testDifference(pairedDifference([1, 1, 1])).pValue).toBe(0);
    expect(testDifference(welchDifference([2, 2], [2, 2]))).toMatchObject({
      statistic: 0,
      pValue: 1,
      interval: [0, 0],
    });
  });

  test('"no worse" is the one-sided test at the margin, and equivalence is both of them', () => {
    const estimate = pairedDifference(differences);
    const noWorse = testNoWorse(estimate, 0.001);
    expect(noWorse.pValue).toBe(testDifference(estimate, { tested: 0.001, alternative: 'less' }).pValue);
    expect(noWorse.isShown).toBe(true);
    expect(testNoWorse(estimate, 0.001, { isLowerBetter: false }).pValue).toBe(
      testDifference(estimate, { tested: -0.001, alternative: 'greater' }).pValue,
    );
    // Equivalence is shown exactly where the interval of level 1 − 2·alpha lies within the margin.
    const { interval } = testDifference(estimate, { level: 0.9 });
    const reach = Math.max(...interval.map(Math.abs));
    expect(testEquivalence(estimate, reach * 1.0001).isShown).toBe(true);
    expect(testEquivalence(estimate, reach * 0.9999).isShown).toBe(false);
  });

  test('flipping signs counts patterns exactly', () => {
    expect(signFlipPValue(differences)).toBe(0.046875);
    expect(signFlipPValue(differences, 'less')).toBe(0.0234375);
    expect(signFlipPValue(differences, 'greater')).toBe(0.9921875);
    expect(signFlipPValue([1, 2, -1, 3, 2])).toBe(0.1875);
    expect(signFlipPValue([1, 2, -1, 3, 2], 'greater')).toBe(0.09375);
    expect(signFlipPValue([-0.1, -0.2, -0.3])).toBe(2 / 8);
  });

  test('flipping signs agrees with the t-test on normal differences', () => {
    const random = randomStream(5, 'flips');
    let distance = 0;
    for (let i = 0; i < 40; i++) {
      const values = Array.from({ length: 12 }, () => random.nextNormal() + 0.3);
      distance += Math.abs(signFlipPValue(values) - testDifference(pairedDifference(values)).pValue) / 40;
    }
    expect(distance).toBeLessThan(0.02);
  });
});

describe('several tests at once', () => {
  test('Benjamini–Hochberg gives the adjusted p-values of SciPy', () => {
    const { adjusted, isDiscovery } = benjaminiHochberg([0.01, 0.04, 0.03, 0.005, 0.5, 0.02]);
    for (const [i, expected] of [0.03, 0.048, 0.045, 0.03, 0.5, 0.04].entries())
      expect(adjusted[i]).toBeCloseTo(expected, 12);
    expect(isDiscovery).toEqual([true, true, true, true, false, true]);
    expect(benjaminiHochberg([]).isDiscovery).toEqual([]);
  });

  test('the step-up procedures discover what their definitions say', () => {
    // Slow reference: the largest k with p_(k) ≤ k·rate/m, or e_(k) ≥ m/(k·rate).
    const random = randomStream(6, 'step-up');
    for (let trial = 0; trial < 200; trial++) {
      const m = 1 + random.nextInteger(12);
      const pValues = Array.from({ length: m }, () => random.nextUniform() ** 4);
      const sorted = [...pValues].sort((x, y) => x - y);
      const k = sorted.reduce((best, value, i) => (value <= ((i + 1) * 0.1) / m ? i + 1 : best), 0);
      const found = benjaminiHochberg(pValues, 0.1).isDiscovery;
      expect(found.map((is, i) => is === (pValues[i] ?? 0) <= (sorted[k - 1] ?? -1)).every(Boolean)).toBe(true);
      expect(found.filter(Boolean).length).toBe(k);
      const eValues = pValues.map((value) => 1 / value);
      expect(eBenjaminiHochberg(eValues, 0.1).isDiscovery).toEqual(found);
    }
  });

  test('of the discoveries at most the rate is false, of p-values and of e-values', () => {
    const random = randomStream(7, 'false discoveries');
    let [byP, byE, numFound] = [0, 0, 0];
    const numTrials = 2000;
    for (let trial = 0; trial < numTrials; trial++) {
      const z = Array.from({ length: 20 }, (_, i) => random.nextNormal() + (i < 5 ? 3.5 : 0));
      const falseShare = (isDiscovery: readonly boolean[]): number =>
        isDiscovery.filter((is, i) => is && i >= 5).length / Math.max(1, isDiscovery.filter(Boolean).length);
      const p = benjaminiHochberg(
        z.map((value) => normalCdf(-value)),
        0.1,
      );
      const e = eBenjaminiHochberg(
        z.map((value) => Math.exp(3 * value - 4.5)),
        0.1,
      );
      byP += falseShare(p.isDiscovery) / numTrials;
      byE += falseShare(e.isDiscovery) / numTrials;
      numFound += e.isDiscovery.filter(Boolean).length;
    }
    expect(byP).toBeLessThan(0.1);
    // Independent p-values: exactly rate·(share of true nulls).
    expect(byP).toBeGreaterThan(0.065);
    expect(byE).toBeLessThan(0.1);
    expect(numFound).toBeGreaterThan(numTrials);
  });
});
