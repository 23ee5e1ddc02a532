import { assert } from '../../core/index.ts';
import type { BackTestForecast } from './back-test.ts';
import { errorScale, type IntervalCalibration, type IntervalLevel } from './calibration.ts';
import { groupBy } from './grouping.ts';
import { ascending, type Weighted, weightedQuantile } from './weighted-quantile.ts';

export interface CalibrateOptions {
  /** Extrapolation factors to measure errors at, ascending, the first 1. */
  readonly factors?: readonly number[];
  /** Standard deviation, in ln factor, of the normal window in which errors count for a factor. */
  readonly bandwidth?: number;
  /** The least scale of errors of a fit, of ln loss. */
  readonly scaleFloor?: number;
  /** What the forecasts were made on, in a sentence. */
  readonly source?: string;
}

export const calibrateDefaults = {
  factors: [1, 2, 4, 10, 30, 100] as readonly number[],
  bandwidth: 0.7,
  scaleFloor: 0.01,
};

/**
 * Learns from forecasts of the past how wide an interval has to be: split-conformal quantiles of |ln(actual / predicted)|
 * over the scale of errors of the fit ({@link errorScale}; Vovk et al. 2005; normalised scores as in Lei et al. 2018, section
 * 5.2), as a smooth function of the extrapolation factor that never descends.
 *
 * At each factor, forecasts count by a normal window in ln factor. All forecasts of a table together count as one table,
 * however many they are, and a table counts 1/√(tables of its source), so that neither a long table nor a source with many
 * losses of the same models decides alone. The level is corrected for the effective number n of tables, as in conformal
 * prediction: level·(1 + 1/n); where that exceeds 1 the largest error is taken.
 *
 * The interval that is shipped is the larger of this and of what resampling gives. At 95 % an error that the interval of
 * resampling holds counts as none: large errors come from single failed trainings in rough tables, whose residuals know of
 * them, and clean tables need not pay for those. At 80 % errors come from the wrong form of the law, which residuals hold
 * by accident only, and every error counts.
 */
export function calibrate(forecasts: readonly BackTestForecast[], options: CalibrateOptions = {}): IntervalCalibration {
  const { factors, bandwidth, scaleFloor } = { ...calibrateDefaults, ...options };
  assert(forecasts.length > 0, 'there are no forecasts to calibrate on');
  const tableWeights = weightsOfTables(forecasts);
  const quantilesAt = (level: IntervalLevel): number[] => {
    const scored = groupBy(
      forecasts.map((forecast) => ({ ...forecast, score: scoreOf(forecast, level, scaleFloor) })),
      ({ table }) => table,
    );
    const raw = factors.map((factor) => {
      const { scores, numTables } = scoresNear(factor, scored, tableWeights, bandwidth);
      return { value: weightedQuantile(scores, level * (1 + 1 / numTables)), weight: numTables };
    });
    return ascending(raw);
  };
  return {
    factors: [...factors],
    quantile80: quantilesAt(0.8),
    quantile95: quantilesAt(0.95),
    scaleFloor,
    source: options.source ?? '',
  };
}

/** How much each table counts: 1/√(tables of its source). */
export function weightsOfTables(
  forecasts: readonly Pick<BackTestForecast, 'table' | 'source'>[],
): ReadonlyMap<string, number> {
  const sourceOf = new Map(forecasts.map(({ table, source }) => [table, source]));
  const tablesOf = groupBy(sourceOf.keys(), (table) => sourceOf.get(table));
  return new Map([...sourceOf].map(([table, source]) => [table, 1 / Math.sqrt(tablesOf.get(source)?.length ?? 1)]));
}

/** The error of a forecast in units of the scale of errors of its fit; at 95 % none where resampling alone had held it. */
function scoreOf({ logError, errors, factor, band, actual }: BackTestForecast, level: IntervalLevel, floor: number) {
  const [low, high] = band?.withResiduals.interval95 ?? [actual, actual];
  const isHeld = level === 0.95 && low < actual && actual < high;
  return isHeld ? 0 : Math.abs(logError) / errorScale(errors, factor, floor);
}

/** The scores that count for a factor, with their weights, and how many tables they are worth. */
function scoresNear(
  factor: number,
  scored: ReadonlyMap<string, readonly { readonly factor: number; readonly score: number }[]>,
  tableWeights: ReadonlyMap<string, number>,
  bandwidth: number,
): { scores: Weighted[]; numTables: number } {
  const scores: Weighted[] = [];
  let sum = 0;
  let sumOfSquares = 0;
  for (const [table, own] of scored) {
    const windows = own.map((forecast) => Math.exp(-0.5 * (Math.log(forecast.factor / factor) / bandwidth) ** 2));
    // A table that reaches near the factor counts in full, one that ends far below it hardly.
    const nearest = windows.reduce((most, window) => Math.max(most, window), 0);
    const mass = windows.reduce((total, window) => total + window, 0);
    const tableWeight = (tableWeights.get(table) ?? 0) * nearest;
    if (tableWeight === 0) continue;
    for (const [i, { score }] of own.entries()) {
      scores.push({ value: score, weight: (tableWeight * (windows[i] ?? 0)) / mass });
    }
    sum += tableWeight;
    sumOfSquares += tableWeight ** 2;
  }
  assert(sum > 0, `no forecast reaches anywhere near ${factor}`);
  return { scores, numTables: sum ** 2 / sumOfSquares };
}
