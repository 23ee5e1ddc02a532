import { assert, type FileSystem, GroundworkError, present, systemClock } from '../core/index.ts';
import { type Batches, batches } from '../data/index.ts';
import { initialize } from '../recipe/index.ts';
import { parseTokenizer, type Tokenizer } from '../tokenizer/index.ts';
import { sizeText } from './memory-fit.ts';
import { memoryLimit } from './memory-limit.ts';
import type { Plan } from './plan.ts';
import { type PreparedStep, prepareStep } from './prepared-step.ts';
import { type EventLog, openEventLog } from './run/event-log.ts';
import type { RunEvent } from './run/events.ts';
import type { Run } from './run/run-folder.ts';
import type { RunFailure } from './run/run-manifest.ts';
import type { TensorArrays } from './run/safetensors.ts';
import type { RunDataset, RunRecipe, RunResult, RunSurroundings } from './run-options.ts';
import { runPauses } from './run-pauses.ts';
import { TrainingLoop } from './training-loop.ts';
import type { TrainingState } from './training-state.ts';

/** What a run consists of, before anything of it is loaded. */
export interface RunParts {
  readonly prepared: PreparedStep;
  readonly batches: Batches;
  readonly tokenizer: Tokenizer;
}

/** Verifies the recipe, traces the training step, lays out the batches and reads the tokenizer. */
export async function runParts(
  { recipe }: RunRecipe,
  datasets: readonly RunDataset[],
  plan: Pick<Plan, 'size' | 'batch' | 'numSteps'>,
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
  /** Steps that are done. */
  readonly step: number;
  readonly training: TrainingState;
  /** Tensors of the checkpoint; undefined: those that training starts from. */
  readonly tensors: { readonly parameters: TensorArrays; readonly optimizer: TensorArrays } | undefined;
  /** The first events to write, after the log was cut back to the step. */
  readonly events: readonly RunEvent[];
}

/**
 * Carries a run on to its end, from its beginning or from a checkpoint. However it ends, `run.json` says so: `finished`, `stopped` or
 * `failed` with the reason. The caller holds the run's lock.
 */
export async function carryOut(
  run: Run,
  parts: RunParts,
  plan: Plan,
  datasets: readonly RunDataset[],
  beginning: Beginning,
  surroundings: RunSurroundings,
): Promise<RunResult> {
  const startMs = (surroundings.clock ?? systemClock).monotonicMs();
  const { fs } = surroundings;
  run.update({ ...run.manifest, status: 'running', failure: null });
  const log = openEventLog(fs, `${run.folder}/events.jsonl`, { afterStep: beginning.step });
  let loop: TrainingLoop | undefined;
  try {
    const isDone = whatIsDone(run.events(), beginning.step);
    for (const event of beginning.events) tell(log, surroundings, event);
    surroundings.onProgress?.({
      activity: 'loading',
      step: beginning.step,
      numSteps: plan.numSteps,
      elapsedMs: beginning.training.pace.elapsedMs,
      remainingMs: undefined,
    });
    const session = await openSession(parts, run.manifest.seed, beginning, surroundings);
    const pauses = runPauses({
      engine: surroundings.engine,
      model: parts.prepared.model,
      dataset: present(datasets[0], 'a dataset').dataset,
      tokenizer: parts.tokenizer,
      plan,
      seed: run.manifest.seed,
      clock: surroundings.clock ?? systemClock,
    });
    try {
      loop = new TrainingLoop(
        {
          folder: run.folder,
          manifest: run.manifest,
          plan,
          model: parts.prepared.model,
          session,
          batches: parts.batches,
          log,
          pauses,
          surroundings,
        },
        { step: beginning.step, training: beginning.training, isDone, startMs },
      );
      const { step, training, evaluation } = await loop.run();
      const { loss } = loop;
      const durationMs = training.pace.elapsedMs;
      const result = {
        step,
        tokens: training.tokens,
        bitsPerByte: evaluation?.bitsPerByte ?? null,
        numDocuments: evaluation?.numDocuments ?? 0,
        numValidationDocuments: evaluation?.numValidationDocuments ?? 0,
        loss: Number.isFinite(loss) ? loss : null,
        durationMs,
      };
      tell(log, surroundings, { type: 'finished' });
      log.sync();
      run.update({ ...run.manifest, status: 'finished', numSteps: step, result });
      return {
        folder: run.folder,
        manifest: run.manifest,
        bitsPerByte: evaluation?.bitsPerByte,
        numDocuments: result.numDocuments,
        numValidationDocuments: result.numValidationDocuments,
        loss,
        step,
        numTokens: training.tokens,
        durationMs,
      };
    } finally {
      await session.close();
      await pauses.close();
    }
  } catch (error) {
    recordFailure(run, log, surroundings, error, loop?.numStepsDone ?? beginning.step);
    throw error;
  } finally {
    log.close();
  }
}

/** Loads the training step and sets its state: parameters and optimizer of the checkpoint, or those that training starts from. */
async function openSession(
  { prepared: { model, program } }: RunParts,
  seed: number,
  { tensors }: Beginning,
  { engine }: RunSurroundings,
) {
  const session = await engine.load(program);
  try {
    if (tensors === undefined) {
      // What the optimizer keeps starts as zeros, as every state of a session does.
      for (const [name, values] of initialize(model, seed)) await session.set(name, values);
    } else {
      for (const name of Object.keys(program.state)) {
        const array = tensors.parameters.get(name) ?? tensors.optimizer.get(name);
        if (array === undefined) {
          throw new GroundworkError('invalid-checkpoint', `the checkpoint holds no ${name}`, {
            hint: 'It belongs to another model: go on with the recipe that it was made with.',
          });
        }
        await session.set(name, array.data);
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
    sample: here.some((event) => event.type === 'sample'),
    ...(final?.type === 'evaluation' ? { finalEvaluation: final } : {}),
  };
}

function tell(log: EventLog, { onEvent }: RunSurroundings, event: RunEvent): void {
  log.append(event);
  onEvent?.(event);
}

/** Lets `run.json` and the log say why a run ended. What keeps them from being written must not hide that reason. */
function recordFailure(run: Run, log: EventLog, surroundings: RunSurroundings, error: unknown, step: number): void {
  const isStop = error instanceof GroundworkError && error.code === 'interrupted';
  const failure: RunFailure =
    error instanceof GroundworkError
      ? { code: error.code, message: error.message, hint: error.hint, step }
      : { code: 'internal', message: String(error), hint: 'Please report this.', step };
  const attempts: (() => void)[] = isStop
    ? [() => run.update({ ...run.manifest, status: 'stopped' })]
    : [
        () => run.update({ ...run.manifest, status: 'failed', failure }),
        () => tell(log, surroundings, { type: 'failed', code: failure.code, message: failure.message, step }),
        () => log.sync(),
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
export function requireMemory(fs: FileSystem, { memory, batch }: Plan): void {
  const { availableBytes, limit } = memoryLimit(fs);
  if (memory.neededBytes <= availableBytes) return;
  throw new GroundworkError(
    'out-of-memory',
    `the run needs ${sizeText(memory.neededBytes)} of memory, found ${sizeText(availableBytes)} (${limit})`,
    {
      hint:
        batch.microBatchSize > 1
          ? 'End other programs, or begin a new run with smaller micro-batches.'
          : 'End other programs, or begin a new run with a smaller model.',
    },
  );
}
