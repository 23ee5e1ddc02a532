import { present } from '../../src/core/index.ts';
import type { Opening } from './outcome.ts';
import type { PeerProcess } from './peer-process.ts';
import { median } from './statistics.ts';

/** How many steps every row has to agree on before it is timed. */
export const numGateSteps = 5;
/** How far a loss may lie from that of ours on the CPU, in nats. */
export const gateTolerance = 2e-3;

/** True if every loss is there, finite and near the reference. */
export function passesGate(losses: readonly (number | null)[], reference: readonly (number | null)[]): boolean {
  return (
    losses.length === reference.length &&
    losses.every((loss, i) => {
      const expected = reference[i];
      return typeof loss === 'number' && typeof expected === 'number' && Math.abs(loss - expected) <= gateTolerance;
    })
  );
}

/** The greatest distance of a loss from its reference, in nats. */
export function greatestDeviation(losses: readonly (number | null)[], reference: readonly (number | null)[]): number {
  return losses.reduce<number>(
    (greatest, loss, i) => Math.max(greatest, Math.abs((loss ?? Number.NaN) - (reference[i] ?? Number.NaN))),
    0,
  );
}

/**
 * Runs the first steps of a peer. They are its warm-up too.
 *
 * @returns what was seen, and about how long a step takes from now on
 */
export async function runGate(peer: PeerProcess): Promise<{ readonly opening: Opening; readonly stepMs: number }> {
  const first = await peer.steps(1);
  const firstLossMs = performance.now() - peer.startedAt;
  const rest = await peer.steps(numGateSteps - 1);
  const firstStepMs = present(first.stepMs[0], 'the time of the first step');
  const losses = [...first.losses, ...rest.losses];
  return { opening: { ready: peer.ready, firstStepMs, firstLossMs, losses }, stepMs: median(rest.stepMs) };
}
