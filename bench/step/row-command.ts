import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RowCommand } from './contestant.ts';
import type { RowSpec } from './rows.ts';

/** Where the benchmark finds what it starts. */
export interface Places {
  /** The folder bench/peers. */
  readonly peers: string;
  /** The folder with our own compiled children. */
  readonly children: string;
}

/** The command line of a row, or that its peer is not installed. */
export function rowCommand({ program, threads }: RowSpec, places: Places, specPath: string): RowCommand {
  const flags = ['--spec', specPath, '--threads', String(threads)];
  if ('entry' in program) {
    return {
      command: process.execPath,
      args: [join(places.children, `${program.entry}.mjs`), ...flags, ...program.args],
    };
  }
  const folder = join(places.peers, program.folder);
  const isPython = program.language === 'python';
  const python = join(folder, '.venv', 'bin', 'python');
  if (!existsSync(isPython ? python : join(folder, 'node_modules'))) {
    return { absent: `absent: run bench/peers/${program.folder}/setup.sh` };
  }
  const script = join(folder, isPython ? 'peer.py' : 'peer.mjs');
  return { command: isPython ? python : process.execPath, args: [script, ...flags, ...program.args] };
}
