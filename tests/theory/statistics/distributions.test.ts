import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  binomialCdf,
  binomialQuantile,
  chiSquareCdf,
  chiSquareQuantile,
  chiSquareTail,
  noncentralStudentCdf,
  normalCdf,
  normalQuantile,
  studentCdf,
  studentQuantile,
} from '../../../src/theory/index.ts';
import { rootAboveZero, rootBetween } from '../../../src/theory/statistics/monotone-root.ts';
import { logBeta, logGamma } from '../../../src/theory/statistics/special-functions.ts';
import { varianceRatioTail } from '../../../src/theory/statistics/variance-ratio-distribution.ts';

// The expected values were computed with forty digits from the definitions (incomplete gamma and beta functions; for the noncentral t
// distribution the integral over the chi density).
type Case = readonly [found: number, expected: number];

/** Every value to a relative 1e-11. */
function expectExact(cases: readonly Case[]): void {
  for (const [found, expected] of cases)
    expect(Math.abs(found / expected - 1), `${found}, ${expected}`).toBeLessThan(1e-11);
}

describe('distributions', () => {
  test('the logarithms of the gamma and beta functions have eleven digits', () => {
    expectExact([
      [logGamma(0.01), 4.599479878042022],
      [logGamma(0.5), 0.5723649429247001],
      [logGamma(3.7), 1.4280723266653879],
      [logGamma(15), 25.191221182738683],
      [logGamma(1000.5), 5908.674175848678],
      [logBeta(0.5, 0.5), 1.1447298858494002],
      [logBeta(5000, 0.5), -3.6862066527834605],
      [logBeta(300, 200), -337.98011306546465],
    ]);
  });

  test('the normal distribution has eleven digits, also far out', () => {
    expectExact([
      [normalCdf(-0.001), 0.49960105778608893],
      [normalCdf(-0.5), 0.3085375387259869],
      [normalCdf(-1.96), 0.024997895148220435],
      [normalCdf(-5), 2.866515718791939e-7],
      [normalCdf(-10), 7.619853024160525e-24],
      [normalCdf(-37), 5.725571222524577e-300],
      [normalCdf(0.3), 0.6179114221889527],
      [normalCdf(3), 0.9986501019683699],
      [normalQuantile(0.4999), -0.0002506628300880351],
      [normalQuantile(0.1), -1.2815515655446006],
      [normalQuantile(0.975), 1.9599639845400543],
      [normalQuantile(1e-6), -4.753424308822899],
      [normalQuantile(1e-300), -37.0470962993612],
    ]);
    expect(normalQuantile(0.5)).toBe(0);
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test('Student’s distribution has eleven digits, from one degree of freedom to a million', () => {
    expectExact([
      [studentCdf(-0.01, 1), 0.49681700723509176],
      [studentCdf(-2, 1), 0.14758361765043326],
      [studentCdf(-1e6, 1), 3.1830988618368455e-7],
      [studentCdf(-3.8024, 6), 0.004471331712599651],
      [studentCdf(-4.3, 2.5), 0.016576193974960948],
      [studentCdf(1.3, 7), 0.8826160823038114],
      [studentCdf(-40, 30), 6.863022597203201e-28],
      [studentCdf(-2, 1000), 0.02288517324662582],
      [studentCdf(-1.7, 1e6), 0.04456561824517438],
      [studentQuantile(0.975, 1), 12.706204736174705],
      [studentQuantile(0.025, 2), -4.302652729749464],
      [studentQuantile(0.05, 7.5), -1.8757474792112885],
      [studentQuantile(1e-6, 3), -103.29946778041933],
      [studentQuantile(0.4, 5), -0.2671808657041451],
      [studentQuantile(0.005, 200), -2.600634436191558],
    ]);
    expect(studentCdf(-1.5, Number.POSITIVE_INFINITY)).toBe(normalCdf(-1.5));
    expect(studentQuantile(0.5, 3)).toBe(0);
    expect(studentCdf(0, 4)).toBe(0.5);
  });

  test('the noncentral t distribution is right to 1e-12', () => {
    const cases: readonly (readonly [number, number, number, number])[] = [
      [0, 5, 1, 0.15865525393145705],
      [2.5, 3, 2, 0.5753094132997542],
      [-2.5, 3, 2, 0.00038961161158780714],
      [12.7062, 1, 3, 0.813891858073494],
      [2.1, 17.3, 4, 0.03462734853967083],
      [1.97, 198, 2.9, 0.1767150356136467],
      [50, 2, 30, 0.6975981416562486],
      [3, 1e5, 2.5, 0.6914558601947711],
      [2, 1.5, -1, 0.9788561371404567],
    ];
    for (const [t, degrees, noncentrality, expected] of cases) {
      expect(Math.abs(noncentralStudentCdf(t, degrees, noncentrality) - expected)).toBeLessThan(1e-12);
    }
  });

  test('the noncentral t distribution without noncentrality is Student’s', () => {
    const random = randomStream(1, 'noncentral');
    for (let i = 0; i < 50; i++) {
      const degrees = 0.7 + 60 * random.nextUniform() ** 3;
      const t = 3 * random.nextNormal();
      expect(noncentralStudentCdf(t, degrees, 0)).toBeCloseTo(studentCdf(t, degrees), 12);
    }
  });

  test('the chi-square distribution and that of the ratio of variances have eleven digits', () => {
    expectExact([
      [chiSquareCdf(0.01, 1), 0.07965567455405796],
      [chiSquareCdf(3, 2), 0.7768698398515702],
      [chiSquareCdf(20, 10), 0.970747311923039],
      [chiSquareCdf(980, 1000), 0.3316732636887788],
      [chiSquareTail(100, 3), 1.554159431389605e-21],
      [chiSquareTail(2000, 1000), 4.1436785914549916e-69],
      [chiSquareQuantile(0.025, 9), 2.700389499980358],
      [chiSquareQuantile(0.975, 9), 19.022767798641635],
      [chiSquareQuantile(0.5, 1), 0.4549364231195728],
      [chiSquareQuantile(0.95, 262), 300.75471035696216],
      [varianceRatioTail(2.5, 3, 12), 0.10915471239500628],
      [varianceRatioTail(0.7, 8, 30), 0.6888686287293498],
      [varianceRatioTail(30, 2, 5), 0.0016411248409030448],
      [varianceRatioTail(2, 5, Number.POSITIVE_INFINITY), chiSquareTail(10, 5)],
    ]);
  });

  test('the binomial distribution sums its masses', () => {
    expectExact([
      [binomialCdf(10, 200, 0.05), 0.5830671820811718],
      [binomialCdf(3, 20, 0.3), 0.107086804503731],
      [binomialCdf(0, 7, 0.1), 0.4782969],
      [binomialCdf(199, 200, 0.97), 0.9977387589900042],
    ]);
    expect([binomialCdf(-1, 5, 0.5), binomialCdf(5, 5, 0.5)]).toEqual([0, 1]);
    expect(binomialCdf(2.9, 5, 0.5)).toBeCloseTo(0.5, 14);
  });

  test('quantiles undo their distributions', () => {
    const random = randomStream(2, 'quantiles');
    for (let i = 0; i < 200; i++) {
      const p = 10 ** (-12 * random.nextUniform() ** 2);
      const degrees = 0.6 + 100 * random.nextUniform() ** 4;
      expect(normalCdf(normalQuantile(p)) / p - 1).toBeCloseTo(0, 11);
      if (p === 1) continue;
      expect(studentCdf(studentQuantile(p, degrees), degrees) / p - 1).toBeCloseTo(0, 10);
      expect(chiSquareCdf(chiSquareQuantile(p, degrees), degrees) / p - 1).toBeCloseTo(0, 10);
      const numTrials = 1 + random.nextInteger(300);
      const k = binomialQuantile(p, numTrials, 0.2);
      expect(binomialCdf(k, numTrials, 0.2)).toBeGreaterThanOrEqual(p);
      expect(binomialCdf(k - 1, numTrials, 0.2)).toBeLessThan(p);
    }
  });

  test('roots are found to the last digits, of curves with kinks and of steep ones', () => {
    expect(rootBetween((x) => x ** 3 - 2, 0, 5)).toBeCloseTo(2 ** (1 / 3), 14);
    expect(rootBetween((x) => 1 - Math.exp(x - 700), 0, 1000)).toBeCloseTo(700, 10);
    expect(rootBetween((x) => Math.sign(x - 0.3) * Math.sqrt(Math.abs(x - 0.3)), -7, 11)).toBeCloseTo(0.3, 14);
    expect(rootAboveZero((x) => Math.log(x) - 50, 1)).toBeCloseTo(Math.exp(50), -8);
    expect(() => rootBetween((x) => x * x + 1, -1, 1)).toThrow(/no change of sign/);
  });
});
