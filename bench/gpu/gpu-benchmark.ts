import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GroundworkError } from '../../src/core/index.ts';
import { findJaxPython } from '../../src/engine/jax/index.ts';
import { type GpuFlags, gpuUsage, parseGpuFlags } from './flags.ts';
import { gpuModels } from './models.ts';
import { readRecord, type WebgpuOutcome } from './record.ts';
import { reportOf } from './table.ts';
import { writeBundle } from './task.ts';
import { measureWebgpu } from './webgpu.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

/** `bench gpu`: writes a bundle and runs it, or does one of the two, or prints what was measured elsewhere. */
export async function runGpuBenchmark(args: readonly string[]): Promise<void> {
  const flags = parseGpuFlags(args);
  if (flags.help) {
    print(gpuUsage);
    return;
  }
  if (flags.read !== undefined) {
    print(reportOf(readRecord(flags.read)));
    return;
  }
  const models = gpuModels(flags.models, flags.scale);
  if (flags.bundle !== undefined) {
    writeBundle(flags.bundle, { models, log });
    print(`Run it where a GPU is: python ${join(flags.bundle, 'run.py')} --json gpu.json`);
    print('Then print its tables here: npm run bench -- gpu --read gpu.json');
    return;
  }
  const work = join(checkout, '.bench', 'gpu');
  const folder = join(work, 'bundle');
  const json = resolve(flags.json ?? join(work, 'gpu.json'));
  mkdirSync(dirname(json), { recursive: true });
  const pythons = pythonsOf(flags);
  writeBundle(folder, { models, log });
  await runBundle(folder, json, flags, pythons);
  const webgpu: WebgpuOutcome =
    flags.device === 'cpu'
      ? { skipped: 'this is a rehearsal on a processor' }
      : await measureWebgpu(join(work, 'step'));
  const record = { ...readRecord(json), webgpu };
  const text = JSON.stringify(record);
  writeFileSync(json, text);
  print(reportOf(record));
  print(text);
}

interface Pythons {
  readonly jax: string;
  readonly torch: string;
}

/**
 * @throws GroundworkError `provider-unavailable` where no Python with JAX is found
 */
function pythonsOf({ python, torchPython }: GpuFlags): Pythons {
  const environment = python === undefined ? process.env : { ...process.env, GROUNDWORK_PYTHON: python };
  const jax = findJaxPython({ environment }).command;
  const peer = join(checkout, 'bench', 'peers', 'pytorch', '.venv', 'bin', 'python');
  return { jax, torch: torchPython ?? (python === undefined && existsSync(peer) ? peer : jax) };
}

/** Runs `run.py`, whose progress goes to this terminal. */
async function runBundle(folder: string, json: string, flags: GpuFlags, { jax, torch }: Pythons): Promise<void> {
  const session = [process.execPath, '--import', 'tsx', join(here, 'session-row.ts')];
  const args = [
    ...[join(folder, 'run.py'), '--device', flags.device, '--rows', flags.rows, '--rounds', String(flags.rounds)],
    ...['--minutes', String(flags.minutes), '--json', json, '--jax-python', jax, '--torch-python', torch],
    ...['--session', JSON.stringify(session)],
    ...(flags.micro === undefined ? [] : ['--micro', flags.micro]),
    ...(flags.eager ? ['--eager'] : []),
  ];
  const child = spawn(jax, args, {
    cwd: checkout,
    env: { ...process.env, GROUNDWORK_PYTHON: jax },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', done);
  });
  if (code === 0) return;
  throw new GroundworkError('engine-failure', `run.py ended with exit code ${code}`, {
    hint: `What was measured before is in ${json}: npm run bench -- gpu --read ${json}`,
  });
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
