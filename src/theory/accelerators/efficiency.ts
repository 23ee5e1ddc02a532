import { assert } from '../../core/index.ts';
import { type Estimate, estimateAround, type Spread } from '../interval.ts';
import { studentQuantile } from '../statistics/student-distribution.ts';
import { type Accelerator, acceleratorNamed, type ComputePrecision } from './accelerator.ts';
import { meshOf } from './mesh.ts';
import { type PublicFigure, publicFigures } from './public-figures.ts';
import { deviceStepTime } from './step-time.ts';
import type { TrainingWorkload } from './workload.ts';

/** The share of a device's peak rate that the arithmetic of a model reaches: model FLOPs utilisation, MFU. */
export interface Efficiency extends Estimate {
  /** `measured` by a step on a device of this kind, `given` by a person, or from `public` figures. */
  readonly source: 'measured' | 'given' | 'public';
  /** Where it is known from, in a sentence. */
  readonly text: string;
}

/** A step that was measured on devices that all hold the whole model, or on one. */
export interface MeasuredStep {
  readonly workload: TrainingWorkload;
  readonly accelerator: Accelerator;
  readonly numDevices: number;
  readonly msPerStep: number;
}

/**
 * The share of the peak rate that a measured step reached: what `--efficiency` takes, for forecasts on other numbers of the same devices. It is
 * the MFU, with the arithmetic of Muon's update added where there is one.
 *
 * @returns undefined where the vendor tells no peak rate for the precision
 */
export function measuredEfficiency({ workload, accelerator, numDevices, msPerStep }: MeasuredStep): number | undefined {
  const atPeak = deviceStepTime(workload, accelerator, meshOf(numDevices), { efficiency: 1, numMicroBatches: 1 });
  return atPeak === undefined ? undefined : (atPeak.computeMs + atPeak.updateMs) / msPerStep;
}

/** How far MFU elsewhere lies from a number that a person gives, and from one that was measured: half widths of its logarithm. */
const spreads: { readonly [source in 'measured' | 'given']: Spread } = {
  measured: { half80: 0.1, half95: 0.2 },
  given: { half80: 0.13, half95: 0.25 },
};

/** MFU that is known. */
export function knownEfficiency(value: number, source: 'measured' | 'given'): Efficiency {
  assert(value > 0 && value <= 1, `an efficiency of ${value}`);
  const text =
    source === 'measured'
      ? `The share of the peak rate, ${percent(value)}, was measured by a step on such a device.`
      : `The share of the peak rate, ${percent(value)}, was given.`;
  return { ...estimateAround(value, spreads[source]), source, text };
}

/** Figures of a kind that are compared with a size: those within this factor of its parameters, where there are enough. */
const nearFactor = 4;
const fewestFigures = 4;
/**
 * The least standard deviation of ln MFU between trainings, whatever few figures say: what one source finds on one device for one size differs
 * from what another finds by about so much (docs/accelerators.md).
 */
const leastDeviation = 0.13;
/** What stands for devices of another kind, or another precision, than the figures are of. */
const foreignDeviation = 0.2;

/**
 * The MFU to be expected by public figures: the geometric mean of those of the same kind of device and about the same size, with the interval
 * in which the next one lies (Student's t of ln MFU, a prediction interval).
 *
 * @param numParameters those that matrix products read
 * @param figures default: all that are known
 */
export function publicEfficiency(
  accelerator: Accelerator,
  numParameters: number,
  precision: ComputePrecision,
  figures: readonly PublicFigure[] = publicFigures,
): Efficiency {
  const { chosen, isForeign, what } = choose(accelerator, numParameters, figures);
  const logs = chosen.map(({ mfu }) => Math.log(mfu));
  const mean = logs.reduce((sum, x) => sum + x, 0) / logs.length;
  const variance = logs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, logs.length - 1);
  const isUncommon = isForeign || precision !== 'bfloat16';
  const deviation = Math.hypot(Math.max(Math.sqrt(variance), leastDeviation), isUncommon ? foreignDeviation : 0);
  // One source measured many of them: they tell as much as so many sources would, and a little more.
  const numSources = new Set(chosen.map(({ source }) => source)).size;
  const degrees = Math.max(2, numSources + Math.floor((chosen.length - numSources) / 2) - 1);
  const half = (p: number) => studentQuantile(p, degrees) * deviation * Math.sqrt(1 + 1 / chosen.length);
  const estimate = capped(estimateAround(Math.exp(mean), { half80: half(0.9), half95: half(0.975) }));
  const least = Math.min(...chosen.map(({ mfu }) => mfu));
  const most = Math.max(...chosen.map(({ mfu }) => mfu));
  const sources = [...new Set(chosen.map(({ source }) => source))].join(', ');
  return {
    ...estimate,
    source: 'public',
    text:
      `The share of the peak rate, ${percent(estimate.value)}, is that of ${chosen.length} public trainings ${what} ` +
      `(${percent(least)} to ${percent(most)}; ${sources})${precision === 'bfloat16' ? '' : ', all in bfloat16'}; ` +
      'this recipe was not measured on such a device.',
  };
}

function choose(accelerator: Accelerator, numParameters: number, figures: readonly PublicFigure[]) {
  const isNear = ({ numParameters: other }: PublicFigure) =>
    Math.abs(Math.log(other / numParameters)) <= Math.log(nearFactor) + 1e-9;
  const kindOf = (figure: PublicFigure) => acceleratorNamed(figure.accelerator).kind;
  const same = figures.filter((figure) => kindOf(figure) === accelerator.kind);
  const near = same.filter(isNear);
  if (near.length >= fewestFigures)
    return { chosen: near, isForeign: false, what: 'of about this size on such devices' };
  if (same.length >= fewestFigures) return { chosen: same, isForeign: false, what: 'of other sizes on such devices' };
  const isTpu = accelerator.kind === 'tpu';
  const akin = figures.filter((figure) => (kindOf(figure) === 'tpu') === isTpu);
  return { chosen: akin.length > 0 ? akin : figures, isForeign: true, what: 'on other kinds of devices' };
}

/** No training does more than the peak rate, and none has been seen near it. */
const mostEfficiency = 0.8;

function capped({ value, interval80, interval95 }: Estimate): Estimate {
  const cap = ([low, high]: readonly [number, number]): [number, number] => [low, Math.min(mostEfficiency, high)];
  return { value, interval80: cap(interval80), interval95: cap(interval95) };
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
