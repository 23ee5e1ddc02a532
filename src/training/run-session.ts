import { assert, type FileSystem, GroundworkError, present, systemClock } from '../core/index.ts';
import { type Batches, batches } from '../data/index.ts';
import { formatBytes } from '../page/index.ts';
import { initialize } from '../recipe/index.ts';
import type { Verdict } from '../theory/index.ts';
import { parseTokenizer, type Tokenizer } from '../tokenizer/index.ts';
import { judgeRun } from './forecast/run-verdict.ts';
import { type MemoryLimit, memoryLimit } from './memory-limit.ts';
import type { Plan } from './plan.ts';
import { type PreparedStep, prepareStep } from './prepared-step.ts';
import { type EventLog, openEventLog } from './run/event-log.ts';
import type { RunEvent } from './run/events.ts';
import type { Run } from './run/run-folder.ts';
import type { RunFailure, RunManifest, RunResultRecord } from './run/run-manifest.ts';
import type { TensorArrays } from './run/safetensors.ts';
import type { RunDataset, RunRecipe, RunResult, RunSurroundings } from './run-options.ts';
import { type RunPauses, runPauses } from './run-pauses.ts';
import { type RecordedRun, writeRecords } from './run-records.ts';
import { type LoopResult, TrainingLoop } from './training-loop.ts';
import type { TrainingState } from './training-state.ts';
import { trainingTimeMs } from './training-time.ts';

/** What a run consists of, before anything of it is loaded. */
export interface RunParts {
  readonly prepared: PreparedStep;
  readonly batches: Batches;
  readonly tokenizer: Tokenizer;
}

/** How large a run is and how long. */
export type RunExtent = Pick<Plan, 'size' | 'batch' | 'numSteps'>;

/** Verifies the recipe, traces the training step, lays out the batches and reads the tokenizer. */
export async function runParts(
  { recipe }: RunRecipe,
  datasets: readonly RunDataset[],
  plan: RunExtent,
  seed: number,
): Promise<RunParts> {
  const { batchSize, contextLength, packing } = plan.batch;
  return {
    prepared: await prepareStep(recipe, plan),
    batches: batches({ sources: datasets, batchSize, contextLength, packing, seed }),
    tokenizer: parseTokenizer(present(datasets[0], 'a dataset').dataset.tokenizer()),
  };
}

/** Where a run begins or goes on. */
export interface Beginning {
  /** Whether what the run keeps beside `run.json` is still to be written. */
  readonly isNew: boolean;
  /** Steps that are done. */
  readonly step: number;
  readonly training: TrainingState;
  /** Tensors of the checkpoint; undefined: those that training starts from. */
  readonly tensors: { readonly parameters: TensorArrays; readonly optimizer: TensorArrays } | undefined;
  /** The first events to write, after the log was cut back to the step. */
  readonly events: readonly RunEvent[];
  /** What `run.json` says once the state is loaded: a run that cannot go on with something else stays what it was. */
  readonly manifest: RunManifest;
  /** When the process began with this run: all of its time counts. */
  readonly startMs: number;
}

/**
 * Carries a run on to its end, from its beginning or from a checkpoint. However it ends, `run.json` says so: `finished`, `stopped` or
 * `failed` with the reason. The caller holds the run's lock.
 */
export async function carryOut(
  run: Run,
  recorded: RecordedRun,
  beginning: Beginning,
  given: MeteredSurroundings,
): Promise<RunResult> {
  const { fs, meter } = given;
  const { manifest } = beginning;
  if (given.engine.host !== undefined) meter.follow(given.engine.host);
  meter.begin();
  const surroundings: MeteredSurroundings = {
    ...given,
    onEvent: (event) => {
      meter.note();
      given.onEvent?.(event);
    },
  };
  const progress: RunFacts = { run, log: undefined, step: () => beginning.step };
  try {
    // Before anything is loaded, so that a run that is killed from here on can go on.
    if (beginning.isNew) writeRecords(fs, run.folder, recorded);
    const log = openEventLog(fs, `${run.folder}/events.jsonl`, { afterStep: beginning.step });
    progress.log = log;
    const isDone = whatIsDone(run.events(), beginning.step);
    for (const event of beginning.events) tell(log, surroundings, event);
    surroundings.onProgress?.({
      activity: 'loading',
      step: beginning.step,
      numSteps: recorded.plan.numSteps,
      elapsedMs: beginning.training.pace.elapsedMs,
      remainingMs: undefined,
    });
    const session = await openSession(recorded.parts, manifest.seed, beginning, surroundings);
    let pauses: RunPauses | undefined;
    try {
      if (!beginning.isNew) writeRecords(fs, run.folder, recorded);
      run.update({ ...manifest, status: 'running', failure: null });
      pauses = pausesOf(recorded, surroundings);
      const loop = new TrainingLoop(
        {
          folder: run.folder,
          manifest: run.manifest,
          plan: recorded.plan,
          model: recorded.parts.prepared.model,
          session,
          batches: recorded.parts.batches,
          log,
          pauses,
          surroundings,
        },
        { step: beginning.step, training: beginning.training, isDone, startMs: beginning.startMs },
      );
      progress.step = () => loop.numStepsDone;
      return finished(run, log, surroundings, await loop.run());
    } finally {
      await session.close();
      await pauses?.close();
    }
  } catch (error) {
    recordFailure(progress, surroundings, error);
    throw error;
  } finally {
    progress.log?.close();
  }
}

/** With a meter of the process as it was before anything of the run was loaded. */
type MeteredSurroundings = RunSurroundings & Required<Pick<RunSurroundings, 'meter'>>;

