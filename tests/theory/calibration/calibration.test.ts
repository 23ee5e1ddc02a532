import { describe, expect, it } from 'vitest';
import {
  calibratedHalfWidth,
  type IntervalCalibration,
  intervalCalibrationSchema,
  shippedCalibration,
} from '../../../src/theory/index.ts';

const errors = { residual: 0.004, hindcast: 0.005 };
const factors = Array.from({ length: 400 }, (_, i) => 1000 ** (i / 399));

describe('calibratedHalfWidth', () => {
  it('never descends as the forecast reaches further, and has no jumps', () => {
    for (const level of [0.8, 0.95] as const) {
      const widths = factors.map((factor) => calibratedHalfWidth(shippedCalibration, level, factor, errors));
      const steps = widths.slice(1).map((width, i) => width - (widths[i] ?? 0));
      expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
      // 400 steps over the whole range: none takes more than a fiftieth of it.
      expect(Math.max(...steps)).toBeLessThan(((widths.at(-1) ?? 0) - (widths[0] ?? 0)) / 50);
    }
  });

  it('is wider at 95 % than at 80 %, and goes on growing beyond the last factor', () => {
    for (const factor of factors) {
      const [narrow, wide] = [0.8, 0.95].map((level) =>
        calibratedHalfWidth(shippedCalibration, level === 0.8 ? 0.8 : 0.95, factor, errors),
      );
      expect(wide).toBeGreaterThan(narrow ?? Number.NaN);
    }
    const at = (factor: number): number => calibratedHalfWidth(shippedCalibration, 0.95, factor, errors);
    expect(at(1000)).toBeGreaterThan(at(100));
  });

  it('gives the quantile of a factor exactly, times the scale of errors of the fit at that factor', () => {
    const calibration: IntervalCalibration = {
      factors: [1, 10],
      quantile80: [2, 3],
      quantile95: [4, 6],
      scaleFloor: 0.012,
      source: 'a test',
    };
    const scale = (factor: number): number => Math.hypot(0.004, 0.003 * (1 + Math.log(factor)), 0.012);
    const at = (factor: number): number =>
      calibratedHalfWidth(calibration, 0.95, factor, { residual: 0.004, hindcast: 0.003 });
    expect(at(1)).toBeCloseTo(4 * scale(1), 12);
    expect(at(10)).toBeCloseTo(6 * scale(10), 12);
    expect(at(Math.sqrt(10))).toBeCloseTo(5 * scale(Math.sqrt(10)), 12);
    expect(at(100)).toBeCloseTo(8 * scale(100), 12);
  });

  it('is several times wider for a table that its law meets to 2 % than for one that it meets to 0.1 %', () => {
    const clean = calibratedHalfWidth(shippedCalibration, 0.95, 4, { residual: 0.001, hindcast: 0.001 });
    const rough = calibratedHalfWidth(shippedCalibration, 0.95, 4, { residual: 0.02, hindcast: 0.02 });
    expect(rough / clean).toBeGreaterThan(3);
  });
});

describe('intervalCalibrationSchema', () => {
  it('takes the shipped calibration', () => {
    expect(intervalCalibrationSchema.safeParse(shippedCalibration).success).toBe(true);
  });

  it('refuses quantiles that descend or are missing', () => {
    const { quantile80 } = shippedCalibration;
    for (const wrong of [quantile80.toReversed(), quantile80.slice(1)]) {
      expect(intervalCalibrationSchema.safeParse({ ...shippedCalibration, quantile80: wrong }).success).toBe(false);
    }
  });
});
