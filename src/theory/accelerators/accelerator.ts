import { GroundworkError } from '../../core/index.ts';
import { accelerators } from './accelerator-table.ts';

/** Who built it and when, as far as public figures of one kind speak for another. */
export type AcceleratorKind = 'ampere' | 'ada' | 'hopper' | 'blackwell' | 'cdna3' | 'tpu';

/** What the numbers of a format are computed in. */
export type ComputePrecision = 'float32' | 'bfloat16';

/** How a device reaches others. */
export interface DeviceLink {
  /** Such as `NVLink 4`. */
  readonly name: string;
  /** What one device sends while it receives as much, in bytes in a second. */
  readonly bytesPerSecond: number;
}

/** One device as JAX counts them: a GPU, a TPU chip, and of TPU v3 one of the two cores of a chip. All rates are the vendor's, and dense. */
export interface Accelerator {
  /** Such as `h100`: what `--device` takes. */
  readonly name: string;
  readonly title: string;
  /** Other words for it that `--device` takes. */
  readonly aliases: readonly string[];
  /** Beginnings of what drivers call it, such as `NVIDIA H100 80GB HBM3`. */
  readonly driverNames: readonly string[];
  readonly kind: AcceleratorKind;
  /**
   * Floating-point operations a second in matrix products. `float32` is in all its bits, as the passes of float32 are computed; `tensorFloat32`
   * takes float32 and reads fewer bits, as the update does beside passes of bfloat16. Null where the vendor tells none.
   */
  readonly peakFlops: {
    readonly bfloat16: number;
    readonly tensorFloat32: number | null;
    readonly float32: number | null;
  };
  /** As the driver tells it where that is public, else as it is sold: the comments of the table say which, and in what unit. */
  readonly memoryBytes: number;
  /** Bytes in a second. */
  readonly memoryBandwidth: number;
  /** Among so many devices at most; beyond that, `outer`. */
  readonly inner: DeviceLink & { readonly numDevices: number };
  /** The share of one device in the network between hosts, as hosts are commonly built; null where none is common. */
  readonly outer: DeviceLink | null;
  readonly devicesPerHost: number;
  /** Where the numbers are published. */
  readonly source: string;
}

/**
 * The accelerator of a name or alias, in any case.
 *
 * @throws GroundworkError `usage` for one that the table does not have
 */
export function acceleratorNamed(name: string): Accelerator {
  const wanted = name.trim().toLowerCase();
  const found = accelerators.find((one) => one.name === wanted || one.aliases.includes(wanted));
  if (found !== undefined) return found;
  throw new GroundworkError('usage', `there is no accelerator called "${name}" in the table`, {
    hint: `These are: ${accelerators.map((one) => one.name).join(', ')}.`,
  });
}

/** The accelerator that a driver, or JAX as `device_kind`, calls by this name; undefined for one that the table does not have. */
export function acceleratorOfDriver(driverName: string): Accelerator | undefined {
  const given = driverName.trim().toLowerCase();
  const matches = accelerators.flatMap((accelerator) =>
    accelerator.driverNames
      .filter((begin) => given.startsWith(begin.toLowerCase()))
      .map((begin) => ({ accelerator, length: begin.length })),
  );
  // The longest beginning tells most: "NVIDIA H100 PCIe" is no "NVIDIA H100".
  return matches.toSorted((a, b) => b.length - a.length)[0]?.accelerator;
}

/**
 * Floating-point operations a second that a device can reach in matrix products.
 *
 * @returns undefined where the vendor tells no rate for this precision
 */
export function peakFlopsOf({ peakFlops }: Accelerator, precision: ComputePrecision): number | undefined {
  return peakFlops[precision] ?? undefined;
}
