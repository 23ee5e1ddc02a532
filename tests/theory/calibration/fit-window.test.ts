import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { fitWindow } from '../../../src/theory/calibration/fit-window.ts';
import { type ComputePoint, lossOf, type ScalingLaw } from '../../../src/theory/index.ts';

const law: ScalingLaw = { E: 0.9, A: 11, alpha: 0.3, B: 60, beta: 0.36 };
/** Six sizes of six lengths each, over three decades of compute, whose losses follow the law up to seeds. */
function trainings(seed: number, extra: (flops: number) => number = () => 0): ComputePoint[] {
  const random = randomStream(seed, 'fit-window');
  return [1, 2, 4, 8, 16, 32].flatMap((size) =>
    [1, 2, 4, 8, 16, 32].map((length) => {
      const [numParameters, numTokens] = [2e5 * size, 1e5 * length];
      const flops = 6 * numParameters * numTokens;
      const noise = 0.002 * random.nextNormal();
      return {
        numParameters,
        numTokens,
        flops,
        loss: lossOf(law, numParameters, numTokens) * Math.exp(noise + extra(flops)),
      };
    }),
  );
}

describe('the trainings that a law is fitted to', () => {
  test('are all where one law holds: what seeds differ by leaves none out', () => {
    for (let seed = 0; seed < 5; seed++) {
      const points = trainings(seed);
      expect(fitWindow(points)).toEqual({ points, leastFlops: 0 });
    }
  });

  test('are the larger ones where the smallest follow another law', () => {
    const from = 1e13;
    const points = trainings(1, (flops) => 0.3 * Math.max(0, Math.log(from / flops)));
    const { points: kept, leastFlops } = fitWindow(points);
    expect(leastFlops).toBeGreaterThan(0);
    expect(kept).toEqual(points.filter(({ flops = 0 }) => flops >= leastFlops));
    expect(kept.length).toBeLessThan(points.length);
  });

  test('are all where they are too few to tell', () => {
    const points = trainings(1, (flops) => (flops < 1e13 ? 0.5 : 0)).slice(0, 8);
    expect(fitWindow(points)).toEqual({ points, leastFlops: 0 });
  });
});
