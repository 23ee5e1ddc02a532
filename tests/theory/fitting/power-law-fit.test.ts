import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { fitPowerLaw } from '../../../src/theory/fitting/power-law-fit.ts';
import { expectClose } from '../../support/expect-close.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';

describe('fitPowerLaw', () => {
  test('recovers any power law, with no error left', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 4, maxLength: 4 }),
        (exponent, coefficient, weights) => {
          const pairs = [1, 10, 300, 1e6].map((x) => [x, coefficient * x ** exponent] as const);
          const fit = fitPowerLaw(pairs, weights);
          expectClose([fit.exponent, fit.coefficient / coefficient], [exponent, 1], 1e-9);
          expectClose([fit.standardError ?? 1], [0], 1e-9);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('gives the errors of the textbook on a small example', () => {
    // ln x = 0, 1, 2, 3 and ln y = 1, 3, 2, 5: slope 1.1, residuals −0.1, 0.8, −1.3, 0.6, whose squares sum to 2.7.
    const pairs = [1, 3, 2, 5].map((lny, i) => [Math.exp(i), Math.exp(lny)] as const);
    const fit = fitPowerLaw(pairs);
    const standardError = Math.sqrt(2.7 / 2 / 5);
    expectClose([fit.exponent, fit.standardError ?? 0, fit.deviation ?? 0], [1.1, standardError, Math.sqrt(1.35)]);
    // t with 2 degrees of freedom: 1.885618 at 90 %, 4.302653 at 97.5 %.
    const [low80 = 0, high80 = 0] = fit.estimate?.interval80 ?? [];
    const [low95 = 0, high95 = 0] = fit.estimate?.interval95 ?? [];
    expectClose(
      [low80, high80, low95, high95],
      [
        1.1 - 1.8856181 * standardError,
        1.1 + 1.8856181 * standardError,
        1.1 - 4.3026527 * standardError,
        1.1 + 4.3026527 * standardError,
      ],
      1e-6,
    );
  });

  test('a pair of weight three is three pairs, and only ratios of weights matter', () => {
    const pairs = [1, 3, 2, 5].map((lny, i) => [Math.exp(i), Math.exp(lny)] as const);
    const [a, b, c, d] = pairs as [readonly [number, number], ...(readonly [number, number])[]];
    const thrice = fitPowerLaw([a, a, a, ...[b, c, d].flatMap((pair) => (pair ? [pair] : []))]);
    const weighted = fitPowerLaw(pairs, [3, 1, 1, 1]);
    expectClose([weighted.exponent, weighted.coefficient], [thrice.exponent, thrice.coefficient]);
    const scaled = fitPowerLaw(pairs, [30, 10, 10, 10]);
    expectClose([scaled.exponent, scaled.standardError ?? 0], [weighted.exponent, weighted.standardError ?? 1]);
  });

  test('its 95 % interval holds the true exponent about 95 times in a hundred, with few points and unequal noise', () => {
    const stream = randomStream(11, 'test.power-law');
    const deviations = [0.05, 0.1, 0.1, 0.3, 0.2];
    let numHeld = 0;
    const numTrials = 2_000;
    for (let trial = 0; trial < numTrials; trial++) {
      const pairs = deviations.map((deviation, i) => {
        const x = 10 ** i;
        return [x, 4 * x ** 0.5 * Math.exp(deviation * stream.nextNormal())] as const;
      });
      const fit = fitPowerLaw(
        pairs,
        deviations.map((deviation) => deviation ** -2),
      );
      const [low = 1, high = 0] = fit.estimate?.interval95 ?? [];
      if (low <= 0.5 && 0.5 <= high) numHeld++;
    }
    // Four standard deviations of a binomial share are 0.0195.
    expect(Math.abs(numHeld / numTrials - 0.95)).toBeLessThan(0.0195);
  });

  test('through two pairs it is exact, and no error is known', () => {
    const fit = fitPowerLaw([
      [1, 2],
      [4, 4],
    ]);
    expectClose([fit.exponent, fit.coefficient], [0.5, 2]);
    expect(fit).toMatchObject({ numPoints: 2, standardError: null, estimate: null, deviation: null });
  });

  test.each([
    ['one pair', [[1, 2]], undefined, /fewer than two different x/],
    [
      'pairs of one x',
      [
        [1, 2],
        [1, 3],
      ],
      undefined,
      /fewer than two different x/,
    ],
    [
      'a zero',
      [
        [1, 2],
        [2, 0],
      ],
      undefined,
      /pair 2 of 2 is \(2, 0\)/,
    ],
    [
      'no number',
      [
        [Number.NaN, 2],
        [2, 1],
      ],
      undefined,
      /pair 1 of 2 is \(NaN, 2\)/,
    ],
    [
      'too few weights',
      [
        [1, 2],
        [2, 3],
      ],
      [1],
      /1 weights for 2 pairs/,
    ],
    [
      'a weight of zero',
      [
        [1, 2],
        [2, 3],
      ],
      [1, 0],
      /pair 2 has the weight 0/,
    ],
  ] as const)('refuses %s', (_, pairs, weights, message) => {
    const error = refusalOf(() => fitPowerLaw(pairs, weights));
    expectRefusal(error, 'usage');
    expect(error.message).toMatch(message);
  });
});