/** What is known of a run while it is at work. */
interface RunFacts {
  readonly run: Run;
  /** undefined until it is open. */
  log: EventLog | undefined;
  /** Steps that are done. */
  step: () => number;
}

function pausesOf(
  { parts, plan, datasets, seed }: RecordedRun,
  { engine, clock = systemClock }: RunSurroundings,
): RunPauses {
  return runPauses({
    engine,
    model: parts.prepared.model,
    dataset: present(datasets[0], 'a dataset').dataset,
    tokenizer: parts.tokenizer,
    plan,
    seed,
    clock,
  });
}

/** Records a run that has come to its end. The verdict comes before the status: a run that is finished has one. */
function finished(
  run: Run,
  log: EventLog,
  surroundings: MeteredSurroundings,
  { step, training, evaluation, loss }: LoopResult,
): RunResult {
  const { tokens, pace } = training;
  const { bitsPerByte, numDocuments = 0, numValidationDocuments = 0 } = evaluation ?? {};
  const measured = { bitsPerByte: bitsPerByte ?? null, numDocuments, numValidationDocuments };
  const durationMs = pace.elapsedMs;
  const result = { step, tokens, ...measured, loss: Number.isFinite(loss) ? loss : null, durationMs };
  const judged = verdictOn(run, log, surroundings, result);
  tell(log, surroundings, { type: 'finished' });
  log.sync();
  run.update({
    ...run.manifest,
    status: 'finished',
    numSteps: step,
    result,
    ...(judged && { verdict: { sha256: judged.sha256 } }),
  });
  const { folder, manifest } = run;
  const trainingMs = trainingTimeMs(run.events());
  const verdict = judged?.verdict;
  return { folder, manifest, verdict, ...measured, bitsPerByte, loss, step, numTokens: tokens, trainingMs, durationMs };
}

/** Judges the forecast of a run and writes the verdict. A forecast that was changed is told of, and judged no more. */
function verdictOn(
  run: Run,
  log: EventLog,
  surroundings: MeteredSurroundings,
  result: RunResultRecord,
): { readonly verdict: Verdict; readonly sha256: string } | undefined {
  const judged = judgeRun(surroundings.fs, run, result, {
    durationMs: result.durationMs,
    peakMemoryBytes: surroundings.meter.peakGrowthBytes(),
  });
  if (judged === undefined || !('problem' in judged)) return judged;
  const message = `there is no verdict on the forecast: ${judged.problem}`;
  tell(log, surroundings, { type: 'warning', step: result.step, message });
  return undefined;
}

/** Loads the training step and sets its state: parameters and optimizer of the checkpoint, or those that training starts from. */
async function openSession(
  { prepared: { model, program, parts } }: RunParts,
  seed: number,
  { tensors }: Beginning,
  { engine }: RunSurroundings,
) {
  const session = await engine.load(program, parts);
  try {
    if (tensors === undefined) {
      // What the optimizer keeps starts as zeros, as every state of a session does.
      for (const [name, values] of initialize(model, seed)) await session.set(name, values);
    } else {
      for (const name of Object.keys(program.state)) {
        const array = tensors.parameters.get(name) ?? tensors.optimizer.get(name);
        await session.set(name, present(array, `${name} in a checkpoint that fits`).data);
      }
    }
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** What a log says of the pauses after a step: what was done before the process ended need not be done again. */
function whatIsDone(events: readonly RunEvent[], step: number) {
  const here = events.filter((event) => 'step' in event && event.step === step);
  const final = here.find((event) => event.type === 'evaluation' && event.isFinal);
  return {
    evaluation: here.some((event) => event.type === 'evaluation' && !event.isFinal),
    numSamples: here.filter((event) => event.type === 'sample').length,
    ...(final?.type === 'evaluation' ? { finalEvaluation: final } : {}),
  };
}

function tell(log: EventLog, { onEvent }: RunSurroundings, event: RunEvent): void {
  log.append(event);
  onEvent?.(event);
}

/** Lets `run.json` and the log say why a run ended. What keeps them from being written must not hide that reason. */
function recordFailure(
  { run, log, step: numStepsDone }: RunFacts,
  surroundings: RunSurroundings,
  error: unknown,
): void {
  const isStop = error instanceof GroundworkError && error.code === 'interrupted';
  const step = numStepsDone();
  const failure: RunFailure =
    error instanceof GroundworkError
      ? { code: error.code, message: error.message, hint: error.hint, step }
      : { code: 'internal', message: String(error), hint: 'Please report this.', step };
  const attempts: (() => void)[] = isStop
    ? [() => run.update({ ...run.manifest, status: 'stopped' })]
    : [
        () => run.update({ ...run.manifest, status: 'failed', failure }),
        () => log && tell(log, surroundings, { type: 'failed', code: failure.code, message: failure.message, step }),
        () => log?.sync(),
      ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (second) {
      assert(second instanceof Error, 'something other than an error was thrown');
    }
  }
}

/**
 * Refuses a run that cannot fit, before anything is allocated.
 *
 * @throws `out-of-memory` with what is needed and what is there
 */
export function requireMemory(
  fs: FileSystem,
  { memory, batch }: Plan,
  { availableBytes, limit }: MemoryLimit = memoryLimit(fs),
): void {
  if (memory.neededBytes <= availableBytes) return;
  throw new GroundworkError(
    'out-of-memory',
    `the run needs ${formatBytes(memory.neededBytes)} of memory, found ${formatBytes(availableBytes)} (${limit})`,
    {
      hint:
        batch.microBatchSize > 1
          ? 'End other programs, or begin a new run with smaller micro-batches.'
          : 'End other programs, or begin a new run with a smaller model.',
    },
  );
}
