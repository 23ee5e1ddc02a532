import type { MemoryEstimate } from '../engine/index.ts';
import type { CacheShape } from '../model/index.ts';
import type { Plan } from './plan.ts';
import { sampleTokens } from './run-pauses.ts';

/** What the sessions of a run are made of. */
export interface RunSessions {
  readonly training: MemoryEstimate;
  readonly evaluation: MemoryEstimate;
  /** What the engine takes beside this process before a session is loaded. Default 0. */
  readonly engineBytes?: number;
  /** Of one copy of the parameters. */
  readonly parameterBytes: number;
  readonly contextLength: number;
  readonly vocabularySize: number;
  /** Keys and values of a model that keeps them. */
  readonly cache?: CacheShape;
}

/** What a run does between steps, as far as memory goes by it. */
export interface RunHabits {
  readonly evaluates: boolean;
  readonly evaluatesOnTheWay: boolean;
  readonly samplesOnTheWay: boolean;
  /** Every sample comes right after an evaluation, of the same parameters. */
  readonly samplesAfterEvaluations: boolean;
}

/** Those that need most. */
export const busiestHabits: RunHabits = {
  evaluates: true,
  evaluatesOnTheWay: true,
  samplesOnTheWay: true,
  samplesAfterEvaluations: false,
};

/**
 * What a process of Node grows by whatever the model: the pages of the runtime's library that are in use (23 MB), and what reading data,
 * tracing, verifying and compiling leave in the heap of JavaScript, as machine code and as loaded graphs (65 MB). Measured over seven
 * sizes from 0.3 to 30 M parameters on Node 20 (docs/notebook.md, "Memory of a whole run").
 */
const processBytes = 88e6;
/**
 * Arrays that nothing holds any more are freed when so many bytes of them have come together (`kExternalAllocationSoftLimit` of V8), and
 * what is freed stays with the process. They are copies of the parameters, of which one more than is needed was seen, and what a sample
 * leaves.
 */
const collectorBytes = 64 * 2 ** 20;
/** What choosing a token leaves for each logit: the output of the session, two copies, and three arrays of probabilities in float64. */
const choiceBytes = 3 * 4 + 3 * 8;
/** Tokens of a prompt, rounded up as the generator does it: what samples begin with is a few words. */
const promptLength = 32;

/**
 * By how much a process grows while it carries out a run, at its peak: the sum of
 *
 * - what it takes whatever the model, and a process of the engine's with it;
 * - of each session its state, the arena of its step and its outputs: training, evaluation, and two for generation (one that reads a prompt,
 *   and one that writes on, with its cache), each with parameters of its own;
 * - copies of the parameters: those that evaluation and generation last took over, which may be of different steps, and those that a
 *   checkpoint writes, with all that the optimizer keeps;
 * - arrays that wait to be freed, those of a sample among them.
 *
 * @returns bytes
 */
export function processGrowth(sessions: RunSessions, habits: RunHabits): number {
  const { training, evaluation, parameterBytes } = sessions;
  const { evaluates, evaluatesOnTheWay, samplesOnTheWay, samplesAfterEvaluations } = habits;
  const evaluationBytes = valueBytes(evaluation);
  const generationBytes = bytesOfGeneration(sessions);
  const savedBytes = training.stateBytes;
  const waitingBytes = Math.min(collectorBytes, parameterBytes + sampleTokens * choiceBytes * sessions.vocabularySize);
  const taken = Number(evaluatesOnTheWay) + Number(samplesOnTheWay && !(evaluatesOnTheWay && samplesAfterEvaluations));
  const onTheWay =
    (evaluatesOnTheWay ? evaluationBytes : 0) +
    (samplesOnTheWay ? generationBytes : 0) +
    taken * parameterBytes +
    savedBytes;
  // The last checkpoint comes first; its copies are still there, or their room is, when everything else is open.
  const atTheEnd = (evaluates ? evaluationBytes : 0) + generationBytes + savedBytes;
  const fixedBytes = processBytes + (sessions.engineBytes ?? 0);
  return Math.round(fixedBytes + valueBytes(training) + Math.max(onTheWay, atTheEnd) + waitingBytes);
}

/** Growth at the peak of the run that a plan describes. */
export function expectedGrowth(sessions: RunSessions, plan: Pick<Plan, 'evaluation' | 'samples' | 'numSteps'>): number {
  const { evaluation, samples, numSteps } = plan;
  const isOnTheWay = (everySteps: number) => everySteps > 0 && everySteps < numSteps;
  return processGrowth(sessions, {
    evaluates: evaluation.numFinalDocuments > 0,
    evaluatesOnTheWay: isOnTheWay(evaluation.everySteps),
    samplesOnTheWay: isOnTheWay(samples.everySteps),
    samplesAfterEvaluations: samples.everySteps === evaluation.everySteps,
  });
}

/** State, values of a step and outputs of a session: what it needs without runtime and graph. */
function valueBytes({ peakBytes, overheadBytes }: MemoryEstimate): number {
  return peakBytes - overheadBytes;
}

/** Two sessions with their parameters; keys and values of one text, as state and as the outputs of the prompt; logits of a prompt. */
function bytesOfGeneration({ parameterBytes, contextLength, vocabularySize, cache }: RunSessions): number {
  const cacheBytes = cache ? 2 * 4 * cache.numLayers * cache.numGroups * contextLength * cache.headWidth : 0;
  return 2 * parameterBytes + 2 * cacheBytes + 2 * 4 * Math.min(promptLength, contextLength) * vocabularySize;
}
