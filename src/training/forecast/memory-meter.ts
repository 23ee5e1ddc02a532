import { readFileSync, writeFileSync } from 'node:fs';

/** Tells by how much this process grows while it trains. */
export interface MemoryMeter {
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
  const note = (): void => {
    seen = Math.max(seen ?? 0, process.memoryUsage.rss());
  };
  return {
    begin: () => {
      seen = undefined;
      keepsPeak = resetPeak();
      note();
    },
    note,
    peakGrowthBytes: () => {
      if (seen === undefined) return null;
      note();
      return Math.max(0, Math.max(seen, keepsPeak ? (kernelPeak() ?? 0) : 0) - before);
    },
  };
}

/** Sets the peak that the kernel keeps of this process back to what it holds now (proc(5), `clear_refs`). */
function resetPeak(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return kernelPeak() !== undefined;
  } catch {
    // Containers may forbid it; then the peak is what `note` sees.
    return false;
  }
}

function kernelPeak(): number | undefined {
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
