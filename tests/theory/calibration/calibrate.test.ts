import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import {
  type BackTestForecast,
  calibrate,
  calibratedHalfWidth,
  coverageOf,
  errorScale,
  leaveOneOutIntervals,
  shippedCalibration,
} from '../../../src/theory/index.ts';

const scaleFloor = shippedCalibration.scaleFloor;

/** Forecasts of tables whose laws err by a part of their own, and more the further they reach. */
function madeUpForecasts(numTables: number, numForecasts: number, seed: number, wildness = 1): BackTestForecast[] {
  const stream = randomStream(seed, 'forecasts');
  return Array.from({ length: numTables }, (_, i) => i).flatMap((i) => {
    const errors = { residual: 0.002 * Math.exp(stream.nextNormal()), hindcast: 0.003 * Math.exp(stream.nextNormal()) };
    const shared = stream.nextNormal();
    return Array.from({ length: numForecasts }, (): BackTestForecast => {
      const factor = Math.exp(4 * stream.nextUniform());
      const size = errorScale(errors, factor, scaleFloor) * (1 + Math.log(factor) / 2) * wildness;
      const logError = size * (0.7 * shared + 0.7 * stream.nextNormal());
      return {
        table: `table ${seed} ${i}`,
        source: `source ${seed} ${i % Math.ceil(numTables / 2)}`,
        kind: 'small-to-large',
        fit: 'made up',
        factor,
        predicted: 3,
        actual: 3 * Math.exp(logError),
        logError,
        errors,
        numPoints: 20,
        band: null,
        secondOpinion: null,
      };
    });
  });
}

describe('calibrate', () => {
  it('holds as often as promised on tables that it has not seen, far and near', () => {
    const scored = leaveOneOutIntervals(madeUpForecasts(40, 20, 1), 'table');
    const ranges = [scored, scored.filter(({ factor }) => factor < 4), scored.filter(({ factor }) => factor > 10)];
    for (const part of ranges) {
      const coverage = coverageOf(part, 'calibrated');
      expect(coverage?.byTable80).toBeGreaterThan(0.76);
      expect(coverage?.byTable80).toBeLessThan(0.88);
      expect(coverage?.byTable95).toBeGreaterThan(0.93);
      expect(coverage?.byTable95).toBeLessThan(0.995);
    }
  });

  it('lets no table decide by its length', () => {
    const others = madeUpForecasts(30, 10, 2);
    const { quantile80: before } = calibrate(others);
    const short = calibrate([...others, ...madeUpForecasts(1, 10, 3, 20)]);
    const long = calibrate([...others, ...madeUpForecasts(1, 1000, 3, 20)]);
    for (const [i, quantile] of long.quantile80.entries()) {
      expect(quantile / (before[i] ?? Number.NaN)).toBeLessThan(1.5);
      expect(Math.abs(quantile / (short.quantile80[i] ?? Number.NaN) - 1)).toBeLessThan(0.2);
    }
  });

  it('takes the largest error near a factor where there are too few tables for the level', () => {
    const few = madeUpForecasts(5, 10, 4).map((forecast) => ({ ...forecast, factor: 1, source: forecast.table }));
    const { quantile95 } = calibrate(few, { factors: [1] });
    const scores = few.map(({ logError, errors }) => Math.abs(logError) / errorScale(errors, 1, scaleFloor));
    expect(quantile95).toEqual([Math.max(...scores)]);
  });

  it('grows with the reach where the errors do', () => {
    const calibration = calibrate(madeUpForecasts(60, 30, 5));
    const at = (factor: number): number => calibratedHalfWidth(calibration, 0.8, factor, { residual: 0, hindcast: 0 });
    // The errors were made 1 + ln 30 / 2 = 2.7 times larger at 30; windows reach over their neighbours.
    expect(at(30) / at(1)).toBeGreaterThan(1.5);
  });
});

describe('leaveOneOutIntervals', () => {
  it('judges a table by a calibration that has not seen it', () => {
    const forecasts = [...madeUpForecasts(10, 10, 6), ...madeUpForecasts(1, 10, 7, 30)];
    const scored = leaveOneOutIntervals(forecasts, 'table').filter(({ table }) => table === 'table 7 0');
    // With its own errors in the calibration, the largest of them would be the half width.
    expect(coverageOf(scored, 'calibrated')?.covered95).toBeLessThan(0.7);
  });

  it('leaves out all tables of a source together', () => {
    const forecasts = [
      ...madeUpForecasts(10, 10, 8),
      ...madeUpForecasts(4, 10, 9, 30).map((f) => ({ ...f, source: 'x' })),
    ];
    const byTable = leaveOneOutIntervals(forecasts, 'table').filter(({ source }) => source === 'x');
    const bySource = leaveOneOutIntervals(forecasts, 'source').filter(({ source }) => source === 'x');
    expect(coverageOf(bySource, 'calibrated')?.covered80).toBeLessThan(
      coverageOf(byTable, 'calibrated')?.covered80 ?? 0,
    );
  });
});
