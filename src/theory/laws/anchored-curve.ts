import { assert, GroundworkError } from '../../core/index.ts';
import { type Weighted, weightedQuantile } from '../calibration/weighted-quantile.ts';
import type { Estimate } from '../interval.ts';
import type { LadderPoint, ParameterCounts } from '../ladder-record.ts';
import { type CurveSchedule, recordedSchedule } from './annealing.ts';
import { type CurveFit, fitCurveLaw, heldOutResiduals } from './curve-fit.ts';
import { type CurveLaw, type CurveRun, curveLossesOf, type TrainingCurve } from './curve-law.ts';

/**
 * A point of a ladder as a curve that laws are fitted on.
 *
 * @param convention which count is N
 * @param scheduleOf the schedule that the point was trained under, where it is known; else it is taken from the sums of factors in the
 *   record, which are coarse where a decay has few evaluations
 * @throws GroundworkError `invalid-run`, where a given schedule does not add up to the sums in the record
 */
export function trainingCurveOf(
  point: LadderPoint,
  convention: keyof ParameterCounts,
  scheduleOf?: (point: LadderPoint) => CurveSchedule,
): TrainingCurve {
  const schedule = scheduleOf === undefined ? recordedSchedule(point.curve) : scheduleOf(point);
  if (scheduleOf !== undefined) checkSums(point, schedule);
  return {
    numSteps: schedule.numSteps,
    factorAt: schedule.factorAt,
    numParameters: point.parameters[convention],
    batchTokens: point.batchTokens,
    points: point.curve.filter(([step]) => step > 0).map(([step, , loss]) => ({ step, loss })),
  };
}

function checkSums({ curve, rung, seed }: LadderPoint, { numSteps, factorAt }: CurveSchedule): void {
  let sum = 0;
  let step = 0;
  for (const [done, recorded] of curve) {
    for (; step < Math.min(done, numSteps); step++) sum += factorAt(step);
    if (done <= numSteps && Math.abs(sum - recorded) <= 0.01 * Math.max(1, recorded)) continue;
    throw new GroundworkError(
      'invalid-run',
      `The schedule of rung ${rung}, seed ${seed}, adds up to ${sum.toFixed(2)} after ${done} steps, and its record says ${recorded}`,
      { hint: 'Give the schedule that the run was trained under, or leave it out to take it from the record.' },
    );
  }
}

/**
 * The law of the curves of a ladder: `fitCurveLaw` of `trainingCurveOf` each of its points that has a curve. Its residuals are those of
 * sizes that were held out, where there are four sizes or more: they are what a band needs.
 */
export function fitLadderCurves(
  points: readonly LadderPoint[],
  convention: keyof ParameterCounts,
  scheduleOf?: (point: LadderPoint) => CurveSchedule,
): CurveFit {
  const curves = points.filter(({ curve }) => curve.some(([step]) => step > 0));
  const training = curves.map((point) => trainingCurveOf(point, convention, scheduleOf));
  const fit = fitCurveLaw(training);
  return { ...fit, residuals: heldOutResiduals(training) ?? fit.residuals };
}

/**
 * The shape of a run's loss curve by a law, moved so that it ends at a loss that another law gives. The law of curves knows best how a
 * run gets to its end, a law of final losses where that is. Each loss is multiplied by the same number, final over what the law of curves
 * says of the end.
 */
export function anchoredCurve(
  law: CurveLaw,
  run: CurveRun,
  { steps, finalLoss }: { readonly steps: readonly number[]; readonly finalLoss: number },
): number[] {
  const losses = curveLossesOf(law, run, [...steps, run.numSteps]);
  const end = losses.pop();
  assert(end !== undefined && end > 0, `the law of curves ends at ${end}`);
  return losses.map((loss) => (loss * finalLoss) / end);
}

/** What is expected of a run after some of its steps. */
export interface CurveForecastPoint {
  readonly step: number;
  readonly loss: Estimate;
}

/**
 * The loss curve that is expected of a run, with a band: the shape of a fitted law, ending at the forecast of the final loss. The band
 * takes the relative half-widths of that forecast and adds, in squares, how far the curves that the law was fitted on lay from it at the
 * same share of their run, each of them moved to its own end first; so the band closes to the interval of the forecast.
 *
 * @param fit of curves in the same unit and convention
 * @param steps at which to say what is expected, above 0 and at most all of the run
 * @param final what is expected at the end
 */
export function curveForecast(
  fit: CurveFit,
  run: CurveRun,
  { steps, final }: { readonly steps: readonly number[]; readonly final: Estimate },
): CurveForecastPoint[] {
  const losses = anchoredCurve(fit.law, run, { steps, finalLoss: final.value });
  const scatter = anchoredResiduals(fit);
  return steps.map((step, i) => {
    const value = losses[i] as number;
    const spread = step >= run.numSteps ? [] : residualsNear(scatter, step / run.numSteps);
    const around = (interval: Estimate['interval80'], level: number): [number, number] => {
      const extra = spread.length === 0 ? 0 : weightedQuantile(spread, level);
      const [low, high] = interval.map((end) => Math.hypot((end - final.value) / final.value, extra)) as [
        number,
        number,
      ];
      return [value * (1 - low), value * (1 + high)];
    };
    return {
      step,
      loss: { value, interval80: around(final.interval80, 0.8), interval95: around(final.interval95, 0.95) },
    };
  });
}

interface Scatter {
  readonly share: number;
  /** |relative residual| after the curve was moved to its own end. */
  readonly size: number;
}

function anchoredResiduals({ residuals }: CurveFit): Scatter[] {
  const ends = new Map<number, { share: number; relative: number }>();
  for (const { curve, share, relative } of residuals) {
    if (share >= (ends.get(curve)?.share ?? 0)) ends.set(curve, { share, relative });
  }
  return residuals.map(({ curve, share, relative }) => ({
    share,
    size: Math.abs((1 + relative) / (1 + (ends.get(curve)?.relative ?? 0)) - 1),
  }));
}

/** Sizes of the residuals nearest to a share of the run: a fifth of all, or eight where that is more. */
function residualsNear(scatter: readonly Scatter[], share: number): Weighted[] {
  const nearest = [...scatter].sort((a, b) => Math.abs(a.share - share) - Math.abs(b.share - share));
  return nearest.slice(0, Math.max(8, Math.ceil(scatter.length / 5))).map(({ size }) => ({ value: size, weight: 1 }));
}
