import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { GroundworkError } from './errors.ts';
import type { FileSystem } from './file-system.ts';

/** The name of the file that locks a folder. */
export const lockFileName = 'lock';

/**
 * Takes a folder for this process alone. A lock whose process is gone (killed, or before a restart of the machine) is taken
 * over.
 *
 * @returns the function that gives the folder free
 * @throws `locked` where another process is at work in the folder, or a machine that shares it
 */
export function lockFolder(fs: FileSystem, folder: string): () => void {
  const path = join(folder, lockFileName);
  const mine = `${JSON.stringify({ process: process.pid, startedAt: startTimeOf(process.pid), machine: hostname() })}\n`;
  if (fs.exists(path)) {
    const holder = parseHolder(new TextDecoder().decode(fs.readFile(path)));
    // A lock that was cut off while it was written belongs to a process that died at that moment.
    if (holder && isAlive(holder)) {
      const where = holder.machine === hostname() ? `process ${holder.process}` : `a process on ${holder.machine}`;
      throw new GroundworkError('locked', `${folder} is in use by ${where}`, {
        hint: `Wait until it has ended. If it is gone for certain, remove ${path}.`,
      });
    }
    fs.remove(path);
  }
  const file = fs.open(path, 'create-new');
  try {
    file.write(new TextEncoder().encode(mine));
  } finally {
    file.close();
  }
  return () => fs.remove(path);
}

interface Holder {
  readonly process: number;
  readonly startedAt: string | null;
  readonly machine: string;
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { process: holder, startedAt, machine } = JSON.parse(text);
    const isSound = Number.isInteger(holder) && typeof machine === 'string';
    return isSound
      ? { process: holder, startedAt: typeof startedAt === 'string' ? startedAt : null, machine }
      : undefined;
  } catch (fault) {
    if (!(fault instanceof SyntaxError)) throw fault;
    return undefined;
  }
}

function isAlive({ process: holder, startedAt, machine }: Holder): boolean {
  if (machine !== hostname()) return true;
  try {
    process.kill(holder, 0);
  } catch (fault) {
    // EPERM: it lives, and is somebody else's.
    return (fault as NodeJS.ErrnoException).code === 'EPERM';
  }
  // The number may have gone to another process since.
  return startedAt === null || startTimeOf(holder) === startedAt;
}

/** When a process started, in the clock of Linux; null where the system does not tell. */
function startTimeOf(processId: number): string | null {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    // Field 22, counted behind the name, which may hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    // No /proc: macOS and Windows. The number of the process has to do.
    return null;
  }
}
