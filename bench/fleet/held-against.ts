import {
  acceleratorNamed,
  deviceMemory,
  deviceStepTime,
  type Estimate,
  numDevicesOf,
  publicEfficiency,
  publicFigures,
  stepTokens,
} from '../../src/theory/index.ts';
import type { MemoryCase, SpeedCase } from './public-cases.ts';

/** The formula's memory of a case, in bytes. */
export const foretoldMemory = ({ workload, mesh, ...options }: MemoryCase): number =>
  deviceMemory(workload, mesh, options).peak;

/** Tokens a second of one device as the forecast has them from the figures of all other sources. */
export function foretoldSpeed({ workload, accelerator: name, mesh, source }: SpeedCase): Estimate {
  const accelerator = acceleratorNamed(name);
  const others = publicFigures.filter((figure) => figure.source !== source);
  const efficiency = publicEfficiency(accelerator, workload.counts.matmul, workload.precision, others);
  const speedAt = (share: number): number => {
    const step = deviceStepTime(workload, accelerator, mesh, { efficiency: share, numMicroBatches: 1 });
    return (1000 * stepTokens(workload)) / (step?.msPerStep ?? Number.NaN) / numDevicesOf(mesh);
  };
  const range = ([low, high]: readonly [number, number]): [number, number] => [speedAt(low), speedAt(high)];
  return {
    value: speedAt(efficiency.value),
    interval80: range(efficiency.interval80),
    interval95: range(efficiency.interval95),
  };
}
