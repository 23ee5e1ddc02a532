import { type FileSystem, GroundworkError } from '../../core/index.ts';
import { faultOfPath, resolveInside } from '../../core/node.ts';

/** The longest name of a run, in bytes of UTF-8: what is added to it (`.trash-`, a number) still fits a file system. */
const maxNameBytes = 200;

/** Why a name cannot be that of a run; undefined where it can. */
export function faultOfRunName(name: string): string | undefined {
  const fault = faultOfPath(name);
  if (fault !== undefined) return fault;
  if (name.includes('/')) return 'holds a slash';
  if (/^[.-]/.test(name)) return `begins with ${name[0]}`;
  const numBytes = Buffer.byteLength(name);
  return numBytes > maxNameBytes ? `has ${numBytes} bytes, more than ${maxNameBytes}` : undefined;
}

/**
 * The folder of the run of that name.
 *
 * @param runsFolder in which runs lie side by side, such as `runs`
 * @throws `unsafe-path` for a name that no file system or not every one takes, or that leads out of the folder
 */
export function runFolder(runsFolder: string, name: string): string {
  const fault = faultOfRunName(name);
  if (fault === undefined) return resolveInside(runsFolder, name);
  throw new GroundworkError('unsafe-path', `the name ${shownName(name)} of a run ${fault}`, {
    hint: 'Choose a name of letters, digits and dashes, such as presidents-1.',
  });
}

/**
 * A name that is free: `presidents-2026-11-23-1`, with the next number where there is such a run.
 *
 * @param topic what the run is about, such as the name of its dataset; what a name cannot hold is left out
 * @param now the day (UTC) goes into the name
 */
export function nextRunName(fs: FileSystem, runsFolder: string, topic: string, now: Date): string {
  const base = `${slug(topic)}-${now.toISOString().slice(0, 10)}`;
  const taken = new Set(fs.exists(runsFolder) ? fs.list(runsFolder).map((name) => name.toLowerCase()) : []);
  for (let number = 1; ; number++) {
    const name = `${base}-${number}`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}

function slug(topic: string): string {
  const plain = topic
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return plain === '' ? 'run' : plain;
}

function shownName(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
