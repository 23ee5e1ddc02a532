import type { PauseMeasurement } from './pause-probe.ts';
import type { Budget, Plan } from './plan.ts';
import type { PlanRequest } from './plan-request.ts';
import { sampleTokens } from './run-pauses.ts';
import type { TextExtent } from './text-extent.ts';

/** Evaluations, samples and checkpoints of a run, and the time that they take. */
export interface Pauses {
  readonly evaluation: Plan['evaluation'];
  readonly samples: Plan['samples'];
  readonly checkpoints: Plan['checkpoints'];
  /** All of them, the last ones included. */
  readonly otherMs: number;
  /** The last ones: what has to be left when training ends. */
  readonly finalMs: number;
  /** Of that, what is no evaluation. */
  readonly closingMs: number;
}

export interface PauseQuestion {
  readonly text: TextExtent;
  readonly budget: Budget;
  readonly msPerStep: number;
  /** Tokens of a step. */
  readonly batchTokens: number;
  readonly contextLength: number;
  readonly numSteps: number;
  readonly evaluationBatchSize: number;
  /** Batches of an evaluation on so many documents. */
  readonly numBatchesOf: (numDocuments: number) => number;
  /** Samples at the end. */
  readonly numFinalSamples: number;
  /** All that a checkpoint writes. */
  readonly checkpointBytes: number;
  /** What evaluating and sampling take, where that was measured, with reading the parameters of the training. */
  readonly measured?: (PauseMeasurement & { readonly readMs: number }) | undefined;
}

/** How often a run is evaluated, and lets its model speak. */
const numEvaluations = 12;
const numSamples = 6;
/** Evaluations on the way may take this share of a run. */
const evaluationShare = 0.04;
/** The last one is on all documents where that takes no more than this share of a run; else on as many as the lesser share pays for. */
const wholeShare = 0.25;
const finalShare = 0.15;
/** Reading a prompt and writing 64 tokens, where it was not measured: some tenths of a second. */
const guessedSampleMs = 400;
/** A checkpoint, where its size is not known. */
const guessedCheckpointMs = 300;
/** What a checkpoint takes beside its bytes: files are flushed one by one. */
const flushMs = 30;
/** Bytes of a checkpoint that are copied, checked, hashed and written in a millisecond: as the time above, of a cloud machine's disk. */
const savedBytesPerMs = 450e3;

/** What the end of a run takes besides its last evaluation, for plans that do not say: a sample for each prompt (three where none is given), and a checkpoint. */
export function guessedClosingMs(numPrompts: number): number {
  return (numPrompts || 3) * guessedSampleMs + guessedCheckpointMs;
}

/** Plans what happens between steps, so that it costs little of the run and is part of its budget. */
export function planPauses(request: PlanRequest, question: PauseQuestion): Pauses {
  const { text, budget, msPerStep, batchTokens, contextLength, numSteps, evaluationBatchSize, numBatchesOf, measured } =
    question;
  const { numValidationDocuments } = text;
  const durationMs = budget.kind === 'time' ? budget.durationMs : numSteps * msPerStep;

  // A forward pass is a third of a step.
  const batchMs = measured?.batchMs ?? ((msPerStep / batchTokens) * contextLength * evaluationBatchSize) / 3;
  const evaluationMs = (numDocuments: number) => (numDocuments === 0 ? 0 : numBatchesOf(numDocuments) * batchMs);
  const documentMs = Math.max(1e-6, evaluationMs(numValidationDocuments) / Math.max(1, numValidationDocuments));
  const sampleMs = measured?.sampleMs ?? guessedSampleMs;
  /** Before an evaluation or a sample, or both of one step. */
  const refreshMs = measured === undefined ? 0 : measured.readMs + measured.refreshMs;
  const checkpointMs = flushMs + question.checkpointBytes / savedBytesPerMs;
  const affordable = (share: number, times: number) => Math.floor((share * durationMs) / times / documentMs);
  const clamp = (value: number, least: number) => Math.min(numValidationDocuments, Math.max(least, value));

  const spread = (times: number) => roundStep(Math.max(1, Math.ceil(numSteps / times)));
  const times = (everySteps: number) => (everySteps === 0 ? 0 : Math.floor((numSteps - 1) / everySteps));
  const evaluationEverySteps = request.evaluationEverySteps ?? spread(numEvaluations);
  const numDocuments = Math.min(
    numValidationDocuments,
    request.numEvaluationDocuments ?? clamp(affordable(evaluationShare, Math.max(1, times(evaluationEverySteps))), 8),
  );
  // Without a limit of time the last evaluation is on everything, whatever it costs.
  const isWhole = budget.kind !== 'time' || affordable(wholeShare, 1) >= numValidationDocuments;
  const numFinalDocuments = isWhole
    ? numValidationDocuments
    : clamp(affordable(finalShare, 1), Math.max(8, numDocuments));

  const evaluation = {
    everySteps: numDocuments === 0 ? 0 : evaluationEverySteps,
    numDocuments,
    numFinalDocuments,
    batchSize: evaluationBatchSize,
  };
  const samples = {
    everySteps: request.sampleEverySteps ?? (durationMs < 20_000 ? 0 : spread(numSamples)),
    numTokens: sampleTokens,
    prompts: [...(request.prompts ?? [])],
  };
  const checkpoints = {
    everyMs:
      request.checkpointEveryMs ??
      (request.checkpointEverySteps === undefined ? Math.min(600_000, Math.max(20_000, durationMs / 8)) : null),
    everySteps: request.checkpointEverySteps ?? null,
    keep: Math.max(2, request.keep ?? 2),
  };
  const [numEvaluated, numSampled] = [times(evaluation.everySteps), times(samples.everySteps)];
  const numTogether =
    numEvaluated === 0 || numSampled === 0 ? 0 : times(leastCommonMultiple(evaluation.everySteps, samples.everySteps));
  const numSaved =
    times(checkpoints.everySteps ?? 0) +
    (checkpoints.everyMs === null ? 0 : Math.floor(durationMs / Math.max(1, checkpoints.everyMs)));
  const closingMs = refreshMs + question.numFinalSamples * sampleMs + checkpointMs;
  const finalMs = evaluationMs(numFinalDocuments) + closingMs;
  const otherMs =
    (numEvaluated + numSampled - numTogether) * refreshMs +
    numEvaluated * evaluationMs(numDocuments) +
    numSampled * sampleMs +
    numSaved * checkpointMs +
    finalMs;
  return { evaluation, samples, checkpoints, otherMs, finalMs, closingMs };
}

function leastCommonMultiple(a: number, b: number): number {
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y));
  return (a / divisor(a, b)) * b;
}

/** A number of steps that is easy to remember: 1, 2, 5, 10, 20, 25, 50, … no less than half of `value`. */
function roundStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 2, 2.5, 5]
    .map((factor) => factor * power)
    .filter((step) => Number.isInteger(step) && step <= value);
  return steps.at(-1) ?? 1;
}
