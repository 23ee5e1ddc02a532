import { loadavg } from 'node:os';
import { assert, present } from '../../src/core/index.ts';
import type { PeerProcess } from './peer-process.ts';
import { othersCores, readProcessorTimes } from './processor-load.ts';
import type { StepsAnswer } from './protocol.ts';

/** Some steps of one row in one go, and how quiet the machine was meanwhile. */
export interface Burst {
  readonly answer: StepsAnswer;
  /** Cores that processes other than this row used on average; unknown on a system without /proc. */
  readonly othersCores: number | undefined;
  /** The load average over the last minute, at the end. */
  readonly loadAverage: number;
}

/** What others may use of one core before a burst counts as disturbed. */
export const disturbanceLimit = 0.1;

export function isDisturbed({ othersCores }: Pick<Burst, 'othersCores'>): boolean {
  return othersCores !== undefined && othersCores > disturbanceLimit;
}

/** How many steps make a burst of about `burstMs`. */
export function burstLength(stepMs: number, burstMs = 2000): number {
  return Math.max(2, Math.round(burstMs / Math.max(stepMs, 0.01)));
}

/** Runs a burst and watches what the rest of the machine does. */
export async function runBurst(peer: PeerProcess, count: number): Promise<Burst> {
  const before = readProcessorTimes(peer.pid);
  const start = performance.now();
  const answer = await peer.steps(count);
  const wallSeconds = (performance.now() - start) / 1000;
  const after = readProcessorTimes(peer.pid);
  const others = before && after ? othersCores(before, after, wallSeconds) : undefined;
  return { answer, othersCores: others, loadAverage: loadavg()[0] ?? 0 };
}

/**
 * Runs a burst, and again while it was disturbed.
 *
 * @param maxRepeats how many more times at most
 * @returns the first quiet burst, else the least disturbed one, and the number of bursts that were run
 */
export async function runQuietBurst<T extends Pick<Burst, 'othersCores'>>(
  run: () => Promise<T>,
  maxRepeats = 3,
): Promise<{ readonly burst: T; readonly attempts: number }> {
  assert(maxRepeats >= 0, 'a burst runs at least once');
  const bursts: T[] = [];
  while (bursts.length <= maxRepeats) {
    const burst = await run();
    bursts.push(burst);
    if (!isDisturbed(burst)) return { burst, attempts: bursts.length };
  }
  const [quietest] = bursts.sort((x, y) => (x.othersCores ?? 0) - (y.othersCores ?? 0));
  return { burst: present(quietest, 'a burst'), attempts: bursts.length };
}
