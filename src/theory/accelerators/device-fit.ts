import type { Accelerator } from './accelerator.ts';
import { type DeviceMemory, deviceMemory, rowsOfDevice } from './device-memory.ts';
import { type DeviceMesh, meshOf } from './mesh.ts';
import type { TrainingWorkload } from './workload.ts';

/** Of a device's memory, what tensors may take: allocators leave gaps, and drivers keep a part. */
const usableShare = 0.92;

/** How a step is cut up on each device so that it fits, or what comes nearest. */
export interface DeviceFit {
  readonly fits: boolean;
  readonly workload: TrainingWorkload;
  readonly mesh: DeviceMesh;
  /** Rows of a step on one device. */
  readonly rowsPerDevice: number;
  /** Rows that are computed at once on one device. */
  readonly microRowsPerDevice: number;
  readonly memory: DeviceMemory;
  readonly usableBytes: number;
}

export const usableBytesOf = ({ memoryBytes }: Accelerator): number => usableShare * memoryBytes;

export interface FitOptions {
  /** Rows that are computed at once on one device; default: as many as fit. */
  readonly microRowsPerDevice?: number;
}

/**
 * Fits a step to a mesh: as many rows at once as fit, halved until they do. A workload that keeps all activations is not changed.
 *
 * @returns undefined where the rows of a step cannot be shared out evenly
 */
export function fitDevices(
  workload: TrainingWorkload,
  accelerator: Accelerator,
  mesh: DeviceMesh,
  { microRowsPerDevice }: FitOptions = {},
): DeviceFit | undefined {
  const rowsPerDevice = rowsOfDevice(workload, mesh);
  if (rowsPerDevice === undefined) return undefined;
  const usableBytes = usableBytesOf(accelerator);
  const fitWith = (rows: number): DeviceFit => {
    const memory = deviceMemory(workload, mesh, { rowsPerDevice: rows, numMicroBatches: rowsPerDevice / rows });
    const fits = memory.peak <= usableBytes;
    return { fits, workload, mesh, rowsPerDevice, microRowsPerDevice: rows, memory, usableBytes };
  };
  if (microRowsPerDevice !== undefined) {
    return rowsPerDevice % microRowsPerDevice === 0 ? fitWith(microRowsPerDevice) : undefined;
  }
  let fit = fitWith(rowsPerDevice);
  for (const rows of divisorsFrom(rowsPerDevice)) {
    fit = fitWith(rows);
    if (fit.fits) break;
  }
  return fit;
}

/** Divisors of a number of rows, the largest first, each at most half of the one before. */
function divisorsFrom(rows: number): number[] {
  const found: number[] = [];
  for (let divisor = rows; divisor >= 1; divisor--) {
    const last = found.at(-1);
    if (rows % divisor === 0 && (last === undefined || divisor <= last / 2)) found.push(divisor);
  }
  return found;
}

/** More devices than any cluster has: there the search ends. */
const mostDevices = 2 ** 14;

/**
 * The smallest number of devices, a power of two times `model`, on which a step fits: one row at once on each, all that can be shared out
 * being so, blocks computed a second time.
 *
 * @returns undefined where no number is enough
 */
export function fewestDevices(
  workload: TrainingWorkload,
  accelerator: Accelerator,
  model: number,
): DeviceMesh | undefined {
  const frugal: TrainingWorkload = { ...workload, kept: 'blocks' };
  for (let groups = 1; groups * model <= mostDevices; groups *= 2) {
    const mesh = meshOf(groups * model, { fsdp: true, model });
    const rowsPerDevice = Math.max(1, Math.floor(workload.batchSize / groups));
    const memory = deviceMemory(frugal, mesh, { rowsPerDevice: 1, numMicroBatches: rowsPerDevice });
    if (memory.peak <= usableBytesOf(accelerator)) return mesh;
  }
  return undefined;
}
