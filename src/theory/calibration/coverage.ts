import type { Estimate } from '../interval.ts';
import type { BackTestForecast } from './back-test.ts';
import { type CalibrateOptions, calibrate, weightsOfTables } from './calibrate.ts';
import type { IntervalCalibration } from './calibration.ts';
import { groupBy } from './grouping.ts';
import { calibratedEstimate, hull } from './loss-prediction.ts';
import { widenedBySecondOpinion } from './second-opinion.ts';
import { weightedQuantile } from './weighted-quantile.ts';

/** The kinds of intervals that are held against each other. */
export const intervalKinds = ['bootstrap', 'withResiduals', 'calibrated', 'shipped'] as const;
export type IntervalKind = (typeof intervalKinds)[number];

/** A forecast of the past with every kind of interval. */
export interface IntervalForecast extends BackTestForecast {
  /** `bootstrap` and `withResiduals` are absent where the back-test made none. */
  readonly intervals: Readonly<Partial<Record<IntervalKind, Estimate>>>;
}

/** How often intervals held what happened. */
export interface Coverage {
  readonly numForecasts: number;
  readonly numTables: number;
  /** Part of all forecasts, each counting alike. */
  readonly covered80: number;
  readonly covered95: number;
  /** The same with every table counting 1/√(tables of its source), however many forecasts it has. */
  readonly byTable80: number;
  readonly byTable95: number;
  /** Half of the width over the value, the median over forecasts. */
  readonly medianHalfWidth80: number;
  readonly medianHalfWidth95: number;
}

/** The intervals of a forecast under a calibration that must not have seen it. */
export function intervalsOf(forecast: BackTestForecast, calibration: IntervalCalibration): IntervalForecast {
  const { predicted, factor, errors, band, secondOpinion } = forecast;
  const calibrated = calibratedEstimate(predicted, factor, errors, calibration);
  const larger = band === null ? calibrated : hull(calibrated, band.withResiduals);
  const shipped = secondOpinion === null ? larger : widenedBySecondOpinion(larger, secondOpinion);
  const resampled = band === null ? {} : { bootstrap: band.raw, withResiduals: band.withResiduals };
  return { ...forecast, intervals: { ...resampled, calibrated, shipped } };
}

/**
 * Gives every forecast the intervals that a calibration on all *other* tables, or on all other sources, would have given it:
 * what the intervals are worth on a table that nobody has seen.
 */
export function leaveOneOutIntervals(
  forecasts: readonly BackTestForecast[],
  leftOut: 'table' | 'source',
  options: CalibrateOptions = {},
): IntervalForecast[] {
  return [...groupBy(forecasts, (forecast) => forecast[leftOut])].flatMap(([name, own]) => {
    const others = forecasts.filter((forecast) => forecast[leftOut] !== name);
    if (others.length === 0) return [];
    const calibration = calibrate(others, options);
    return own.map((forecast) => intervalsOf(forecast, calibration));
  });
}

/** How often the intervals of one kind held what happened, or null where no forecast has such an interval. */
export function coverageOf(forecasts: readonly IntervalForecast[], kind: IntervalKind): Coverage | null {
  const tableWeights = weightsOfTables(forecasts);
  const perTable = groupBy(forecasts, ({ table }) => table);
  const scored = forecasts.flatMap((forecast) => {
    const interval = forecast.intervals[kind];
    const ofTable = perTable.get(forecast.table)?.length ?? 1;
    const weight = (tableWeights.get(forecast.table) ?? 0) / ofTable;
    return interval === undefined ? [] : [{ forecast, interval, weight }];
  });
  if (scored.length === 0) return null;
  const part = (level: 'interval80' | 'interval95', weighted: boolean): number => {
    let [sum, covered] = [0, 0];
    for (const { forecast, interval, weight } of scored) {
      const [low, high] = interval[level];
      sum += weighted ? weight : 1;
      if (low <= forecast.actual && forecast.actual <= high) covered += weighted ? weight : 1;
    }
    return covered / sum;
  };
  const medianHalfWidth = (level: 'interval80' | 'interval95'): number =>
    weightedQuantile(
      scored.map(({ interval: { value, [level]: range } }) => ({
        value: (range[1] - range[0]) / (2 * value),
        weight: 1,
      })),
      0.5,
    );
  return {
    numForecasts: scored.length,
    numTables: perTable.size,
    covered80: part('interval80', false),
    covered95: part('interval95', false),
    byTable80: part('interval80', true),
    byTable95: part('interval95', true),
    medianHalfWidth80: medianHalfWidth('interval80'),
    medianHalfWidth95: medianHalfWidth('interval95'),
  };
}
