import { z } from 'zod';
import { assert } from '../../core/index.ts';
import type { FitErrors } from './fit-errors.ts';

/** The levels that intervals are given at. */
export const intervalLevels = [0.8, 0.95] as const;
export type IntervalLevel = (typeof intervalLevels)[number];

const ascendingNumbers = z
  .array(z.number().nonnegative())
  .min(1)
  .refine((values) => values.every((value, i) => value >= (values[i - 1] ?? 0)), 'must not descend');

/** Schema of a calibration: how wrong forecasts of losses turned out to be, by how far they reached. */
export const intervalCalibrationSchema = z
  .strictObject({
    /** Extrapolation factors that errors are known at, ascending, the first 1. */
    factors: z.array(z.number().min(1)).min(1),
    /** The part of forecasts that errs by less: at each factor, in units of the scale of errors of the fit. */
    quantile80: ascendingNumbers,
    quantile95: ascendingNumbers,
    /** The least scale of errors of a fit, of ln loss; see {@link errorScale}. */
    scaleFloor: z.number().positive(),
    /** What the numbers were measured on, in a sentence. */
    source: z.string(),
  })
  .refine((value) => value.quantile80.length === value.factors.length, 'needs a quantile for each factor')
  .refine((value) => value.quantile95.length === value.factors.length, 'needs a quantile for each factor');

/** How wrong forecasts of losses turned out to be, by how far they reached; made by {@link calibrate}. */
export type IntervalCalibration = Readonly<z.infer<typeof intervalCalibrationSchema>>;

/**
 * The scale of errors of a fit, of ln loss: √(residual² + (hindcast·(1 + ln factor))² + floor²). Errors of forecasts grow with
 * how far the fit is off on the points that it has, but not in proportion: a law that meets its points to 0.1 % still has the
 * wrong form. What a hindcast shows of the wrong form goes on growing as the forecast reaches further.
 *
 * @param factor C of the target over the largest C of the fit, at least 1
 */
export const errorScale = ({ residual, hindcast }: FitErrors, factor: number, floor: number): number =>
  Math.hypot(residual, hindcast * (1 + Math.log(factor)), floor);

/**
 * The half width of a calibrated interval of ln loss: the quantile at the extrapolation factor, linear in its logarithm
 * between the factors of the calibration, times the scale of errors of the fit. Beyond the last factor it goes on growing
 * at its mean rate.
 *
 * @param factor C of the target over the largest C of the fit, at least 1
 * @param errors how far the fit is off on its own points
 */
export function calibratedHalfWidth(
  calibration: IntervalCalibration,
  level: IntervalLevel,
  factor: number,
  errors: FitErrors,
): number {
  assert(factor >= 1, `the extrapolation factor ${factor} is below 1`);
  const quantiles = level === 0.8 ? calibration.quantile80 : calibration.quantile95;
  return interpolated(calibration.factors, quantiles, factor) * errorScale(errors, factor, calibration.scaleFloor);
}

/** Linear in ln factor between the knots, level before the first, at the mean slope of all beyond the last. */
function interpolated(factors: readonly number[], values: readonly number[], factor: number): number {
  const at = (i: number): [number, number] => [Math.log(factors[i] ?? Number.NaN), values[i] ?? Number.NaN];
  const x = Math.log(factor);
  const [firstX, first] = at(0);
  const [lastX, last] = at(factors.length - 1);
  if (x <= firstX || factors.length === 1) return first;
  if (x >= lastX) return last + ((last - first) / (lastX - firstX)) * (x - lastX);
  const right = factors.findIndex((knot) => Math.log(knot) >= x);
  const [leftX, left] = at(right - 1);
  const [rightX, value] = at(right);
  return left + ((value - left) * (x - leftX)) / (rightX - leftX);
}
