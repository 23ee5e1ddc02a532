import { processPeak, resetProcessPeak } from '../../core/node.ts';
import type { EngineHost } from '../../engine/index.ts';

/** Tells by how much this process grows while it trains, with what an engine holds elsewhere. */
export interface MemoryMeter {
  /** Counts from here on what an engine holds elsewhere as well, all of it. */
  follow(host: EngineHost): void;
  /** Forgets the peak so far: from here on counts. */
  begin(): void;
  /** Looks at the memory now, where the system keeps no peak. */
  note(): void;
  /** The most memory since `begin` less what there was when the meter was made, in bytes; null before `begin`. */
  peakGrowthBytes(): number | null;
}

/**
 * Makes a meter; what the process holds now is what it grows from. Linux keeps the peak itself, and lets a process reset its own; elsewhere,
 * or where that is forbidden, it is the most that was seen when `note` was called.
 */
export function memoryMeter(): MemoryMeter {
  const before = process.memoryUsage.rss();
  let seen: number | undefined;
  let keepsPeak = false;
  let host: EngineHost | undefined;
  /** Kept in case the engine ends first. */
  let seenOfHost = 0;
  const note = (): void => {
    seen = Math.max(seen ?? 0, process.memoryUsage.rss());
    seenOfHost = Math.max(seenOfHost, host?.peakBytes() ?? 0);
  };
  return {
    follow: (one) => {
      host = one;
    },
    begin: () => {
      seen = undefined;
      seenOfHost = 0;
      keepsPeak = resetProcessPeak();
      host?.resetPeak();
      note();
    },
    note,
    peakGrowthBytes: () => {
      if (seen === undefined) return null;
      note();
      return Math.max(0, Math.max(seen, keepsPeak ? (processPeak() ?? 0) : 0) - before) + seenOfHost;
    },
  };
}
