import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Tells by how much this process grows while it trains, with one that works for it. */
export interface MemoryMeter {
  /** Counts from here on what another process holds as well, all of it: one that an engine started. */
  follow(processId: () => number | undefined): void;
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
  let idOfOther: () => number | undefined = () => undefined;
  /** Kept in case the other process ends first. */
  let seenOfOther = 0;
  const note = (): void => {
    seen = Math.max(seen ?? 0, process.memoryUsage.rss());
    const id = idOfOther();
    if (id !== undefined) seenOfOther = Math.max(seenOfOther, kernelPeak(id) ?? 0);
  };
  return {
    follow: (processId) => {
      idOfOther = processId;
    },
    begin: () => {
      seen = undefined;
      seenOfOther = 0;
      keepsPeak = resetPeak();
      const id = idOfOther();
      if (id !== undefined) resetPeak(id);
      note();
    },
    note,
    peakGrowthBytes: () => {
      if (seen === undefined) return null;
      note();
      return Math.max(0, Math.max(seen, keepsPeak ? (kernelPeak() ?? 0) : 0) - before) + seenOfOther;
    },
  };
}

/** Sets the peak that the kernel keeps of a process back to what it holds now (proc(5), `clear_refs`). */
function resetPeak(id: number | 'self' = 'self'): boolean {
  if (process.platform !== 'linux') return false;
  try {
    writeFileSync(`/proc/${id}/clear_refs`, '5');
    return kernelPeak(id) !== undefined;
  } catch {
    // Containers may forbid it; then the peak is what `note` sees.
    return false;
  }
}

/** undefined where the system does not tell, or the process has ended. */
function kernelPeak(id: number | 'self' = 'self'): number | undefined {
  const path = `/proc/${id}/status`;
  if (process.platform !== 'linux' || !existsSync(path)) return undefined;
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(path, 'utf8')) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
