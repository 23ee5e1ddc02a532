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

/** How the figures of one source lie to what those of all others foretell. */
export interface SourceOutcome {
  readonly source: string;
  readonly numFigures: number;
  readonly numWithin80: number;
  readonly numWithin95: number;
  /** Foretold over published, the geometric mean. */
  readonly ratio: number;
}

/** Leaves each source out in turn, and holds its figures against the efficiency that the others foretell. */
export function sourceOutcomes(): SourceOutcome[] {
  return [...new Set(publicFigures.map(({ source }) => source))].map((source) => {
    const own = publicFigures.filter((figure) => figure.source === source);
    const others = publicFigures.filter((figure) => figure.source !== source);
    const foretold = own.map(({ accelerator, numParameters }) =>
      publicEfficiency(acceleratorNamed(accelerator), numParameters, 'bfloat16', others),
    );
    const within = (level: 'interval80' | 'interval95') =>
      own.filter(({ mfu }, i) => {
        const [low, high] = foretold[i]?.[level] ?? [1, 0];
        return mfu >= low && mfu <= high;
      }).length;
    const logs = own.map(({ mfu }, i) => Math.log((foretold[i]?.value ?? Number.NaN) / mfu));
    return {
      source,
      numFigures: own.length,
      numWithin80: within('interval80'),
      numWithin95: within('interval95'),
      ratio: Math.exp(logs.reduce((sum, x) => sum + x, 0) / logs.length),
    };
  });
}
