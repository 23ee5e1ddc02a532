import type { Accelerator } from '../../theory/index.ts';

/** Where a bundle is to run, as far as the files of schedulers go. */
export interface Launch {
  /** The name of the run. */
  readonly name: string;
  readonly numNodes: number;
  /** Devices on each node. */
  readonly numDevices: number;
  /** Undefined: the processors of the nodes, or whatever JAX finds there. */
  readonly device: Accelerator | undefined;
  /** The longest that a job may take, as Slurm writes it, such as 24:00:00. */
  readonly time: string;
  /** Of Slurm. */
  readonly partition: string | undefined;
  /** Of Slurm. */
  readonly account: string | undefined;
  /** The container in which it runs; undefined: a plain Python into which JAX is installed. */
  readonly image: string | undefined;
  /** SHA-256 that tells this bundle from others of its name. */
  readonly identity: string;
}

/** How long before the end of its time, or after it was told to end, a process has to save: seconds. */
export const graceSeconds = 120;
/** Restarts after a process or a node was lost. Those after a checkpoint was saved (exit code 7) are not counted. */
export const mostRestarts = 5;
/** Exit codes after which no restart helps: a fault of usage, of the Program, of the data, and a loss that left. */
export const finalExitCodes = [2, 3, 6, 8] as const;
/** The port at which the processes find the first of them. */
export const coordinatorPort = 8476;

/** The longest name that leaves room for what JobSet adds to those of its pods: a host's name has 63 characters at most. */
const maxLabelLength = 40;

/** The name of a run as schedulers take it: letters a–z, digits and dashes, a letter first. */
export function labelOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, maxLabelLength)
    .replace(/-+$/, '');
  return plain === '' ? 'run' : plain;
}

/** Who built a device, as far as drivers and packages differ by it. */
export type DeviceMaker = 'nvidia' | 'amd' | 'google' | 'none';

export function makerOf(device: Accelerator | undefined): DeviceMaker {
  if (device === undefined) return 'none';
  if (device.kind === 'tpu') return 'google';
  return device.kind === 'cdna3' ? 'amd' : 'nvidia';
}

/** `1 node`, `2 nodes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
