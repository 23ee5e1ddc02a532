import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  combineEValues,
  confidenceSequenceInterval,
  eValueOfPValue,
  groupSequentialDesign,
  groupSequentialPower,
  knownSpreadPairedDifference,
  type MeanDifference,
  mixtureEValue,
  normalCdf,
  normalDensity,
  normalQuantile,
  pairedDifference,
  pooledDifference,
  studentQuantile,
  testNoWorseAtAnyLook,
  withSpread,
} from '../../../src/theory/index.ts';

const exact = Number.POSITIVE_INFINITY;

/** The share of experiments, of values without any effect, that some look calls different. */
function falseAlarms(
  numExperiments: number,
  looks: readonly number[],
  isAlarm: (values: readonly number[]) => boolean,
  name: string,
): number {
  const random = randomStream(11, name);
  let numAlarms = 0;
  for (let i = 0; i < numExperiments; i++) {
    const values = Array.from({ length: looks.at(-1) ?? 0 }, () => random.nextNormal());
    if (looks.some((num) => isAlarm(values.slice(0, num)))) numAlarms += 1;
  }
  return numAlarms / numExperiments;
}

const looks = [2, 3, 4, 5, 6, 7, 8, 9, 10];
const criticalT = looks.map((num) => studentQuantile(0.975, num - 1));

describe('looking again and again', () => {
  test('peeking after every run makes a plain t-test wrong one time in five', () => {
    const isAlarm = (values: readonly number[]): boolean => {
      const { difference, standardError } = pairedDifference(values);
      return Math.abs(difference) > standardError * (criticalT[values.length - 2] ?? 0);
    };
    expect(Math.abs(falseAlarms(40_000, looks, isAlarm, 'peeking') - 0.195)).toBeLessThan(0.01);
  });

  test('peeking with a known spread is wrong one time in six', () => {
    const z = normalQuantile(0.975);
    const isAlarm = (values: readonly number[]): boolean =>
      Math.abs(values.reduce((sum, value) => sum + value, 0)) > z * Math.sqrt(values.length);
    expect(Math.abs(falseAlarms(40_000, looks, isAlarm, 'peeking') - 0.167)).toBeLessThan(0.01);
  });

  test('the confidence sequence of a known spread has the published half-widths', () => {
    for (const [num, expected] of [
      [3, 1.81],
      [5, 1.37],
      [10, 0.96],
    ] as const) {
      const estimate = { difference: 0, standardError: 1 / Math.sqrt(num), degreesOfFreedom: exact, numEffective: num };
      const [low, high] = confidenceSequenceInterval(estimate);
      expect(high).toBeCloseTo(expected, 2);
      expect(low).toBe(-high);
      const formula = Math.sqrt(((2 * (1 + num)) / num ** 2) * Math.log(Math.sqrt(1 + num) / 0.05));
      expect(high).toBeCloseTo(formula, 12);
    }
  });

  test('the confidence sequences stay right however often one looks', () => {
    const known = (values: readonly number[]): MeanDifference =>
      knownSpreadPairedDifference(values, { sigma: 1, degreesOfFreedom: exact });
    const everyLook = Array.from({ length: 50 }, (_, i) => i + 1);
    const isOut = (estimate: MeanDifference): boolean => {
      const [low, high] = confidenceSequenceInterval(estimate);
      return low > 0 || high < 0;
    };
    const ofKnown = falseAlarms(4000, everyLook.slice(0, 10), (values) => isOut(known(values)), 'known');
    expect(ofKnown).toBeLessThanOrEqual(0.05);
    // The facts: .009 over ten looks.
    expect(Math.abs(ofKnown - 0.009)).toBeLessThan(0.006);
    expect(falseAlarms(2000, everyLook, (values) => isOut(known(values)), 'known')).toBeLessThanOrEqual(0.05);
    const ofUnknown = falseAlarms(2000, everyLook.slice(1), (values) => isOut(pairedDifference(values)), 'unknown');
    expect(ofUnknown).toBeLessThanOrEqual(0.05);
    expect(ofUnknown).toBeGreaterThan(0.002);
  });

  test('a bank of few replicates, and two arms that grow in turn, keep the level too', () => {
    const random = randomStream(12, 'bank');
    let [ofBank, ofArms] = [0, 0];
    const numExperiments = 2000;
    for (let i = 0; i < numExperiments; i++) {
      const sumOfSquares = Array.from({ length: 6 }, () => random.nextNormal() ** 2).reduce((sum, x) => sum + x, 0);
      const bank = { sigma: Math.sqrt(sumOfSquares / 6), degreesOfFreedom: 6 };
      const values = Array.from({ length: 40 }, () => random.nextNormal());
      const isAlarm = (estimate: MeanDifference): boolean => mixtureEValue(estimate) >= 20;
      const nums = Array.from({ length: 39 }, (_, k) => k + 2);
      if (nums.some((num) => isAlarm(withSpread(pairedDifference(values.slice(0, num)), bank)))) ofBank += 1;
      const arm = (num: number, parity: number) => values.slice(0, num).filter((_, k) => k % 2 === parity);
      if (nums.some((num) => num > 2 && isAlarm(pooledDifference(arm(num, 0), arm(num, 1))))) ofArms += 1;
    }
    expect(ofBank / numExperiments).toBeLessThanOrEqual(0.05);
    expect(ofArms / numExperiments).toBeLessThanOrEqual(0.05);
    expect(ofBank + ofArms).toBeGreaterThan(0);
  });
});

