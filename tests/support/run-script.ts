import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a TypeScript file in a process of its own and returns what it printed last, parsed as JSON. */
export async function runScript(path: string, args: readonly string[] = []): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--import', 'tsx', path, ...args]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
