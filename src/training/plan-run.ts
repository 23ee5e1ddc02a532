import { type Clock, GroundworkError, present, systemClock } from '../core/index.ts';
import { numWarmupSteps, type Schedule } from '../optimizer/index.ts';
import type { Recipe, RecipeSize } from '../recipe/index.ts';
import { sizeOf } from '../tensor/index.ts';
import { fitMemory, type MemoryFit } from './memory-fit.ts';
import { type MemoryLimit, memoryLimit } from './memory-limit.ts';
import type { Budget, Plan } from './plan.ts';
import { explain } from './plan-explanation.ts';
import { planPauses } from './plan-pauses.ts';
import type { PlanRequest, PlanSurroundings } from './plan-request.ts';
import { prepareStep } from './prepared-step.ts';
import { measureStep, type StepMeasurement } from './probe.ts';
import { pricedSizes } from './size-prices.ts';
import {
  balancedTokens,
  type CandidateSize,
  chooseSize,
  contextLengthFor,
  costOfStep,
  mostEpochs,
  type PricedSize,
  tokensPerStep,
} from './sizing.ts';
import { type TextExtent, textExtent } from './text-extent.ts';

/** Work per second of one thread, in floating-point operations, before anything was measured. */
const guessedWorkPerThread = 35e9;
/** The probe may take this share of a budget of time, and no longer than this. */
const probeShare = 0.06;
const longestProbeMs = 9_000;
/** With less there is no probe: loading alone would take it. The pace of the run itself then fixes its end. */
const shortestProbeMs = 1_000;
/** A text so small that it would be over at once is read until so many steps are done. */
const leastSteps = 100;
const smallestContext = 16;

/** What a plan is made from, narrowed step by step. */
interface Draft {
  readonly candidate: CandidateSize;
  readonly size: RecipeSize;
  readonly batchSize: number;
  readonly numSteps: number;
  readonly isLimitedByText: boolean;
}

/** A draft whose steps were measured. */
interface Measured extends StepMeasurement {
  readonly draft: Draft;
  readonly fit: MemoryFit;
}

/**
 * Plans a run: from a budget to size, batch, number of steps and schedule, each with its reason. A few real training steps of the
 * size in question are measured first (at most 9 seconds, or 6 % of a budget of time); memory is estimated before anything is
 * allocated.
 *
 * @throws `usage` for requests that contradict themselves, `invalid-recipe` and `future-leak` for a recipe that breaks a rule, `out-of-memory` where
 *   nothing fits, what the engine throws on loading
 */
export async function planRun(request: PlanRequest, surroundings: PlanSurroundings): Promise<Plan> {
  const { fs, engine, recipe, datasets, clock = systemClock, numThreads = 1 } = surroundings;
  const startMs = clock.monotonicMs();
  const text = textExtent(datasets);
  checkRequest(request);
  const limit = surroundings.memory ?? memoryLimit(fs);
  const sizes = pricedSizes(recipe, request, text.vocabularySize);

  let workPerMs = (guessedWorkPerThread * numThreads) / 1000;
  let measured: Measured | undefined;
  const limitMs =
    request.budget?.kind === 'time' ? Math.min(longestProbeMs, probeShare * request.budget.durationMs) : longestProbeMs;
  const isFixed = request.microBatchSize !== undefined;
  const spentMs = () => clock.monotonicMs() - startMs;

  for (;;) {
    const draft = draftRun(request, text, sizes, { workPerMs, spentMs: spentMs() });
    const batch = batchOf(request, draft);
    const extent = { size: draft.size, batch, numSteps: draft.numSteps };
    const isSame = measured !== undefined && isSameShape(measured.draft, draft);
    // Half of the time is for a second size: the first may turn out wrong.
    const hasTime = measured === undefined || spentMs() < limitMs / 2;
    if (!isSame && hasTime && limitMs >= shortestProbeMs && request.skipProbe !== true) {
      const fit = fitMemory(engine, recipe, { extent, limit, isFixed });
      const step = await measureStep(
        engine,
        recipe,
        {
          ...extent,
          batch: { ...batch, microBatchSize: fit.microBatchSize, recompute: fit.recompute },
          packing: request.packing ?? 'stream',
          sources: datasets,
          limitMs: Math.max(500, (limitMs - spentMs()) / (measured === undefined ? 2 : 1)),
        },
        clock,
      );
      measured = { ...step, draft, fit };
      workPerMs = workPerStep(sizes, draft) / step.msPerStep;
      continue;
    }
    // What was measured was verified as well.
    if (!isSame) await prepareStep(recipe, extent);
    const fit = measured !== undefined && isSame ? measured.fit : fitMemory(engine, recipe, { extent, limit, isFixed });
    return finishPlan({
      request,
      recipe,
      text,
      draft,
      fit,
      limit,
      sizes,
      measured,
      workPerMs,
      spentMs: spentMs(),
      clock,
    });
  }
}

