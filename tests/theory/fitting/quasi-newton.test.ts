import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DifferentiableFunction, minimise } from '../../../src/theory/fitting/quasi-newton.ts';
import { expectClose } from '../../support/expect-close.ts';

/** Σ 100·(x[i+1] − x[i]²)² + (1 − x[i])², a bent valley with its minimum 0 at all ones. */
const rosenbrock: DifferentiableFunction = (x, gradient) => {
  let value = 0;
  gradient.fill(0);
  for (let i = 0; i + 1 < x.length; i++) {
    const [a, b] = [x[i] ?? 0, x[i + 1] ?? 0];
    const bend = b - a * a;
    value += 100 * bend * bend + (1 - a) ** 2;
    gradient[i] = (gradient[i] ?? 0) - 400 * a * bend - 2 * (1 - a);
    gradient[i + 1] = (gradient[i + 1] ?? 0) + 200 * bend;
  }
  return value;
};

/** ½ Σ scale[i]·(x[i] − centre[i])² */
const bowl =
  (scale: readonly number[], centre: readonly number[]): DifferentiableFunction =>
  (x, gradient) => {
    let value = 0;
    for (let i = 0; i < x.length; i++) {
      const off = (x[i] ?? 0) - (centre[i] ?? 0);
      gradient[i] = (scale[i] ?? 0) * off;
      value += ((scale[i] ?? 0) * off * off) / 2;
    }
    return value;
  };

describe('minimise', () => {
  test('finds the end of a bent valley in two and in five variables', () => {
    for (const start of [
      [-1.2, 1],
      [-1, 2, -0.5, 1.5, 0.3],
    ]) {
      const { point, converged, numEvaluations } = minimise(rosenbrock, start);
      expect(converged).toBe(true);
      expectClose(
        point,
        start.map(() => 1),
        1e-8,
      );
      expect(numEvaluations).toBeLessThan(250);
    }
  });

  test('finds the bottom of any bowl, be it a million times steeper one way than another', () => {
    const axis = fc.record({
      power: fc.double({ min: -3, max: 3, noNaN: true }),
      centre: fc.double({ min: -10, max: 10, noNaN: true }),
      start: fc.double({ min: -10, max: 10, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(axis, { minLength: 1, maxLength: 5 }), (axes) => {
        const scale = axes.map(({ power }) => 10 ** power);
        const centre = axes.map((one) => one.centre);
        const found = minimise(
          bowl(scale, centre),
          axes.map(({ start }) => start),
        );
        expect(found.converged).toBe(true);
        expectClose(found.point, centre, 1e-5);
      }),
      { numRuns: 200 },
    );
  });

  test('learns the inverse of the Hessian, and from it another bowl of that shape is found at once', () => {
    const scale = [1, 10, 100];
    const first = minimise(bowl(scale, [1, 2, 3]), [0, 0, 0]);
    const { numEvaluations, point } = minimise(bowl(scale, [4, -2, 1]), [0, 0, 0], {
      inverseHessian: Float64Array.of(1, 0, 0, 0, 0.1, 0, 0, 0, 0.01),
    });
    expectClose(point, [4, -2, 1], 1e-9);
    expect(numEvaluations).toBeLessThanOrEqual(3);
    expect(numEvaluations).toBeLessThan(first.numEvaluations);
    const diagonal = [0, 4, 8].map((i) => (first.inverseHessian[i] ?? 0) * (scale[i / 4] ?? 0));
    expectClose(diagonal, [1, 1, 1], 0.05);
  });

  test('comes to rest in a kink, where no gradient vanishes', () => {
    const kink: DifferentiableFunction = (x, gradient) => {
      const [a, b] = [(x[0] ?? 0) - 1, (x[1] ?? 0) + 2];
      gradient[0] = Math.sign(a) + 0.2 * a;
      gradient[1] = 10 * Math.sign(b);
      return Math.abs(a) + 0.1 * a * a + 10 * Math.abs(b);
    };
    const { point, converged } = minimise(kink, [5, 7]);
    expect(converged).toBe(true);
    expectClose(point, [1, -2], 1e-6);
  });

  test('steps back from where the function is infinite or no number', () => {
    const wall: DifferentiableFunction = (x, gradient) => {
      const a = x[0] ?? 0;
      gradient[0] = a > 0 ? 1 - 1 / a : Number.NaN;
      return a > 0 ? a - Math.log(a) : Number.POSITIVE_INFINITY;
    };
    expectClose(minimise(wall, [30]).point, [1], 1e-7);
    expectClose(minimise(wall, [1e-3]).point, [1], 1e-7);
    const cliff: DifferentiableFunction = (x, gradient) => {
      const a = x[0] ?? 0;
      gradient[0] = 2 * a;
      return a > 0.5 ? a * a : Number.NaN;
    };
    const [edge = 0] = minimise(cliff, [0.55]).point;
    expect(edge).toBeGreaterThan(0.5);
    expect(edge).toBeLessThan(0.501);
  });

  test('does not stop because the value is small: a bowl scaled by 1e-7 ends in the same place', () => {
    const tiny: DifferentiableFunction = (x, gradient) => {
      const value = rosenbrock(x, gradient);
      for (let i = 0; i < x.length; i++) gradient[i] = (gradient[i] ?? 0) * 1e-7;
      return value * 1e-7;
    };
    expectClose(minimise(tiny, [-1.2, 1], { gradientTolerance: 1e-15 }).point, [1, 1], 1e-6);
  });

  test('says so when the evaluations run out', () => {
    for (let maxEvaluations = 1; maxEvaluations < 30; maxEvaluations++) {
      const { converged, numEvaluations } = minimise(rosenbrock, [-1.2, 1], { maxEvaluations });
      expect(converged).toBe(false);
      expect(numEvaluations).toBeLessThanOrEqual(maxEvaluations);
    }
    const found = minimise(rosenbrock, [-1.2, 1], { maxEvaluations: 10 });
    expect(found.value).toBeLessThan(rosenbrock(Float64Array.of(-1.2, 1), new Float64Array(2)));
  });

  test('stays where it is at a minimum, and leaves the start untouched', () => {
    const start = Float64Array.of(1, 1);
    const { point, numEvaluations } = minimise(rosenbrock, start);
    expect([...point]).toEqual([1, 1]);
    expect(numEvaluations).toBe(1);
    const other = Float64Array.of(-1.2, 1);
    minimise(rosenbrock, other);
    expect([...other]).toEqual([-1.2, 1]);
  });
});
