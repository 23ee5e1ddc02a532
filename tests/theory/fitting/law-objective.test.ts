import fc from 'fast-check';
import { describe, test } from 'vitest';
import { huber, lawObjective, type NoisyPrior } from '../../../src/theory/fitting/law-objective.ts';
import { lawAt, thetaOf } from '../../../src/theory/fitting/law-search.ts';
import { observationsOf } from '../../../src/theory/fitting/observations.ts';
import { weakPrior } from '../../../src/theory/fitting/scaling-law-fit.ts';
import { lossOf } from '../../../src/theory/scaling-law.ts';
import { expectClose } from '../../support/expect-close.ts';
import { designPoints, generatedLaw } from './synthetic-points.ts';

const points = designPoints({ E: 1.7, A: 400, alpha: 0.34, B: 900, beta: 0.3 }).map((point, i) => ({
  ...point,
  loss: point.loss * Math.exp(0.01 * Math.sin(7 * i)),
}));
const weights = points.map((_, i) => 1 + (i % 3));
const prior: NoisyPrior = { ...weakPrior, noise: 0.004 };

describe('the objective of a fit', () => {
  test('is the scaled sum that its comment says, prior included', () => {
    const observations = observationsOf(points, weights);
    const law = { E: 1.5, A: 300, alpha: 0.3, B: 1000, beta: 0.32 };
    const residual = (i: number): number => {
      const { numParameters, numTokens, loss } = points[i] ?? { numParameters: 1, numTokens: 1, loss: 1 };
      return Math.log(lossOf(law, numParameters, numTokens) / loss);
    };
    const theta = thetaOf(law, observations);
    for (const delta of [1e-3, 0.02, 1]) {
      const sum = weights.reduce((total, weight, i) => total + weight * huber(residual(i), delta), 0);
      const scale = 100 / (delta * weights.reduce((a, b) => a + b, 0));
      expectClose([lawObjective(observations, delta, undefined)(theta, new Float64Array(5))], [scale * sum], 1e-10);
      const lowest = Math.min(...points.map(({ loss }) => loss));
      const offs = [(0.3 - 0.33) / 0.08, (0.32 - 0.37) / 0.1, (1.5 / lowest - 0.78) / 0.1];
      const penalty = (0.004 * Math.min(delta, 0.004) * offs.reduce((total, off) => total + off * off, 0)) / 2;
      const withPrior = lawObjective(observations, delta, prior)(theta, new Float64Array(5));
      expectClose([withPrior], [scale * (sum + penalty)], 1e-10);
    }
  });

  test('has the gradient that central differences give', () => {
    const observations = observationsOf(points, weights);
    fc.assert(
      fc.property(generatedLaw, fc.constantFrom(0.01, 1), fc.boolean(), (law, delta, hasPrior) => {
        const f = lawObjective(observations, delta, hasPrior ? prior : undefined);
        const theta = thetaOf(law, observations);
        const gradient = new Float64Array(5);
        f(theta, gradient);
        const width = 1e-6;
        const differences = gradient.map((_, i) => {
          const at = (step: number): number => {
            const moved = theta.slice();
            moved[i] = (moved[i] ?? 0) + step;
            return f(moved, new Float64Array(5));
          };
          return (at(width) - at(-width)) / (2 * width);
        });
        const size = Math.max(1, ...gradient.map(Math.abs));
        // Huber's function bends within a step of delta only, where the slope is off by half the bend.
        expectClose(
          gradient.map((x) => x / size),
          differences.map((x) => x / size),
          2e-4,
        );
      }),
      { numRuns: 100 },
    );
  });

  test('counts a point of weight two as two points', () => {
    const [first, ...rest] = points;
    if (first === undefined) throw new Error('there are points');
    const twice = observationsOf([first, ...rest], [2, ...rest.map(() => 1)]);
    const doubled = observationsOf([first, first, ...rest]);
    const law = { E: 1.5, A: 300, alpha: 0.3, B: 1000, beta: 0.32 };
    const [a, b] = [twice, doubled].map((observations) =>
      lawObjective(observations, 0.01, undefined)(thetaOf(law, observations), new Float64Array(5)),
    );
    expectClose([a ?? 0], [b ?? 1], 1e-12);
  });

  test('a law and its place in the search are the same thing', () => {
    fc.assert(
      fc.property(generatedLaw, (law) => {
        const observations = observationsOf(points);
        const back = lawAt(thetaOf(law, observations), observations);
        for (const name of ['E', 'A', 'alpha', 'B', 'beta'] as const) expectClose([back[name] / law[name]], [1], 1e-9);
      }),
    );
  });
});
