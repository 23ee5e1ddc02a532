import { basename, dirname, resolve } from 'node:path';
import { assert, type FileSystem, GroundworkError } from '../core/index.ts';
import { readVerdict } from './forecast/registered-forecast.ts';
import type { RunCosts } from './forecast/run-outcome.ts';
import { judgeRun } from './forecast/run-verdict.ts';
import { checkpointSteps } from './run/checkpoint-manifest.ts';
import { missingFolders } from './run/new-folder.ts';
import { problemText } from './run/problem.ts';
import { copyRunFiles } from './run/run-copy.ts';
import { fingerprintsOf } from './run/run-fingerprints.ts';
import { openRun, type Run } from './run/run-folder.ts';
import { lockRun, type RunLock } from './run/run-lock.ts';
import type { RunManifest } from './run/run-manifest.ts';
import { faultOfRunName } from './run/run-name.ts';
import { verifyRun } from './run/run-verification.ts';
import type { RunResult } from './run-options.ts';
import { trainingTimeMs } from './training-time.ts';

export interface ReceiveRunOptions {
  readonly fs: FileSystem;
  /** Where the run lies that was trained elsewhere. */
  readonly from: string;
  /** Where it is to lie. */
  readonly folder: string;
  /** What it must be; throws otherwise. Called with what `run.json` says before anything is copied. */
  readonly check?: (manifest: RunManifest) => void;
  /** The most memory that the run was seen to take, for its verdict; null where that is not known. */
  readonly peakMemoryBytes: number | null;
  /** Whether its forecast was of the devices that trained it: else time and memory are not held against it. */
  readonly isForetoldDevice: boolean;
}

/** A run that was taken in. */
export interface ReceivedRun {
  readonly run: Run;
  /** The step of its newest checkpoint; undefined where it has none. */
  readonly step: number | undefined;
  /** How it ended; undefined for one that is not finished. */
  readonly result: RunResult | undefined;
  /** What a person should know, a sentence each. */
  readonly notes: readonly string[];
  /** It took the place of the same run as it was before. */
  readonly isUpdate: boolean;
}

/**
 * Takes in a run that was trained elsewhere: copies and verifies it, judges its forecast where it is finished, and puts it in its place as
 * a whole. Where the same run lies there already, as it was before, the new one takes its place.
 *
 * @throws `invalid-run` with all that is wrong with it; `file-access` where something else lies in its place, or this run has gone further
 *   there, or went on by itself; `locked` where a process is at work there
 */
export function receiveRun({
  fs,
  from,
  folder,
  check,
  peakMemoryBytes,
  isForetoldDevice,
}: ReceiveRunOptions): ReceivedRun {
  const place = resolve(folder);
  const name = basename(place);
  const fault = faultOfRunName(name);
  if (fault !== undefined) {
    throw new GroundworkError('unsafe-path', `${folder} cannot be a run: its name ${fault}`, {
      hint: 'Choose a name of letters, digits and dashes, such as presidents-1.',
    });
  }
  const { manifest } = openRun(fs, from);
  check?.(manifest);
  const steps = checkpointSteps(fs, from);
  const lock = lockExisting(fs, { from, folder, manifest, steps });
  const unfinished = `${dirname(place)}/.pulled-${name}-${process.pid}`;
  try {
    const made = missingFolders(fs, dirname(place));
    // What is left of a killed process that had the same number.
    fs.remove(unfinished);
    copyRunFiles(fs, from, unfinished, manifest, steps);
    refuseProblems(fs, from, unfinished);
    const { result, notes } = settle(fs, unfinished, name, isForetoldDevice ? { peakMemoryBytes } : undefined);
    if (lock === undefined && fs.exists(place)) {
      throw new GroundworkError('file-access', `${folder} was made by another process in the meantime`, {
        hint: 'See what it is, and pull again, or choose another name: --name NAME.',
      });
    }
    putInPlace(fs, unfinished, place);
    for (const path of new Set([...made, place])) fs.syncFolder(dirname(path));
    const run = openRun(fs, folder);
    return {
      run,
      step: steps.at(-1),
      result: result && { ...result, folder, manifest: run.manifest },
      notes,
      isUpdate: lock !== undefined,
    };
  } finally {
    // What was replaced took its lock with it.
    lock?.release();
    fs.remove(unfinished);
  }
}

/** What `run.json` of the run that comes says, and the steps of its checkpoints. */
interface Arriving {
  readonly manifest: RunManifest;
  readonly steps: readonly number[];
}

