import { type Clock, systemClock } from '../core/index.ts';
import { formatCompact } from '../page/index.ts';
import type { FailedPoint, LadderProgress, LadderState, TrainedPoint } from '../training/index.ts';
import type { Terminal } from './command-line.ts';
import { duration } from './progress-display.ts';

/** Time between two drawings of the live line. */
const refreshMs = 100;
/** Time between two lines where nobody watches and no point comes. */
const lineMs = 60_000;

/** Shows a ladder while it is at work. */
export interface LadderDisplay {
  onPoint(point: TrainedPoint | FailedPoint, state: LadderState): void;
  onProgress(progress: LadderProgress): void;
  close(): void;
}

/**
 * Makes the display of a ladder: a line for each point, and where somebody watches a live line with the trunk at work.
 *
 * @param trunkMs how long each trunk takes
 * @param begun the ladder as it was before, where it goes on
 */
export function ladderDisplay(
  terminal: Terminal,
  trunkMs: readonly number[],
  begun: LadderState | undefined,
  clock: Clock = systemClock,
): LadderDisplay {
  let shownMs = clock.monotonicMs();
  let first: { readonly index: number; readonly expectedMs: number } | undefined;
  const numBefore = (begun?.points.length ?? 0) + (begun?.failures.length ?? 0);
  if (numBefore > 0)
    terminal.error(`goes on: ${numBefore === 1 ? 'one point is' : `${numBefore} points are`} there already`);

  /** Until the end, at the pace so far against the pace expected. */
  const leftMs = ({ index, step, numSteps, elapsedMs }: LadderProgress): number => {
    const at = (whole: number, share: number) =>
      trunkMs.slice(0, whole).reduce((sum, ms) => sum + ms, 0) + share * (trunkMs[whole] ?? 0);
    first ??= { index, expectedMs: at(index, 0) };
    const done = at(index, step / Math.max(1, numSteps)) - first.expectedMs;
    const left = at(trunkMs.length, 0) - first.expectedMs - done;
    return done < 1000 ? left : left * (elapsedMs / done);
  };

  return {
    onProgress(progress) {
      const now = clock.monotonicMs();
      const left = leftMs(progress);
      if (now - shownMs < (terminal.live ? refreshMs : lineMs)) return;
      shownMs = now;
      const { index, numTrunks, trunk, step, numSteps, activity } = progress;
      const parts = [
        `training ${index + 1} of ${numTrunks}`,
        `rung ${trunk.rung}, ${trunk.numLayers}x${trunk.width}, seed ${trunk.seed}`,
        activity === 'evaluating' ? 'evaluating' : `step ${step} of ${numSteps}`,
        `${duration(left / 1000)} left`,
      ];
      if (terminal.live) terminal.live(parts.join('   '));
      else terminal.error(parts.join('  '));
    },
    onPoint(point, { points, failures, plan }) {
      const total = plan.trunks.reduce((sum, { lengths }) => sum + lengths.length, 0);
      const count = `${points.length + failures.length} of ${total}`;
      shownMs = clock.monotonicMs();
      if ('reason' in point) terminal.error(`${count}  ${point.rung}, seed ${point.seed}: left out, ${point.reason}`);
      else {
        const { rung, seed, bitsPerByte, flops, durationMs } = point;
        terminal.error(
          `${count}  ${rung}, seed ${seed}: ${bitsPerByte.toFixed(4)} bits per byte at ${formatCompact(flops)} FLOPs  (${duration(durationMs / 1000)})`,
        );
      }
    },
    close: () => terminal.live?.(''),
  };
}