describe('e-values', () => {
  test('are the ratio of the mixed likelihood to that of no difference', () => {
    // Slow reference: both likelihoods integrated over ln σ (Haar prior) and, above the line, over differences N(0, ρ²σ²).
    const values = [0.4, 1.1, 0.2, 1.7, 0.9];
    const rhoSquared = 0.7;
    const bank = { sigma: 0.6, degreesOfFreedom: 3 };
    const spanned = (low: number, high: number, num: number, f: (x: number) => number): number =>
      Array.from({ length: num + 1 }, (_, i) => f(low + ((high - low) * i) / num)).reduce((sum, x) => sum + x, 0) *
      ((high - low) / num);
    const marginal = (withBank: boolean, isMixed: boolean): number =>
      spanned(-4, 6, 250, (logSigma) => {
        const sigma = Math.exp(logSigma);
        const ofBank = withBank ? sigma ** -3 * Math.exp((-3 * bank.sigma ** 2) / (2 * sigma ** 2)) : 1;
        const likelihood = (mean: number) =>
          values.reduce((product, value) => (product * normalDensity((value - mean) / sigma)) / sigma, ofBank);
        if (!isMixed) return likelihood(0);
        const width = Math.sqrt(rhoSquared) * sigma;
        return spanned(-9, 9, 300, (u) => normalDensity(u) * likelihood(u * width));
      });
    const own = pairedDifference(values);
    expect(mixtureEValue(own, { rhoSquared })).toBeCloseTo(marginal(false, true) / marginal(false, false), 8);
    const together = mixtureEValue(withSpread(own, bank), { rhoSquared });
    // The bank's three degrees of freedom and the own four leave one for the mean.
    expect(together).toBeCloseTo(marginal(true, true) / marginal(true, false), 8);
  });

  test('become those of a known spread as its degrees of freedom grow', () => {
    const known = { difference: 0.8, standardError: 0.4, degreesOfFreedom: exact, numEffective: 6 };
    const nearly = { ...known, degreesOfFreedom: 1e9 };
    expect(mixtureEValue(nearly)).toBeCloseTo(mixtureEValue(known), 6);
    expect(confidenceSequenceInterval(nearly)[1]).toBeCloseTo(confidenceSequenceInterval(known)[1], 6);
    expect(mixtureEValue(known)).toBeCloseTo(Math.exp(0.5 * 4 * (6 / 7)) / Math.sqrt(7), 12);
  });

  test('reach 1/alpha exactly at the ends of the confidence sequence', () => {
    const random = randomStream(13, 'ends');
    for (let i = 0; i < 100; i++) {
      const degreesOfFreedom = i % 3 === 0 ? exact : 4 + random.nextInteger(30);
      const estimate = { difference: random.nextNormal(), standardError: 0.3, degreesOfFreedom, numEffective: 5 };
      const rhoSquared = 0.3 + 2 * random.nextUniform();
      const interval = confidenceSequenceInterval(estimate, { alpha: 0.1, rhoSquared });
      if (!Number.isFinite(interval[0])) continue;
      for (const tested of interval) expect(mixtureEValue(estimate, { tested, rhoSquared })).toBeCloseTo(10, 8);
    }
  });

  test('show "no worse" exactly where the confidence sequence ends below the margin', () => {
    const estimate = pairedDifference([-0.4, 0.1, -0.6, 0.2, -0.3, -0.5, -0.2, 0.1]);
    const [, high] = confidenceSequenceInterval(estimate, { alpha: 0.1 });
    expect(testNoWorseAtAnyLook(estimate, high * 1.0001, { alpha: 0.1 }).isShown).toBe(true);
    expect(testNoWorseAtAnyLook(estimate, high * 0.9999, { alpha: 0.1 }).isShown).toBe(false);
    const mirrored = { ...estimate, difference: -estimate.difference };
    expect(testNoWorseAtAnyLook(mirrored, high, { isLowerBetter: false })).toEqual(
      testNoWorseAtAnyLook(estimate, high),
    );
    // Far on the wrong side of the margin is evidence against it, not for it.
    expect(testNoWorseAtAnyLook({ ...estimate, difference: 50 }, 0.1).pValue).toBe(1);
  });

  test('with too few runs nothing is excluded', () => {
    expect(confidenceSequenceInterval(pairedDifference([5, 5.1]))).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect(mixtureEValue(pairedDifference([5, 5]))).toBeLessThan(20);
    expect(Number.isFinite(confidenceSequenceInterval(pairedDifference([5, 5.1, 5.2, 4.9, 5]))[0])).toBe(true);
  });

  test('have a mean of one where there is no difference, and combine to e-values', () => {
    const random = randomStream(14, 'mean');
    const [single, product, mean, calibrated] = [[], [], [], []] as [number[], number[], number[], number[]];
    for (let i = 0; i < 20_000; i++) {
      // A narrow mixture, whose mean does not hang on rare large values.
      const draw = () =>
        mixtureEValue(pairedDifference(Array.from({ length: 6 }, () => random.nextNormal())), { rhoSquared: 0.02 });
      const [one, other] = [draw(), draw()];
      single.push(one);
      product.push(combineEValues([one, other], 'independent'));
      mean.push(combineEValues([one, one, other], 'arbitrary'));
      calibrated.push(eValueOfPValue(random.nextUniform(), 0.8));
    }
    for (const sample of [single, product, mean, calibrated]) {
      expect(sample.reduce((sum, value) => sum + value, 0) / sample.length).toBeCloseTo(1, 1);
    }
  });
});

