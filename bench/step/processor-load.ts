import { readdirSync, readFileSync } from 'node:fs';

/** Processor time in seconds since the machine started, by whom. */
export interface ProcessorTimes {
  /** Of all processes, and what the host took away from this virtual machine. */
  readonly everyone: number;
  /** Of one process with its descendants, and of this process. */
  readonly own: number;
}

/** USER_HZ, which Linux fixes at 100 on every platform that Node runs on. */
const ticksPerSecond = 100;

/**
 * Reads the processor times from /proc, or nothing on a system that has none.
 *
 * @param pid the process whose descendants count as its own
 */
export function readProcessorTimes(pid: number): ProcessorTimes | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/stat', 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { user, system } = process.cpuUsage();
  return { everyone: busySeconds(text), own: treeSeconds(readProcesses(), pid) + (user + system) / 1e6 };
}

/** Cores that other processes used on average, between two readings. */
export function othersCores(before: ProcessorTimes, after: ProcessorTimes, wallSeconds: number): number {
  const others = after.everyone - before.everyone - (after.own - before.own);
  return Math.max(0, others / wallSeconds);
}

/** All time that was not idle, from the text of /proc/stat. */
export function busySeconds(text: string): number {
  const [, ...fields] = (text.split('\n')[0] ?? '').trim().split(/\s+/);
  // user, nice, system, (idle, iowait,) irq, softirq, steal; the guests' time is part of user and nice.
  const ticks = [0, 1, 2, 5, 6, 7].reduce((sum, i) => sum + Number(fields[i] ?? 0), 0);
  return ticks / ticksPerSecond;
}

/** A process as /proc/PID/stat tells of it. */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  /** Its own time and that of its children that have ended. */
  readonly seconds: number;
}

/** Reads the text of /proc/PID/stat. */
export function parseProcess(text: string): ProcessTimes {
  // The second field is the name in parentheses, which may hold spaces and parentheses of its own.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i] ?? 0), 0);
  return { pid: Number.parseInt(text, 10), parent: Number(fields[1]), seconds: ticks / ticksPerSecond };
}

/** Time of a process and all its descendants. */
export function treeSeconds(processes: readonly ProcessTimes[], root: number): number {
  let sum = processes.find(({ pid }) => pid === root)?.seconds ?? 0;
  for (const { pid, parent } of processes) if (parent === root) sum += treeSeconds(processes, pid);
  return sum;
}

function readProcesses(): ProcessTimes[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [parseProcess(readFileSync(`/proc/${pid}/stat`, 'utf8'))];
      } catch {
        // It has ended since the folder was listed.
        return [];
      }
    });
}
