import type { FileSystem } from '../core/index.ts';
import { initialize } from '../recipe/index.ts';
import { nodeAt, sizeOf } from '../tensor/index.ts';
import { firstEvents, type NewRunOptions, newRun } from './new-run.ts';
import { publishCheckpoint } from './run/checkpoint-publication.ts';
import { eventsFile, openEventLog } from './run/event-log.ts';
import { fingerprintsOf } from './run/run-fingerprints.ts';
import type { Run } from './run/run-folder.ts';
import type { TensorArray } from './run/safetensors.ts';
import { type RecordedRun, writeRecords } from './run-records.ts';
import type { RunParts } from './run-session.ts';
import { firstTrainingState } from './training-state.ts';

/** A run that waits to be trained. */
export interface WaitingRun {
  readonly run: Run;
  readonly recorded: RecordedRun;
  /** The step of the checkpoint that it goes on from. */
  readonly step: number;
  /** Steps of the whole run. */
  readonly numSteps: number;
}

/**
 * Makes a run that is to be trained later, or elsewhere: all that `startRun` writes before its first step, and a checkpoint of step 0, so
 * that every engine begins with the same numbers. It is left as a run that was stopped, and `resumeRun` goes on with it.
 *
 * @throws what `newRun` throws; `disk-full`
 */
export async function makeRun(options: NewRunOptions): Promise<WaitingRun> {
  const { fs } = options;
  const { run, lock, recorded } = await newRun(options);
  try {
    writeRecords(fs, run.folder, recorded);
    const log = openEventLog(fs, `${run.folder}/${eventsFile}`);
    try {
      for (const event of firstEvents(recorded.plan)) log.append(event);
      log.sync();
      const sizeBytes = publishFirst(fs, run, recorded);
      log.append({ type: 'checkpoint', step: 0, sizeBytes });
      log.sync();
    } finally {
      log.close();
    }
    run.update({ ...run.manifest, status: 'stopped' });
    return { run, recorded, step: 0, numSteps: recorded.plan.numSteps };
  } finally {
    lock.release();
  }
}

/** Publishes the checkpoint that a training starts from, and returns its size. */
export function publishFirst(fs: FileSystem, { folder, manifest }: Run, { parts, seed }: RecordedRun): number {
  const { parameters, optimizer } = firstTensors(parts, seed);
  const contents = { step: 0, parameters, optimizer, training: firstTrainingState };
  return publishCheckpoint(fs, folder, { ...contents, fingerprints: fingerprintsOf(manifest) }).checkpoint.sizeBytes;
}

/** Initial parameters, and what the optimizer keeps: zeros, as every state of a session is at first. */
function firstTensors({ prepared: { model, program } }: RunParts, seed: number) {
  const values = initialize(model, seed);
  const parameters = new Map<string, TensorArray>();
  const optimizer = new Map<string, TensorArray>();
  const shapes = Object.entries(program.state).map(([name, { node }]) => [name, nodeAt(program, node).shape] as const);
  // Nothing writes to the zeros, so the same memory serves all.
  const zeros = new Float32Array(shapes.reduce((most, [, shape]) => Math.max(most, sizeOf(shape)), 0));
  for (const [name, shape] of shapes) {
    const data = values.get(name);
    if (data === undefined) optimizer.set(name, { shape, data: zeros.subarray(0, sizeOf(shape)) });
    else parameters.set(name, { shape, data });
  }
  return { parameters, optimizer };
}