/** The lock of the run that is to be replaced; undefined where nothing is there. */
function lockExisting(
  fs: FileSystem,
  { from, folder, manifest, steps }: Pick<ReceiveRunOptions, 'from' | 'folder'> & Arriving,
): RunLock | undefined {
  if (!fs.exists(folder)) return undefined;
  const refuse = (found: string, hint = 'Choose another name: --name NAME.'): never => {
    throw new GroundworkError('file-access', `${folder} ${found}`, { hint });
  };
  if (!fs.exists(`${folder}/run.json`)) refuse('holds something else than a run');
  const existing = openRun(fs, folder).manifest;
  if (!isSameRun(existing, manifest)) refuse('holds another run');
  const both = 'Choose another name to have both: --name NAME.';
  const lock = lockRun(folder);
  try {
    const [here, there] = [checkpointSteps(fs, folder).at(-1) ?? 0, steps.at(-1) ?? 0];
    if (existing.status === 'finished') refuse('holds this run already, and it is finished there', both);
    if (here > there) {
      refuse(`holds this run already, and it has gone further there: ${here} steps, not ${there}`, both);
    }
    if (!isPast(openRun(fs, folder), openRun(fs, from), here)) {
      refuse(
        `holds this run already, and it went on there by itself: its step ${here} is not the one that was pulled`,
        both,
      );
    }
    return lock;
  } catch (fault) {
    lock.release();
    throw fault;
  }
}

/** Whether one run is what another was at a step: their logs tell the same of it, its time to the last digit included. */
function isPast(before: Run, after: Run, step: number): boolean {
  const told = ({ events }: Run): string | undefined => {
    const event = events().findLast((one) => one.type === 'step' && one.step === step);
    return event && JSON.stringify(event);
  };
  return told(before) === told(after);
}

function isSameRun(a: RunManifest, b: RunManifest): boolean {
  return (
    a.createdAt === b.createdAt &&
    a.seed === b.seed &&
    JSON.stringify(fingerprintsOf(a)) === JSON.stringify(fingerprintsOf(b))
  );
}

function refuseProblems(fs: FileSystem, from: string, copy: string): void {
  const problems = verifyRun(fs, copy);
  if (problems.length === 0) return;
  const shown = problems.slice(0, 4).map(problemText).join('; ');
  const others = problems.length > 4 ? `; and ${problems.length - 4} more` : '';
  throw new GroundworkError('invalid-run', `${from} is not what its records say: ${shown}${others}`, {
    hint: 'Nothing was taken over. Copy it again from where it was trained.',
  });
}

/** Gives a run its name and, where it is finished, its verdict. Nothing is at work on a copy. */
function settle(fs: FileSystem, folder: string, name: string, foretold: Pick<RunCosts, 'peakMemoryBytes'> | undefined) {
  const run = openRun(fs, folder);
  const { status, result } = run.manifest;
  run.update({ ...run.manifest, name, status: status === 'running' ? 'stopped' : status });
  if (status !== 'finished' || result === null) return { result: undefined, notes: [] };
  const costs: RunCosts = foretold
    ? { durationMs: result.durationMs, ...foretold }
    : { durationMs: null, peakMemoryBytes: null };
  const judged = run.manifest.verdict === undefined ? judgeRun(fs, run, result, costs) : undefined;
  const notes: string[] = [];
  if (judged !== undefined && 'problem' in judged) notes.push(`there is no verdict on the forecast: ${judged.problem}`);
  const written = judged !== undefined && 'verdict' in judged ? judged : undefined;
  if (written !== undefined) run.update({ ...run.manifest, verdict: { sha256: written.sha256 } });
  const { step, tokens, bitsPerByte, numDocuments, numValidationDocuments, loss, durationMs } = result;
  const verdict = readVerdict(fs, folder, run.manifest);
  const ended: Omit<RunResult, 'folder' | 'manifest'> = {
    verdict: verdict !== undefined && 'value' in verdict ? verdict.value : undefined,
    bitsPerByte: bitsPerByte ?? undefined,
    numDocuments,
    numValidationDocuments,
    loss: loss ?? Number.NaN,
    step,
    numTokens: tokens,
    trainingMs: trainingTimeMs(run.events()),
    durationMs,
  };
  return { result: ended, notes };
}

/** Two renames: between them, the run that was there before has another name. */
function putInPlace(fs: FileSystem, unfinished: string, place: string): void {
  if (!fs.exists(place)) {
    fs.rename(unfinished, place);
    return;
  }
  const before = `${dirname(place)}/.trash-${basename(place)}`;
  assert(before !== place, 'a run has the name of its trash');
  fs.remove(before);
  fs.rename(place, before);
  try {
    fs.rename(unfinished, place);
  } catch (error) {
    fs.rename(before, place);
    throw error;
  }
  fs.remove(before);
}
