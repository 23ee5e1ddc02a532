import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  calibratedHalfWidth,
  type IntervalCalibration,
  lossOf,
  lossPredictor,
  predictionInterval,
  type ScalingLaw,
  shippedCalibration,
} from '../../../src/theory/index.ts';

const law: ScalingLaw = { E: 1.8, A: 480, alpha: 0.35, B: 2100, beta: 0.37 };
const target = { numParameters: 3e9, numTokens: 6e10 };

function ladder(noise: number, seed = 1) {
  const stream = randomStream(seed, 'ladder');
  return [1e7, 3e7, 1e8, 3e8, 1e9].flatMap((numParameters) =>
    [5, 10, 20, 40].map((ratio) => {
      const numTokens = ratio * numParameters;
      return {
        numParameters,
        numTokens,
        loss: lossOf(law, numParameters, numTokens) * Math.exp(noise * stream.nextNormal()),
      };
    }),
  );
}

/** A calibration whose intervals are so narrow, or so wide, that they never, or always, decide. */
const constant = (quantile: number): IntervalCalibration => ({
  factors: [1, 100],
  quantile80: [quantile, quantile],
  quantile95: [2 * quantile, 2 * quantile],
  scaleFloor: 1e-6,
  source: 'a test',
});

const halfWidth = ([low, high]: readonly [number, number]): number => Math.log(high / low) / 2;

describe('lossPredictor', () => {
  const points = ladder(0.003);
  const options = { numResamples: 60, seed: 2 };
  const predictor = lossPredictor(points, options);
  const prediction = predictor.predict(target);

  it('predicts the loss of the law, with the truth of this seed inside', () => {
    const { estimate, extrapolation } = prediction;
    expect(estimate.value).toBe(lossOf(predictor.fit.law, target.numParameters, target.numTokens));
    expect(extrapolation).toBeCloseTo((3e9 * 6e10) / (1e9 * 4e10), 12);
    const truth = lossOf(law, target.numParameters, target.numTokens);
    expect(estimate.interval80[0]).toBeLessThan(truth);
    expect(estimate.interval80[1]).toBeGreaterThan(truth);
  });

  it('takes at each end the larger of resampling and back-tests', () => {
    const { calibrated, band, secondOpinion } = prediction;
    expect(secondOpinion.note).toBeNull();
    for (const level of ['interval80', 'interval95'] as const) {
      expect(prediction.estimate[level]).toEqual([
        Math.min(calibrated[level][0], band.withResiduals[level][0]),
        Math.max(calibrated[level][1], band.withResiduals[level][1]),
      ]);
    }
    const wide = predictionInterval(points, target, { ...options, calibration: constant(100) });
    expect(halfWidth(wide.interval95)).toBeGreaterThan(10 * halfWidth(band.withResiduals.interval95));
    const narrow = lossPredictor(points, { ...options, calibration: constant(0.01) }).predict(target);
    expect(narrow.band).toEqual(band);
    expect(narrow.estimate.interval95[0]).toBeLessThanOrEqual(band.withResiduals.interval95[0]);
  });

  it('gives intervals of the back-tests that are multiplicative about the loss', () => {
    const half = calibratedHalfWidth(shippedCalibration, 0.95, prediction.extrapolation, predictor.errors);
    const { value, interval95 } = prediction.calibrated;
    expect(interval95[0] * interval95[1]).toBeCloseTo(value ** 2, 10);
    expect(halfWidth(interval95)).toBeCloseTo(half, 12);
  });

  it('gives wider intervals to a table that its law meets less well', () => {
    const clean = lossPredictor(ladder(0.001), options).predict(target);
    const rough = lossPredictor(ladder(0.02), options).predict(target);
    expect(halfWidth(rough.calibrated.interval95)).toBeGreaterThan(2 * halfWidth(clean.calibrated.interval95));
  });

  it('is a function of its seed', () => {
    expect(predictionInterval(points, target, options)).toEqual(prediction.estimate);
    const other = lossPredictor(points, { ...options, seed: 3 }).predict(target);
    expect(other.band).not.toEqual(prediction.band);
    expect(other.calibrated).toEqual(prediction.calibrated);
  });

  it('says where a forecast reaches further than was ever checked', () => {
    expect(prediction.notes).toEqual([]);
    const far = predictor.predict({ numParameters: 3e11, numTokens: 6e12 });
    expect(far.notes.join(' ')).toContain('no more than 100 times was ever checked');
  });

  it('says where a target has more or fewer tokens per parameter than was measured', () => {
    const { notes } = predictor.predict({ numParameters: 1e9, numTokens: 1e11 });
    expect(notes).toEqual(['The target has 100 tokens per parameter, and the law was measured from 5.00 to 40.0.']);
    const many = predictor.predict({ numParameters: 1e7, numTokens: 1.234e11 }).notes;
    expect(many.join(' ')).toContain('has 12,340 tokens per parameter');
  });

  it('says where a ladder is too small for its intervals to have been checked', () => {
    const { notes } = lossPredictor(points.slice(0, 8), options).predict({ numParameters: 3e7, numTokens: 6e8 });
    expect(notes.join(' ')).toContain('rests on 8 trainings with too few sizes or durations');
  });

  it('widens its intervals to a second opinion that lies outside them, and says so', () => {
    // A floor of zero, which the weak prior does not believe in.
    const odd: ScalingLaw = { E: 0, A: 12, alpha: 0.08, B: 14, beta: 0.09 };
    const points = ladder(0).map((point) => ({ ...point, loss: lossOf(odd, point.numParameters, point.numTokens) }));
    const far = { numParameters: 1e11, numTokens: 2e12 };
    const { estimate, secondOpinion, notes } = lossPredictor(points, {
      ...options,
      calibration: constant(0.01),
    }).predict(far);
    expect(secondOpinion.agrees).toBe(false);
    expect(secondOpinion.value).toBeGreaterThan(estimate.value);
    expect(estimate.interval80[1]).toBe(secondOpinion.value);
    expect(estimate.interval95[1]).toBe(secondOpinion.value);
    expect(notes[0]).toMatch(/^A fit with a weak prior .* outside the interval of 95 %/);
  });
});
