import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname, uptime } from 'node:os';
import { z } from 'zod';
import { GroundworkError } from './errors.ts';

// Locks are about processes and not about data, so they bypass the FileSystem that tests may let fail.

const holderSchema = z.object({
  process: z.int(),
  startedAt: z.string().nullable(),
  machine: z.string(),
  /** Tells two locks of one process apart. */
  token: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

/**
 * Takes a lock for this process: a file that says who holds it. It appears with its contents in one step (a hard link), so no
 * other process ever sees half of it. A lock whose process is gone (killed, or before a restart of the machine) is taken over,
 * by one process at a time; so is one that cannot be read and is older than the machine's start.
 *
 * @param path the file; its folder exists
 * @param what is locked, for messages
 * @returns the function that gives the lock free
 * @throws `locked` where another process holds it, also one of another machine that shares the disk
 */
export function takeLock(path: string, what: string): () => void {
  const mine: Holder = {
    process: process.pid,
    startedAt: startTimeOf(process.pid),
    machine: hostname(),
    token: randomUUID(),
  };
  if (!appear(path, mine)) {
    // Whoever removes a dead lock holds a lock on that, or two could each remove the fresh lock of the other.
    const takeover = `${path}.takeover`;
    // Its holder may itself have been killed while it took over.
    if (!appear(takeover, mine) && !(removeDead(takeover, mine) && appear(takeover, mine))) {
      throw locked(what, takeover, readHolder(takeover));
    }
    try {
      if (!removeDead(path, mine) || !appear(path, mine)) throw locked(what, path, readHolder(path));
    } finally {
      fs.rmSync(takeover, { force: true });
    }
  }
  return () => {
    const holder = readHolder(path);
    if (typeof holder === 'object' && holder.token === mine.token) fs.rmSync(path, { force: true });
  };
}

/** Lets a lock file appear with its contents; false where there is one. */
function appear(path: string, holder: Holder): boolean {
  const draft = `${path}.${holder.token}`;
  try {
    // Flushed, or a loss of power could leave the name without the contents: a lock that nobody can be found to hold.
    fs.writeFileSync(draft, `${JSON.stringify(holder)}\n`, { flush: true });
    fs.linkSync(draft, path);
    return true;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fault;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/**
 * Removes a lock whose holder is gone; false where it may live. It is moved aside and looked at there, so that of two who
 * saw the same dead lock the second does not remove the fresh lock of the first: that one is put back.
 */
function removeDead(path: string, mine: Holder): boolean {
  if (!isDead(path)) return false;
  const aside = `${path}.${mine.token}.dead`;
  try {
    fs.renameSync(path, aside);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw fault;
  }
  const wasDead = isDead(aside);
  try {
    if (!wasDead) fs.linkSync(aside, path);
  } catch (fault) {
    // Another lock appeared meanwhile; there is no place for this one any more.
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
  } finally {
    fs.rmSync(aside, { force: true });
  }
  return wasDead;
}

/** Whether the holder of a lock is gone for certain. */
function isDead(path: string): boolean {
  const holder = readHolder(path);
  if (holder === undefined) return true;
  if (holder !== 'unreadable') return !isAlive(holder);
  // No process that lives leaves a lock without contents: whoever wrote this one was there before the machine was started.
  const written = fs.statSync(path, { throwIfNoEntry: false });
  return written === undefined || written.mtimeMs < Date.now() - 1000 * uptime();
}

/** Who holds a lock; undefined where there is none. */
function readHolder(path: string): Holder | 'unreadable' | undefined {
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch (fault) {
    if (!(fault instanceof SyntaxError || fault instanceof z.ZodError)) throw fault;
    return 'unreadable';
  }
}

function locked(what: string, path: string, holder: Holder | 'unreadable' | undefined): GroundworkError {
  const isHere = typeof holder === 'object' && holder.machine === hostname();
  const who =
    typeof holder !== 'object'
      ? 'another process'
      : `process ${holder.process}${isHere ? '' : ` on ${holder.machine}`}`;
  return new GroundworkError('locked', `${what} is in use by ${who}`, {
    hint: `Wait until it has ended. If it is gone for certain, remove ${path}.`,
  });
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
    const stat = fs.readFileSync(`/proc/${processId}/stat`, 'latin1');
    // Field 22, counted behind the name, which may hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    // No /proc: macOS and Windows. The number of the process has to do.
    return null;
  }
}
