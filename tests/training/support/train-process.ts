import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { PlanChanges } from './small-training.ts';

const here = dirname(fileURLToPath(import.meta.url));
/** Beside the packages that it imports. */
const bundle = resolve(here, `../../../node_modules/.cache/groundwork-train-${process.pid}.mjs`);

/** Makes one file of the script, so that a process of it starts in a fraction of a second. */
export async function bundleScript(): Promise<void> {
  mkdirSync(dirname(bundle), { recursive: true });
  await build({
    entryPoints: [join(here, 'train-script.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
}

export function removeBundle(): void {
  rmSync(bundle, { force: true });
}

export interface TrainProcess {
  readonly child: ChildProcess;
  /** Steps of the events of a type, so far. */
  steps(type: string): number[];
  /** Resolves at the first line that begins with these words, or at the end. */
  seen(words: string): Promise<void>;
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null; readonly errors: string }>;
}

/** Starts a process that trains in a folder, or goes on there. */
export function startProcess(
  root: string,
  folder: string,
  changes: PlanChanges,
  command: readonly string[] = [process.execPath],
): TrainProcess {
  const [program = '', ...before] = command;
  const child = spawn(program, [...before, bundle, root, folder, JSON.stringify(changes)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  const waiting = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    for (const wake of [...waiting]) wake();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exit = once(child, 'close').then(([code, signal]) => {
    for (const wake of [...waiting]) wake();
    return { code, signal, errors };
  });
  let isOver = false;
  void exit.then(() => {
    isOver = true;
  });
  return {
    child,
    exit,
    steps: (type) =>
      output
        .split('\n')
        .slice(0, -1)
        .flatMap((line) => (line.startsWith(`${type} `) ? [Number(line.split(' ')[1])] : [])),
    seen: (words) =>
      new Promise((done) => {
        const wake = (): void => {
          if (!isOver && !output.includes(`${words}`) && child.exitCode === null && child.signalCode === null) return;
          waiting.delete(wake);
          done();
        };
        waiting.add(wake);
        wake();
      }),
  };
}