function checkRequest({ budget, size, batchSize, microBatchSize, contextLength }: PlanRequest): void {
  const refuse = (message: string, hint: string): never => {
    throw new GroundworkError('usage', message, { hint });
  };
  if (budget === undefined && size === undefined) {
    refuse('found neither a budget nor a size, expected one of them', 'Give a budget such as 10m.');
  }
  for (const [name, value] of Object.entries({ batchSize, microBatchSize, contextLength, ...size })) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) {
      refuse(`${name} is ${value}, expected a whole number from 1 on`, `Give another ${name}, or leave it out.`);
    }
  }
  if (microBatchSize !== undefined && batchSize === undefined) {
    refuse('found rows of a micro-batch without rows of a batch', 'Give both, or leave both out.');
  }
  if (microBatchSize !== undefined && batchSize !== undefined && batchSize % microBatchSize !== 0) {
    refuse(
      `a batch of ${batchSize} rows cannot be cut into micro-batches of ${microBatchSize}`,
      'Choose a number of rows that divides the batch.',
    );
  }
}

/** What the size of a draft costs for each step, in work. */
function workPerStep(sizes: readonly PricedSize[], { candidate, size, batchSize }: Draft): number {
  const priced = sizes.find(({ numLayers, width }) => numLayers === candidate.numLayers && width === candidate.width);
  return costOfStep(present(priced, 'the price of a size'), batchSize * size.contextLength, 'work');
}

/** Size, batch and steps at a given speed. */
function draftRun(
  request: PlanRequest,
  text: TextExtent,
  sizes: readonly PricedSize[],
  { workPerMs, spentMs }: { readonly workPerMs: number; readonly spentMs: number },
): Draft {
  const { budget } = request;
  const { uniqueTokens } = text;
  const epochs = request.mostEpochs ?? mostEpochs;
  const question = { uniqueTokens, mostEpochs: epochs };
  const answer = ((): ReturnType<typeof chooseSize> => {
    switch (budget?.kind) {
      case 'time': {
        // A tenth goes into evaluations, samples and checkpoints.
        const amount = Math.max(1, 0.9 * (budget.durationMs - spentMs) * workPerMs);
        return chooseSize(sizes, { ...question, allowance: { amount, unit: 'work' } });
      }
      case 'flops':
        return chooseSize(sizes, { ...question, allowance: { amount: budget.flops, unit: 'flops' } });
      case 'tokens':
        return { ...chooseSize(sizes, { ...question, numTokens: budget.numTokens }), numTokens: budget.numTokens };
      case 'steps': {
        const rows = request.batchSize ?? 8;
        const numTokens = budget.numSteps * rows * (request.contextLength ?? 128);
        return { ...chooseSize(sizes, { ...question, numTokens }), numTokens };
      }
      default: {
        const wanted = Math.ceil(balancedTokens(present(sizes[0], 'a size').numParameters));
        const numTokens = Math.min(wanted, epochs * uniqueTokens);
        return { index: 0, numTokens, isLimitedByText: numTokens < wanted };
      }
    }
  })();
  const candidate = present(sizes[answer.index], 'a size');
  const contextLength =
    request.contextLength ?? Math.min(contextLengthFor(answer.numTokens), powerAbove(uniqueTokens, smallestContext));
  // A batch that holds the text several times over would only repeat it.
  const mostRows = Math.max(1, Math.floor(uniqueTokens / (8 * contextLength)));
  const wantedRows = Math.max(1, Math.round(tokensPerStep(answer.numTokens) / contextLength));
  const batchSize = request.batchSize ?? Math.min(wantedRows, powerBelow(mostRows));
  const numSteps =
    budget?.kind === 'steps'
      ? budget.numSteps
      : Math.max(1, Math.floor(answer.numTokens / (batchSize * contextLength)));
  const { numLayers, width } = candidate;
  return {
    candidate: { numLayers, width },
    size: { vocabularySize: text.vocabularySize, contextLength, numLayers, width },
    batchSize,
    numSteps: answer.isLimitedByText ? Math.max(numSteps, leastSteps) : numSteps,
    isLimitedByText: answer.isLimitedByText,
  };
}

