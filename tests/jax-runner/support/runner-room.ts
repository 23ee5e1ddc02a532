import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { present } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { openDataset } from '../../../src/data/index.ts';
import { openRun, type Plan, type RunDataset, type RunEvent } from '../../../src/training/index.ts';
import { readCheckpoint } from '../../../src/training/run/checkpoint.ts';
import { readArrays } from '../../../src/training/run/safetensors.ts';
import { parseTrainingState, type TrainingState } from '../../../src/training/training-state.ts';
import { type BundleRoom, smallBundle } from '../../export/support/small-bundle.ts';
import { jaxPython } from '../../support/jax-python.ts';
import { closeDatasets, type PlanChanges, smallPlan, writeTexts } from '../../training/support/small-training.ts';

/** Two datasets of a vocabulary that devices can share out, for as long as a test file runs. */
export function runnerRoom(): BundleRoom {
  const folder = mkdtempSync(join(tmpdir(), 'runner-'));
  const datasets = ['speeches', 'letters'].map((name, i): RunDataset => {
    writeTexts(nodeFileSystem, join(folder, name), { seed: i + 1, name, vocabularySize: 264 });
    return { dataset: openDataset(nodeFileSystem, join(folder, name)), weight: i === 0 ? 3 : 1 };
  });
  return {
    folder,
    datasets,
    close: () => {
      closeDatasets(datasets);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Twenty steps of two micro-batches of eight rows, documents packed and masked, evaluated and saved on the way. */
export function runnerPlan(changes: PlanChanges = {}): Plan {
  return smallPlan({
    numTokens: 20 * 16 * 32,
    ...changes,
    size: { vocabularySize: 264, ...changes.size },
    batch: { batchSize: 16, microBatchSize: 8, ...changes.batch },
    checkpoints: { everyMs: null, everySteps: 7, keep: 2, ...changes.checkpoints },
  });
}

/** Writes a bundle of that plan and returns its folder. */
export async function runnerBundle(room: BundleRoom, name: string, plan: Plan = runnerPlan()): Promise<string> {
  return (await smallBundle(room, name, { run: { plan } })).folder;
}

/** The same bundle once more, as yet untrained. */
export function copyOf(bundle: string, name: string): string {
  const copy = join(bundle, '..', name);
  cpSync(bundle, copy, { recursive: true });
  return copy;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
  readonly errors: string;
}

export interface RunnerProcess {
  readonly child: ChildProcess;
  /** Resolves when it has printed these words, or has ended. */
  seen(words: string): Promise<void>;
  readonly ending: Promise<Ending>;
}

export interface StartOptions {
  /** Devices of the processor. Default 1. */
  readonly numDevices?: number;
  /** What starts Python: a shell, for instance, that sets limits. */
  readonly command?: readonly string[];
}

/** Starts the runner of a bundle. */
export function startRunner(
  bundle: string,
  flags: readonly string[] = [],
  { numDevices = 1, command = [] }: StartOptions = {},
): RunnerProcess {
  const python = present(jaxPython(), 'a Python with JAX');
  const [program = '', ...args] = [...command, python, join(bundle, 'runner.py'), ...flags];
  const child = spawn(program, args, {
    env: {
      ...process.env,
      JAX_PLATFORMS: 'cpu',
      JAX_NUM_CPU_DEVICES: String(numDevices),
      // Compiling takes a quarter of the time, and what was compiled once is kept for the next process.
      XLA_FLAGS: '--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true',
      JAX_COMPILATION_CACHE_DIR: join(bundle, '..', 'compiled'),
      JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  const waiting = new Set<() => void>();
  const wakeAll = () => {
    for (const wake of [...waiting]) wake();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    wakeAll();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  let isOver = false;
  const ending = once(child, 'close').then(([code, signal]): Ending => {
    isOver = true;
    wakeAll();
    return { code, signal, output, errors };
  });
  const seen = (words: string): Promise<void> =>
    new Promise((done) => {
      const wake = (): void => {
        if (!isOver && !output.includes(words)) return;
        waiting.delete(wake);
        done();
      };
      waiting.add(wake);
      wake();
    });
  return { child, ending, seen };
}

/** Runs the runner of a bundle to its end. */
export function runRunner(bundle: string, flags: readonly string[] = [], options: StartOptions = {}): Promise<Ending> {
  return startRunner(bundle, flags, options).ending;
}

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return present(typeof address === 'object' ? address?.port : undefined, 'a port');
}

/** Starts so many processes that are one run. */
export async function startProcesses(
  bundle: string,
  flags: readonly string[] = [],
  { numProcesses = 2, numDevices = 4 } = {},
): Promise<RunnerProcess[]> {
  const address = ['--coordinator', `127.0.0.1:${await freePort()}`, '--num-processes', String(numProcesses)];
  return Array.from({ length: numProcesses }, (_, process) =>
    startRunner(bundle, [...flags, ...address, '--process-id', String(process)], { numDevices }),
  );
}

/** What the log of a bundle's run says. */
export function eventsOf(bundle: string): RunEvent[] {
  return openRun(nodeFileSystem, join(bundle, 'run')).events();
}

export function lossesOf(bundle: string): number[] {
  return eventsOf(bundle).flatMap((event) => (event.type === 'step' ? [event.loss] : []));
}

/** The numbers of a checkpoint. */
export function tensorsOf(bundle: string, step: number): Map<string, Float32Array> {
  const folder = join(bundle, 'run', 'checkpoints', `step-${String(step).padStart(8, '0')}`);
  const tensors = new Map<string, Float32Array>();
  for (const name of ['model', 'optimizer']) {
    const { arrays } = readArrays(nodeFileSystem, join(folder, `${name}.safetensors`));
    for (const [tensor, { data }] of arrays) tensors.set(tensor, data);
  }
  return tensors;
}

/** What a run knew besides its tensors after a step. */
export function trainingOf(bundle: string, step: number): TrainingState {
  const run = join(bundle, 'run');
  return parseTrainingState(readCheckpoint(nodeFileSystem, run, step).training, run);
}

/** The bytes of a checkpoint's tensors. */
export function tensorBytes(bundle: string, step: number): Buffer[] {
  const folder = join(bundle, 'run', 'checkpoints', `step-${String(step).padStart(8, '0')}`);
  return ['model', 'optimizer'].map((name) => readFileSync(join(folder, `${name}.safetensors`)));
}
