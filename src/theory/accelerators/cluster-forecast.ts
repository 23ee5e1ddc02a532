import { assert } from '../../core/index.ts';
import { type Estimate, estimateAround, normalSpread, scaledEstimate } from '../interval.ts';
import { type Accelerator, peakFlopsOf } from './accelerator.ts';
import { type DeviceFit, fewestDevices, fitDevices } from './device-fit.ts';
import { type Efficiency, knownEfficiency, publicEfficiency } from './efficiency.ts';
import { type DeviceMesh, numDevicesOf, numRowGroups } from './mesh.ts';
import { type DeviceStepTime, deviceStepTime } from './step-time.ts';
import { stepTokens, type TrainingWorkload } from './workload.ts';

/** A training with the devices that it is to run on. */
export interface ClusterQuestion {
  readonly workload: TrainingWorkload;
  readonly numSteps: number;
  readonly accelerator: Accelerator;
  readonly mesh: DeviceMesh;
  /** Rows that are computed at once on one device; default: as many as fit. */
  readonly microRowsPerDevice?: number;
  /** The share of the peak rate that is reached, MFU; default: what public figures tell. */
  readonly efficiency?: { readonly value: number; readonly source: 'measured' | 'given' };
  /** Of one device, in whatever currency. */
  readonly pricePerHour?: number;
}

/** What a training takes on devices that are not at hand. */
export interface ClusterForecast {
  readonly accelerator: Accelerator;
  readonly mesh: DeviceMesh;
  readonly numDevices: number;
  readonly numHosts: number;
  readonly numSteps: number;
  readonly batchTokens: number;
  readonly numTokens: number;
  readonly fit: DeviceFit;
  /** Bytes of one device at its peak. */
  readonly peakMemoryBytes: Estimate;
  /** The smallest mesh that fits, with everything shared out and blocks computed a second time; null where none does. */
  readonly fewest: DeviceMesh | null;
  readonly efficiency: Efficiency;
  readonly step: DeviceStepTime;
  readonly msPerStep: Estimate;
  /** Of all devices together. */
  readonly tokensPerSecond: Estimate;
  /** Of the steps alone: evaluations, checkpoints, compilation and restarts come on top. */
  readonly durationMs: Estimate;
  readonly deviceHours: Estimate;
  /** In the currency of the price; null without one. */
  readonly cost: Estimate | null;
}

/**
 * How far the peak of a device lies from the formula, before a step was compiled: standard deviation of its logarithm. By the public figures
 * of docs/accelerators.md; a compiler that fuses, copies or pads differently makes most of it.
 */
const memoryDeviation = 0.12;

/**
 * Memory, time, device-hours and cost of a training on a mesh of accelerators.
 *
 * @param question its mesh shares out the rows of a step evenly, and the vendor tells a peak rate for its precision
 */
export function clusterForecast(question: ClusterQuestion): ClusterForecast {
  const { workload, numSteps, accelerator, mesh, microRowsPerDevice, pricePerHour } = question;
  const fit = fitDevices(workload, accelerator, mesh, {
    ...(microRowsPerDevice !== undefined && { microRowsPerDevice }),
  });
  assert(fit !== undefined, `${workload.batchSize} rows are shared out over ${numRowGroups(mesh)} devices`);
  assert(peakFlopsOf(accelerator, workload.precision) !== undefined, 'the peak rate is known');
  const { efficiency: known } = question;
  const efficiency =
    known === undefined
      ? publicEfficiency(accelerator, workload.counts.matmul, workload.precision)
      : knownEfficiency(known.value, known.source);
  const numMicroBatches = fit.rowsPerDevice / fit.microRowsPerDevice;
  const stepAt = (share: number): DeviceStepTime => {
    const step = deviceStepTime(workload, accelerator, mesh, { efficiency: share, numMicroBatches });
    assert(step !== undefined, 'the peak rate is known');
    return step;
  };
  const range = ([low, high]: readonly [number, number]): [number, number] => [
    stepAt(high).msPerStep,
    stepAt(low).msPerStep,
  ];
  const step = stepAt(efficiency.value);
  const msPerStep: Estimate = {
    value: step.msPerStep,
    interval80: range(efficiency.interval80),
    interval95: range(efficiency.interval95),
  };
  const numDevices = numDevicesOf(mesh);
  const batchTokens = stepTokens(workload);
  const durationMs = scaledEstimate(msPerStep, numSteps);
  const deviceHours = scaledEstimate(durationMs, numDevices / 3_600_000);
  return {
    accelerator,
    mesh,
    numDevices,
    numHosts: Math.ceil(numDevices / accelerator.devicesPerHost),
    numSteps,
    batchTokens,
    numTokens: numSteps * batchTokens,
    fit,
    peakMemoryBytes: estimateAround(fit.memory.peak, normalSpread(memoryDeviation)),
    fewest: fewestDevices(workload, accelerator, mesh.model) ?? null,
    efficiency,
    step,
    msPerStep,
    tokensPerSecond: inverse(msPerStep, 1000 * batchTokens),
    durationMs,
    deviceHours,
    cost: pricePerHour === undefined ? null : scaledEstimate(deviceHours, pricePerHour),
  };
}

/** amount / estimate: the ends change places. */
function inverse({ value, interval80, interval95 }: Estimate, amount: number): Estimate {
  const turned = ([low, high]: readonly [number, number]): [number, number] => [amount / high, amount / low];
  return { value: amount / value, interval80: turned(interval80), interval95: turned(interval95) };
}
