import { GroundworkError } from '../core/index.ts';
import { publishFirst, type WaitingRun } from './make-run.ts';
import { type ReopenOptions, reopenRun } from './reopened-run.ts';
import { loadNewestCheckpoint } from './run/checkpoint.ts';
import { eventsFile, openEventLog } from './run/event-log.ts';
import { copyRunFiles } from './run/run-copy.ts';
import { foreignProblems } from './run/run-fingerprints.ts';
import { openRun } from './run/run-folder.ts';
import { lockRun } from './run/run-lock.ts';
import { type RecordedRun, writeRecords } from './run-records.ts';
import { parseTrainingState } from './training-state.ts';

export interface CopyRunOptions extends Pick<ReopenOptions, 'fs' | 'folder' | 'recipe' | 'datasets'> {
  /** Where the copy goes; there is nothing yet. */
  readonly into: string;
}

/**
 * Copies a run that is to go on elsewhere, with its newest sound checkpoint and its log up to that step. The run stays as it is; the copy
 * is a run that was stopped.
 *
 * @throws `usage` for a run that is finished, or whose end depends on how fast this machine is; `run-mismatch`; `locked`; `invalid-checkpoint`
 */
export async function copyRun(options: CopyRunOptions): Promise<WaitingRun> {
  const { fs, folder, into, recipe } = options;
  openRun(fs, folder);
  const lock = lockRun(folder);
  try {
    const { run, plan, parts, datasets, seed } = await reopenRun(options);
    const { checkpoint, contents } = loadNewestCheckpoint(fs, folder, (one) => foreignProblems(run.manifest, one));
    const step = checkpoint?.step ?? 0;
    const rescheduling =
      contents === undefined
        ? null
        : parseTrainingState(contents.training, `${folder}/${checkpoint?.folder}`).rescheduling;
    if (plan.expected.limitMs !== null && rescheduling === null) throw openEnd(folder);
    copyRunFiles(fs, folder, into, run.manifest, checkpoint === undefined ? [] : [step]);
    openEventLog(fs, `${into}/${eventsFile}`, { afterStep: step }).close();
    const copy = openRun(fs, into);
    const recorded: RecordedRun = { recipe, datasets, plan, parts, seed, files: undefined };
    // A run that was killed in its first moments may lack them.
    writeRecords(fs, into, recorded);
    if (checkpoint === undefined) publishFirst(fs, copy, recorded);
    copy.update({ ...copy.manifest, status: 'stopped', failure: null });
    return { run: copy, recorded, step, numSteps: rescheduling?.numSteps ?? plan.numSteps };
  } finally {
    lock.release();
  }
}

function openEnd(folder: string): GroundworkError {
  return new GroundworkError(
    'usage',
    `${folder} has a budget of time, and its end is still open: it depends on how fast the machine is on which it began`,
    { hint: 'Begin a run with --tokens, --steps or --flops, or go on with this one until its learning rate falls.' },
  );
}
