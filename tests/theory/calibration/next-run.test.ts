import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { lawAt, refineLaw, thetaOf } from '../../../src/theory/fitting/law-search.ts';
import { observationsOf } from '../../../src/theory/fitting/observations.ts';
import {
  type ComputePoint,
  type IntervalCalibration,
  lossOf,
  nextRunAdvice,
  type PredictionTarget,
  type ScalingLaw,
} from '../../../src/theory/index.ts';

const law: ScalingLaw = { E: 1.8, A: 480, alpha: 0.35, B: 2100, beta: 0.37 };
const noise = 0.002;
/** A law whose form a hindcast found nothing wrong with. */
const errors = { residual: noise, hindcast: 0 };
const target = { numParameters: 4e9, numTokens: 8e10 };

const designed = (sizes: readonly number[], ratios: readonly number[]): PredictionTarget[] =>
  sizes.flatMap((numParameters) => ratios.map((ratio) => ({ numParameters, numTokens: ratio * numParameters })));
const exact = (point: PredictionTarget): ComputePoint => ({
  ...point,
  loss: lossOf(law, point.numParameters, point.numTokens),
});
const points = designed([1e7, 3e7, 1e8, 3e8], [5, 20, 80]).map(exact);

/** A calibration under which the form of the law errs more the further it reaches, or (growth 0) never. */
const calibrationOf = (growth: number): IntervalCalibration => ({
  factors: [1, 1000],
  quantile80: [1, 1 + growth],
  quantile95: [2, 2 + 2 * growth],
  scaleFloor: 1e-9,
  source: 'a test',
});

/** Standard deviation of ln prediction − ln truth over worlds with other noise, each fitted anew. */
function simulatedDeviation(design: readonly ComputePoint[], numWorlds: number): number {
  const stream = randomStream(7, 'worlds');
  const truth = lossOf(law, target.numParameters, target.numTokens);
  let squares = 0;
  for (let world = 0; world < numWorlds; world++) {
    const noisy = design.map((point) => ({ ...point, loss: point.loss * Math.exp(noise * stream.nextNormal()) }));
    // Least squares of ln loss from the truth, which the linearised design stands for: a delta that no residual exceeds.
    const observations = observationsOf(noisy);
    const goal = { observations, delta: 1, prior: undefined, isAbsent: [false, false, false] as const };
    const refitted = lawAt(refineLaw(goal, thetaOf(law, observations)).point, observations);
    squares += Math.log(lossOf(refitted, target.numParameters, target.numTokens) / truth) ** 2;
  }
  return Math.sqrt(squares / numWorlds);
}

describe('nextRunAdvice', () => {
  it('says what brute force says: worlds with other noise, fitted anew with and without the candidate', () => {
    const candidates = [
      { numParameters: 1e9, numTokens: 2e10 },
      { numParameters: 1e9, numTokens: 1e9 },
      { numParameters: 3e8, numTokens: 1.2e11 },
    ];
    const advice = nextRunAdvice({ points, law, errors }, candidates, target, { calibration: calibrationOf(0) });
    // The interval is about the loss of a training, which has noise of its own beside the error of the law.
    const withNoise = (deviation: number): number => 1.96 * Math.hypot(deviation, noise);
    const numWorlds = 300;
    const before = withNoise(simulatedDeviation(points, numWorlds));
    expect(advice.halfWidthBefore / before).toBeGreaterThan(0.8);
    expect(advice.halfWidthBefore / before).toBeLessThan(1.2);
    const simulated = advice.ranked.map(({ candidate, halfWidthAfter }) => {
      const after = withNoise(simulatedDeviation([...points, exact(candidate)], numWorlds));
      expect(halfWidthAfter / after).toBeGreaterThan(0.8);
      expect(halfWidthAfter / after).toBeLessThan(1.2);
      return { candidate, after };
    });
    const bySimulation = simulated.toSorted((a, b) => a.after - b.after).map(({ candidate }) => candidate);
    const byDesign = advice.ranked
      .toSorted((a, b) => a.halfWidthAfter - b.halfWidthAfter)
      .map(({ candidate }) => candidate);
    expect(byDesign).toEqual(bySimulation);
  });

  it('prefers a large training where the form of the law is in doubt', () => {
    const calibration = calibrationOf(20);
    const candidates = designed([5e8, 2e9], [20]);
    const { halfWidthBefore, ranked } = nextRunAdvice({ points, law, errors }, candidates, target, { calibration });
    const [small, large] = candidates.map((candidate) => ranked.find((worth) => worth.candidate === candidate));
    expect(large?.halfWidthAfter).toBeLessThan(0.8 * (small?.halfWidthAfter ?? 0));
    expect(small?.halfWidthAfter).toBeLessThan(halfWidthBefore);
  });

  it('ranks by what a floating-point operation narrows', () => {
    const cheap = { numParameters: 1e9, numTokens: 2e10, flops: 1e19 };
    const dear = { ...cheap, flops: 1.1e19 };
    const { ranked } = nextRunAdvice({ points, law, errors }, [dear, cheap], target, { calibration: calibrationOf(0) });
    expect(ranked.map(({ candidate }) => candidate)).toEqual([cheap, dear]);
    const [first, second] = ranked.map(({ narrowingPerFlop }) => narrowingPerFlop);
    expect((first ?? 0) / (second ?? 1)).toBeCloseTo(1.1, 10);
  });

  it('never widens an interval, and narrows none below the noise of a training', () => {
    const candidates = designed([1e6, 1e7, 1e8, 1e9, 1e10], [1, 10, 100, 1000]);
    const { halfWidthBefore, ranked } = nextRunAdvice({ points, law, errors }, candidates, target);
    for (const { halfWidthAfter } of ranked) {
      expect(halfWidthAfter).toBeLessThanOrEqual(halfWidthBefore);
      expect(halfWidthAfter).toBeGreaterThan(1.96 * noise);
    }
  });

  it('has finite numbers where a law meets its few points to the last digit', () => {
    const perfect = { points, law, errors: { residual: 1e-13, hindcast: 0 } };
    const { halfWidthBefore, ranked } = nextRunAdvice(perfect, [{ numParameters: 1e9, numTokens: 2e10 }], target);
    expect(halfWidthBefore).toBeGreaterThan(0);
    expect(ranked[0]?.halfWidthAfter).toBeLessThan(halfWidthBefore);
  });
});
