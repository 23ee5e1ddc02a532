import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** Where the benchmark runs. */
export interface Machine {
  readonly processor: string;
  readonly numCores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  /** Whether the processor computes in bfloat16. */
  readonly hasBfloat16: boolean;
  /** Over the last minute, at the start. */
  readonly loadAverage: number;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    numCores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
    hasBfloat16: /\b(avx512_bf16|amx_bf16|bf16)\b/.test(readProcessorFlags()),
    loadAverage: loadavg()[0] ?? 0,
  };
}

/** The text in which Linux lists what the processor can do; empty elsewhere. */
function readProcessorFlags(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
