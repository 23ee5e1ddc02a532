import { freemem } from 'node:os';
import type { FileSystem } from '../core/index.ts';

/** How much more memory this process may use, and what sets the limit. */
export interface MemoryLimit {
  readonly availableBytes: number;
  /** In words: `free memory of the machine`, `limit of the container`, … */
  readonly limit: string;
}

/**
 * The memory that is to be had: the least of what the machine has free, what the container (control groups of Linux, versions 1
 * and 2) leaves, and what is left of the address space (`ulimit -v`). A system without `/proc` tells the first only.
 *
 * @param fs where `/proc` and `/sys` are read
 * @param freeBytes free memory of the machine where `/proc/meminfo` does not say
 */
export function memoryLimit(fs: FileSystem, freeBytes: number = freemem()): MemoryLimit {
  const read = (path: string): string | undefined => {
    if (!fs.exists(path)) return undefined;
    try {
      return new TextDecoder().decode(fs.readFile(path));
    } catch {
      // Containers hide files that they list; a limit that cannot be read is not known.
      return undefined;
    }
  };
  const kilobytes = (text: string | undefined, field: string): number | undefined => {
    const [, digits] = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(text ?? '') ?? [];
    return digits === undefined ? undefined : Number(digits) * 1024;
  };
  const found: MemoryLimit[] = [
    {
      availableBytes: kilobytes(read('/proc/meminfo'), 'MemAvailable') ?? freeBytes,
      limit: 'free memory of the machine',
    },
  ];
  for (const availableBytes of groupLimits(read)) found.push({ availableBytes, limit: 'limit of the container' });
  const [, addressSpace] = /^Max address space\s+(\d+)/m.exec(read('/proc/self/limits') ?? '') ?? [];
  if (addressSpace !== undefined) {
    const usedBytes = kilobytes(read('/proc/self/status'), 'VmSize') ?? 0;
    found.push({ availableBytes: Number(addressSpace) - usedBytes, limit: 'limit of the address space (ulimit -v)' });
  }
  const least = found.reduce((a, b) => (b.availableBytes < a.availableBytes ? b : a));
  return { ...least, availableBytes: Math.max(0, Math.floor(least.availableBytes)) };
}

/** What each control group over this process leaves, from its own up to the root. */
function groupLimits(read: (path: string) => string | undefined): number[] {
  const limits: number[] = [];
  const number = (text: string | undefined): number | undefined =>
    text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
  const add = (limit: number | undefined, usage: number | undefined, statistics: string | undefined, field: string) => {
    if (limit === undefined || usage === undefined) return;
    // Cached files count as used, but are given up when memory is wanted.
    const [, cached] = new RegExp(`^${field} (\\d+)`, 'm').exec(statistics ?? '') ?? [];
    limits.push(limit - usage + Number(cached ?? 0));
  };
  for (const line of (read('/proc/self/cgroup') ?? '0::/').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const isUnified = controllers === '';
    if (!isUnified && !controllers.split(',').includes('memory')) continue;
    const root = isUnified ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
    const names = path.split('/').filter((name) => name !== '' && name !== '..');
    for (let depth = names.length; depth >= 0; depth--) {
      const folder = [root, ...names.slice(0, depth)].join('/');
      if (isUnified) {
        const usage = number(read(`${folder}/memory.current`));
        add(number(read(`${folder}/memory.max`)), usage, read(`${folder}/memory.stat`), 'inactive_file');
      } else {
        const limit = number(read(`${folder}/memory.limit_in_bytes`));
        const usage = number(read(`${folder}/memory.usage_in_bytes`));
        // Version 1 writes "no limit" as the largest number of pages.
        const isLimit = limit !== undefined && limit < 2 ** 60;
        add(isLimit ? limit : undefined, usage, read(`${folder}/memory.stat`), 'total_inactive_file');
      }
    }
  }
  return limits;
}
