import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The same room for young objects in every version of Node: by default it differs by 30 MB, which is not the session's. */
const youngGeneration = '--max-semi-space-size=16';

/** Runs a TypeScript file in a process of its own and returns what it printed last, parsed as JSON. */
export async function runScript(path: string, args: readonly string[] = []): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    youngGeneration,
    '--import',
    'tsx',
    path,
    ...args,
  ]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