describe('a few planned looks', () => {
  test('have the constants of Jennison and Turnbull, tables 2.1 and 2.3', () => {
    const expected = {
      pocock: [2.178, 2.289, 2.361, 2.413, 2.555],
      'obrien-fleming': [1.977, 2.004, 2.024, 2.04, 2.087],
    } as const;
    for (const shape of ['pocock', 'obrien-fleming'] as const) {
      for (const [i, numLooks] of [2, 3, 4, 5, 10].entries()) {
        const { looks: planned } = groupSequentialDesign(
          Array.from({ length: numLooks }, (_, k) => k + 1),
          { shape },
        );
        expect(planned.at(-1)?.z).toBeCloseTo(expected[shape][i] ?? 0, 3);
        expect(planned.at(-1)?.cumulativeAlpha).toBeCloseTo(0.05, 12);
        const first = planned[0]?.z ?? 0;
        expect(first).toBeCloseTo((planned.at(-1)?.z ?? 0) * (shape === 'pocock' ? 1 : Math.sqrt(numLooks)), 12);
      }
    }
  });

  test('spend two looks as the bivariate normal distribution says', () => {
    // Slow reference: P(|z₁| < c₁, |z₂| < c₂) of correlation √t by the trapezoidal rule over z₁.
    const { looks: planned } = groupSequentialDesign([4, 10], { alpha: 0.01 });
    const [c1 = 0, c2 = 0] = planned.map(({ z }) => z);
    const num = 20_000;
    let inside = 0;
    for (let i = 0; i <= num; i++) {
      const z1 = -c1 + (2 * c1 * i) / num;
      const at = (z: number) => normalCdf((z - Math.sqrt(0.4) * z1) / Math.sqrt(0.6));
      inside += (normalDensity(z1) * (at(c2) - at(-c2)) * 2 * c1 * (i === 0 || i === num ? 0.5 : 1)) / num;
    }
    expect(1 - inside).toBeCloseTo(0.01, 8);
  });

  test('hold their level in simulation, and find what they promise to find', () => {
    const random = randomStream(15, 'looks');
    const nums = [3, 6, 10];
    const design = groupSequentialDesign(nums);
    const drift = 3;
    const power = groupSequentialPower(design, drift);
    let [numFalse, numFound, fractions] = [0, 0, 0];
    const numExperiments = 20_000;
    for (let i = 0; i < numExperiments; i++) {
      const noise = Array.from({ length: 10 }, () => random.nextNormal());
      const stopAt = (shift: number): number =>
        nums.findIndex((num, k) => {
          const sum = noise.slice(0, num).reduce((total, value) => total + value + shift, 0);
          return Math.abs(sum) / Math.sqrt(num) >= (design.looks[k]?.z ?? 0);
        });
      if (stopAt(0) >= 0) numFalse += 1;
      const stop = stopAt(drift / Math.sqrt(10));
      if (stop >= 0) numFound += 1;
      fractions += (nums[stop] ?? 10) / 10 / numExperiments;
    }
    expect(Math.abs(numFalse / numExperiments - 0.05)).toBeLessThan(0.006);
    expect(Math.abs(numFound / numExperiments - power.power)).toBeLessThan(0.01);
    expect(Math.abs(fractions - power.meanFraction)).toBeLessThan(0.01);
    expect(groupSequentialPower(design, 0).power).toBeCloseTo(0.05, 10);
  });

  test('one look is the plain test, one-sided or two-sided', () => {
    expect(groupSequentialDesign([8]).looks[0]?.z).toBeCloseTo(normalQuantile(0.975), 12);
    expect(groupSequentialDesign([8], { sides: 1 }).looks[0]?.z).toBeCloseTo(normalQuantile(0.95), 12);
    const oneSided = groupSequentialDesign([3, 6, 10], { sides: 1, alpha: 0.025, shape: 'pocock' });
    expect(oneSided.looks.at(-1)?.cumulativeAlpha).toBeCloseTo(0.025, 12);
    expect(groupSequentialPower(oneSided, -3).power).toBeLessThan(1e-4);
    expect(() => groupSequentialDesign([3, 3])).toThrow(/not increasing/);
  });

  test('spend nothing at a look so early that its boundary is out of reach', () => {
    for (const alpha of [0.05, 0.01, 0.001]) {
      for (const [first, last] of [
        [1, 30],
        [2, 60],
      ] as const) {
        const { looks: planned } = groupSequentialDesign([first, last], { alpha });
        expect(planned[1]?.z).toBeCloseTo(normalQuantile(1 - alpha / 2), 10);
        expect(planned[1]?.cumulativeAlpha).toBeCloseTo(alpha, 12);
      }
    }
  });
});