function batchOf(request: PlanRequest, { batchSize }: Draft) {
  return {
    batchSize,
    microBatchSize: request.microBatchSize ?? batchSize,
    documentMask: request.documentMask ?? false,
    recompute: request.recompute ?? false,
  };
}

const isSameShape = (a: Draft, b: Draft): boolean =>
  a.size.width === b.size.width &&
  a.size.numLayers === b.size.numLayers &&
  a.size.contextLength === b.size.contextLength &&
  a.batchSize === b.batchSize;

/** The least power of two that is no less than `value` and `least`. */
const powerAbove = (value: number, least: number): number => 2 ** Math.ceil(Math.log2(Math.max(value, least)));
const powerBelow = (value: number): number => 2 ** Math.floor(Math.log2(value));

interface Findings {
  readonly request: PlanRequest;
  readonly recipe: Recipe;
  readonly text: TextExtent;
  readonly draft: Draft;
  readonly fit: MemoryFit;
  readonly limit: MemoryLimit;
  readonly sizes: readonly PricedSize[];
  readonly measured: Measured | undefined;
  readonly workPerMs: number;
  readonly spentMs: number;
  readonly clock: Clock;
}

function finishPlan(findings: Findings): Plan {
  const { request, recipe, text, draft, fit, limit, sizes, measured, workPerMs, spentMs } = findings;
  const { size, batchSize } = draft;
  const budget: Budget = request.budget ?? {
    kind: 'tokens',
    numTokens: draft.numSteps * batchSize * size.contextLength,
  };
  const isMeasured = measured !== undefined && isSameShape(measured.draft, draft);
  const msPerStep = isMeasured ? measured.msPerStep : workPerStep(sizes, draft) / workPerMs;
  const batchTokens = batchSize * size.contextLength;
  const pauses = planPauses(request, {
    text,
    budget,
    msPerStep,
    batchTokens,
    contextLength: size.contextLength,
    numSteps: draft.numSteps,
    evaluationBatchSize: fit.evaluationBatchSize,
  });
  const loadMs = measured?.loadMs ?? 0;
  const trainingMs =
    budget.kind === 'time' ? budget.durationMs - spentMs - loadMs - pauses.otherMs : draft.numSteps * msPerStep;
  const affordable = Math.max(1, Math.floor(trainingMs / msPerStep));
  const tokensAtMost = (request.mostEpochs ?? mostEpochs) * text.uniqueTokens;
  const mostSteps = Math.max(leastSteps, Math.floor(tokensAtMost / batchTokens));
  const numSteps = budget.kind === 'time' ? Math.min(affordable, mostSteps) : draft.numSteps;
  const asked: Schedule = { ...recipe.schedule, ...request.schedule };
  const schedule = { ...asked, warmupSteps: numWarmupSteps(asked, numSteps) };
  const model = recipe.model(size);
  const plan: Omit<Plan, 'reasons' | 'warnings'> = {
    budget,
    size,
    numParameters: Object.values(model.parameters).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    batch: {
      batchSize,
      microBatchSize: fit.microBatchSize,
      contextLength: size.contextLength,
      packing: request.packing ?? 'stream',
      documentMask: request.documentMask ?? false,
      recompute: fit.recompute,
    },
    numSteps,
    mostSteps: budget.kind === 'time' ? mostSteps : null,
    numTokens: numSteps * batchTokens,
    epochs: (numSteps * batchTokens) / text.uniqueTokens,
    schedule,
    evaluation: pauses.evaluation,
    samples: pauses.samples,
    checkpoints: pauses.checkpoints,
    expected: {
      msPerStep,
      trainingMs: numSteps * msPerStep,
      otherMs: pauses.otherMs + loadMs,
      limitMs: budget.kind === 'time' ? Math.max(0, budget.durationMs - spentMs) : null,
      finalMs: pauses.finalMs,
      flopsPerStep: isMeasured ? measured.flopsPerStep : workPerStep(sizes, draft),
    },
    memory: { neededBytes: fit.neededBytes, availableBytes: limit.availableBytes, limit: limit.limit },
  };
  return { ...plan, ...explain(plan, { request, text, fit, isMeasured, isLimitedByText: draft.isLimitedByText }) };
}
