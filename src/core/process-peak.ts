import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * The most memory that a process held since it began, or since `resetProcessPeak`, in bytes; undefined where the system does not tell
 * (only Linux does), or the process has ended.
 */
export function processPeak(id: number | 'self' = 'self'): number | undefined {
  const path = `/proc/${id}/status`;
  if (process.platform !== 'linux' || !existsSync(path)) return undefined;
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(path, 'utf8')) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Sets the peak that the kernel keeps of a process back to what it holds now (proc(5), `clear_refs`); tells whether it did. */
export function resetProcessPeak(id: number | 'self' = 'self'): boolean {
  if (process.platform !== 'linux') return false;
  try {
    writeFileSync(`/proc/${id}/clear_refs`, '5');
    return processPeak(id) !== undefined;
  } catch {
    // Containers may forbid it.
    return false;
  }
}
