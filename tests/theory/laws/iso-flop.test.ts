import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  computeOptimum,
  fitIsoFlop,
  type IsoFlopFit,
  type IsoFlopPoint,
  isoFlopOptimum,
  lossOf,
  powerLawAt,
  type ScalingLaw,
} from '../../../src/theory/index.ts';
import { describeWithTable, numberIn, textIn, theoryTable } from '../../support/theory-tables.ts';
import { asymmetric, hoffmann, symmetric } from './laws-of-papers.ts';

const budgets = [1e17, 1e18, 1e19, 1e20, 1e21];

/** Points at so many sizes around the optimum of each budget, the outermost at D so many times less and more than the best. */
function design(law: ScalingLaw, factor: number, numPoints = 15): IsoFlopPoint[] {
  return budgets.flatMap((flops) => {
    const best = computeOptimum(law, flops).numTokens;
    return Array.from({ length: numPoints }, (_, i) => {
      const numTokens = best * factor ** ((2 * i) / (numPoints - 1) - 1);
      const numParameters = flops / (6 * numTokens);
      return { flops, numParameters, numTokens, loss: lossOf(law, numParameters, numTokens) };
    });
  });
}

function fitted(points: readonly IsoFlopPoint[], options?: Parameters<typeof fitIsoFlop>[1]): IsoFlopFit {
  const fit = fitIsoFlop(points, options);
  if (fit === undefined) throw new Error('the design has no fit');
  return fit;
}

/** The vertex of the least-squares parabola by the normal equations, solved by Cramer's rule around a given origin. */
function slowVertex(xs: readonly number[], ys: readonly number[], origin: number): number {
  const moment = (power: number, weights?: readonly number[]): number =>
    xs.reduce((sum, x, i) => sum + (x - origin) ** power * (weights?.[i] ?? 1), 0);
  const [n, m1, m2, m3, m4] = [xs.length, moment(1), moment(2), moment(3), moment(4)];
  const [y0, y1, y2] = [moment(0, ys), moment(1, ys), moment(2, ys)];
  const determinant = (a: number[][]): number => {
    const [[a1, a2, a3], [b1, b2, b3], [c1, c2, c3]] = a as [number[], number[], number[]] as [
      [number, number, number],
      [number, number, number],
      [number, number, number],
    ];
    return a1 * (b2 * c3 - b3 * c2) - a2 * (b1 * c3 - b3 * c1) + a3 * (b1 * c2 - b2 * c1);
  };
  const slope = determinant([
    [n, y0, m2],
    [m1, y1, m3],
    [m2, y2, m4],
  ]);
  const curvature = determinant([
    [n, m1, y0],
    [m1, m2, y1],
    [m2, m3, y2],
  ]);
  return origin - slope / (2 * curvature);
}

describe('approach 2', () => {
  test('errs by the per cents that were computed for three laws and four widths', () => {
    const expected = [
      [symmetric, [0, 0, 0, 0]],
      [hoffmann, [-0.326938, -1.301125, -2.902905, -5.100245]],
      [asymmetric, [-1.674748, -6.497779, -13.910419, -23.116308]],
    ] as const;
    for (const [law, errors] of expected) {
      for (const [i, factor] of [2, 4, 8, 16].entries()) {
        const { numTokens } = isoFlopOptimum(fitted(design(law, factor)), 1e24);
        const percent = 100 * (numTokens / computeOptimum(law, 1e24).numTokens - 1);
        expect(Math.abs(percent - (errors[i] as number))).toBeLessThan(law === symmetric ? 1e-6 : 1e-4);
      }
    }
  });

  test('finds the exponents of noise-free laws exactly, along either axis', () => {
    for (const law of [symmetric, hoffmann, asymmetric]) {
      for (const axis of ['tokens', 'parameters'] as const) {
        const { parameters, tokens } = fitted(design(law, 8), { axis });
        expect(Math.abs(parameters.exponent - law.beta / (law.alpha + law.beta))).toBeLessThan(1e-6);
        expect(Math.abs(tokens.exponent - law.alpha / (law.alpha + law.beta))).toBeLessThan(1e-6);
      }
    }
  });

  test('has its vertices where the normal equations put them, for any losses', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 7, max: 9, noNaN: true }), fc.double({ min: 2, max: 4, noNaN: true })), {
          minLength: 4,
          maxLength: 12,
        }),
        (pairs) => {
          const logs = pairs.map(([log]) => log);
          fc.pre(new Set(logs.map((log) => log.toFixed(2))).size >= 4);
          const points = budgets.flatMap((flops) =>
            pairs.map(([log, loss]) => ({ flops, numTokens: 10 ** log, numParameters: flops / 6 / 10 ** log, loss })),
          );
          const first = fitIsoFlop(points)?.budgets[0];
          fc.pre(first !== undefined && first.curvature > 1e-2);
          const slow = slowVertex(
            logs,
            pairs.map(([, loss]) => loss),
            8,
          );
          expect(Math.log10(first?.numTokens ?? 0) - slow).toBeCloseTo(0, 5);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('keeps C = 6·N·D, or with another number of FLOPs', () => {
    for (const flopsPerParameterToken of [6, 9]) {
      const { numParameters, numTokens } = isoFlopOptimum(
        fitted(design(hoffmann, 4), { flopsPerParameterToken }),
        1e24,
      );
      expect((flopsPerParameterToken * numParameters * numTokens) / 1e24).toBeCloseTo(1, 9);
    }
  });

  test('comes within a tenth of a per cent of the exponents of Llama 3, on a synthetic table of its shape', () => {
    // In place of the digitised table: 10 budgets and 133 runs around D* = 0.299·C^0.5368, with the noise of reading a figure.
    const noise = randomStream(7, 'iso-flop');
    const points = Array.from({ length: 10 }, (_, i) => 6e18 * (1e22 / 6e18) ** (i / 9)).flatMap((flops, i) => {
      const best = 0.299 * flops ** 0.5368;
      const floor = 0.6 + 60 * flops ** -0.1;
      return Array.from({ length: i < 7 ? 13 : 14 }, (_, j) => {
        const off = (j - 6.5) / 7;
        const numTokens = best * 10 ** off;
        const loss = floor + 0.05 * off * off + 1e-4 * noise.nextNormal();
        return { flops, numTokens, numParameters: flops / (6 * numTokens), loss };
      });
    });
    expect(points.length).toBe(133);
    const { tokens, parameters } = fitted(points);
    expect(Math.abs(tokens.exponent - 0.5368)).toBeLessThan(1e-3);
    expect(Math.abs(parameters.exponent - 0.4632)).toBeLessThan(1e-3);
    expect(Math.abs(powerLawAt(tokens, 3.8e25) / 1e12 - 16.1)).toBeLessThan(0.1);
  });
});

