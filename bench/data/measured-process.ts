import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setInterval } from 'node:timers';

/** A process that ended, and what it took. */
export interface MeasuredProcess {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallSeconds: number;
  /** Processor time of the process and all its threads, in user and kernel. */
  readonly processorSeconds: number;
  /** The most memory that was resident: `VmHWM`, which the kernel keeps; worker threads are in it. */
  readonly peakBytes: number;
  /** The most that was resident at a look every 50 ms, by the last line that it had written to standard error by then. */
  readonly peakBytesByStage: { readonly [stage: string]: number };
}

export interface ProcessOptions {
  /** Cores that the process may use, as `taskset` takes them: `0` or `0,1`. Any, where it is not given. */
  readonly cores?: string;
  readonly environment?: { readonly [name: string]: string };
}

const lookMs = 50;
/** Clock ticks of /proc/PID/stat in a second: fixed by Linux for programs, whatever the kernel's own. */
const ticksPerSecond = 100;

/** Runs a program to its end. Peaks and processor time are read from /proc, so there are none elsewhere than on Linux (0). */
export function measureProcess(
  command: string,
  args: readonly string[],
  { cores, environment }: ProcessOptions = {},
): Promise<MeasuredProcess> {
  const line = cores === undefined ? [command, ...args] : ['taskset', '-c', cores, command, ...args];
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const [program = command, ...rest] = line;
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    let stdout = '';
    let stderr = '';
    let peakBytes = 0;
    let processorSeconds = 0;
    const peakBytesByStage: Record<string, number> = {};
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const look = () => {
      const status = readProcess(child.pid, 'status');
      const stat = readProcess(child.pid, 'stat');
      if (status === undefined || stat === undefined) return;
      peakBytes = Math.max(peakBytes, kilobytes(status, 'VmHWM') * 1024);
      const stage = stderr.trimEnd().split('\n').at(-1) ?? '';
      peakBytesByStage[stage] = Math.max(peakBytesByStage[stage] ?? 0, kilobytes(status, 'VmRSS') * 1024);
      // After the name in parentheses, fields 14 and 15 of proc(5): utime and stime.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = Number(fields[11]) + Number(fields[12]);
      if (Number.isFinite(ticks)) processorSeconds = Math.max(processorSeconds, ticks / ticksPerSecond);
    };
    const timer = setInterval(look, lookMs);
    child.on('error', (cause) => {
      clearInterval(timer);
      reject(cause);
    });
    child.on('close', (code) => {
      clearInterval(timer);
      const wallSeconds = (performance.now() - start) / 1000;
      resolve({ exitCode: code ?? 128, stdout, stderr, wallSeconds, processorSeconds, peakBytes, peakBytesByStage });
    });
  });
}

function readProcess(id: number | undefined, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8');
  } catch {
    // It has ended, or this system has no /proc.
    return undefined;
  }
}

const kilobytes = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