describe('the warnings of approach 2', () => {
  test('name a budget whose optimum lies outside of its points', () => {
    const points = design(hoffmann, 4).filter(
      ({ flops, numTokens }) => flops !== 1e19 || numTokens > 1.5 * computeOptimum(hoffmann, 1e19).numTokens,
    );
    const { budgets: found, warnings } = fitted(points);
    expect(found.map(({ isBracketed }) => isBracketed)).toEqual([true, true, false, true, true]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/1\.00e\+19 FLOPs has its optimum at .* tokens, outside its points .*: add runs there/);
  });

  test('are none for a design that surrounds its optima', () => {
    expect(fitted(design(hoffmann, 4)).warnings).toEqual([]);
  });

  test('name budgets without a minimum and with too few sizes, which are left out', () => {
    const upsideDown = design(hoffmann, 4).map((point) =>
      point.flops === 1e17 ? { ...point, loss: 5 - point.loss } : point,
    );
    const thin = upsideDown.filter(({ flops }, i) => flops !== 1e18 || i % 15 < 2);
    const { budgets: found, warnings } = fitted(thin);
    expect(found.map(({ flops }) => flops)).toEqual([1e19, 1e20, 1e21]);
    expect(warnings[0]).toMatch(/1\.00e\+17 FLOPs is left out: its loss has no minimum/);
    expect(warnings[1]).toMatch(/1\.00e\+18 FLOPs is left out: 2 sizes are too few/);
  });

  test('name a budget whose vertex is further outside of its points than they span', () => {
    const far = design(hoffmann, 4).filter(
      ({ flops, numTokens }) => flops !== 1e19 || numTokens > 2.5 * computeOptimum(hoffmann, 1e19).numTokens,
    );
    const { budgets: found, warnings } = fitted(far);
    expect(found.map(({ flops }) => flops)).toEqual([1e17, 1e18, 1e20, 1e21]);
    expect(warnings).toEqual([
      expect.stringMatching(/1\.00e\+19 FLOPs is left out: its loss has no minimum among or near/),
    ]);
  });

  test('say that a wide parabola is biased', () => {
    expect(fitted(design(hoffmann, 16)).warnings.join()).toMatch(/spans a factor of 256/);
  });

  test('give way to no fit at all below two budgets, and to an error for runs that did not finish', () => {
    const one = design(hoffmann, 4).filter(({ flops }) => flops === 1e20);
    expect(fitIsoFlop(one)).toBeUndefined();
    expect(() => fitIsoFlop([{ ...(one[0] as IsoFlopPoint), loss: Number.NaN }])).toThrow(
      /loss NaN, expected a finite/,
    );
  });
});

describeWithTable('approach 2 on the runs of Porian et al.', 'porian2024_isoflop_points', (rows) => {
  const configuration = ['dataset', 'hparams', 'warmup', 'decay', 'param_count', 'split'];
  const nameOf = (row: Readonly<Record<string, string>>) => configuration.map((column) => textIn(row, column)).join();

  test('comes near the exponents of all fifteen published configurations, which were found by interpolation', () => {
    const published = theoryTable('porian2024_fits') ?? [];
    expect(published).toHaveLength(15);
    for (const fit of published) {
      const points = rows
        .filter((row) => nameOf(row) === nameOf(fit))
        .map((row) => ({
          flops: numberIn(row, 'flops'),
          numParameters: numberIn(row, 'n'),
          numTokens: numberIn(row, 'tokens'),
          loss: numberIn(row, 'loss'),
        }));
      const best = new Map<number, IsoFlopPoint>();
      for (const point of points) if (!((best.get(point.flops)?.loss ?? 99) < point.loss)) best.set(point.flops, point);
      const near = points.filter(
        ({ flops, numTokens }) => Math.abs(Math.log(numTokens / (best.get(flops)?.numTokens ?? 0))) < Math.log(8),
      );
      const { parameters } = fitted(near, { axis: 'parameters' });
      expect(Math.abs(parameters.exponent - numberIn(fit, 'n_exponent'))).toBeLessThan(0.08);
    }
  });
});
