import { GroundworkError, present, systemClock } from '../core/index.ts';
import { type Dataset, validationRows } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { numWarmupSteps, type Schedule } from '../optimizer/index.ts';
import type { Recipe } from '../recipe/index.ts';
import { sizeOf } from '../tensor/index.ts';
import { mostEpochs } from '../theory/index.ts';
import { parseTokenizer } from '../tokenizer/index.ts';
import { fitMemory, type MemoryFit } from './memory-fit.ts';
import { type MemoryLimit, memoryLimit } from './memory-limit.ts';
import { measurePauses, type PauseMeasurement } from './pause-probe.ts';
import { type Budget, type Plan, statedPrecision } from './plan.ts';
import { type Draft, draftRun, extentOf, isSameShape, leastSteps, workPerStep } from './plan-draft.ts';
import { explain } from './plan-explanation.ts';
import { planPauses } from './plan-pauses.ts';
import type { PlanRequest, PlanSurroundings } from './plan-request.ts';
import { prepareStep } from './prepared-step.ts';
import { measureStep, type StepMeasurement } from './probe.ts';
import { expectedGrowth } from './process-memory.ts';
import { finalPrompts } from './run-pauses.ts';
import { pricedSizes } from './size-prices.ts';
import type { PricedSize } from './sizing.ts';
import { type TextExtent, textExtent } from './text-extent.ts';

/** A guess at the work per second of one thread, in floating-point operations, before anything was measured. */
const guessedWorkPerThread = 60e9;
/** From this budget of time on, steps of the very size that is trained are measured, whatever loading it takes. */
const longBudgetMs = 120_000;
/** With less nothing is measured: loading alone would take it. The pace of the run itself then fixes its end. */
const shortBudgetMs = 15_000;
/** Measuring should take no more than this share of a budget of time. */
const probeShare = 0.08;
/** Sizes that are measured at most: a measurement may call for another size. */
const mostProbes = 4;
/** No further step is timed after so long. */
const longestSteppingMs = 3_000;

/** A draft whose steps were measured. */
interface Measured extends StepMeasurement {
  readonly draft: Draft;
  readonly fit: MemoryFit;
}

/**
 * Plans a run: from a budget to size, batch, number of steps and schedule, each with its reason. Memory is estimated before anything is
 * allocated, and a few real training steps are measured:
 *
 * - with a budget of two minutes or more, or of tokens, steps or arithmetic: steps of the size that will be trained. Where a
 *   measurement calls for another size, that is measured as well, up to four in all, and what was measured last is trained. It takes what
 *   loading takes and at most 3 seconds of steps (or two steps) for each. Of what is trained, a few batches of an evaluation and the
 *   beginning of a sample are measured as well;
 * - with a budget of 15 seconds to two minutes: the smallest size, and the one that is chosen only where, by what the first
 *   took, both fit into 8 % of the budget;
 * - with less, nothing.
 *
 * @throws `usage` for requests that contradict themselves, `invalid-recipe` and `future-leak` for a recipe that breaks a rule, `out-of-memory` where
 *   nothing fits, `interrupted` when the signal aborts, what the engine throws on loading
 */
export async function planRun(request: PlanRequest, surroundings: PlanSurroundings): Promise<Plan> {
  const { fs, engine, recipe, datasets, clock = systemClock, numThreads = 1, signal } = surroundings;
  const startMs = clock.monotonicMs();
  const text = textExtent(datasets);
  checkRequest(request);
  requirePrecision(request, engine);
  const limit = surroundings.memory ?? memoryLimit(fs);
  const sizes = pricedSizes(recipe, request, text.vocabularySize);
  const budgetMs = request.budget?.kind === 'time' ? request.budget.durationMs : Number.POSITIVE_INFINITY;
  const isLong = budgetMs >= longBudgetMs;
  const isFixed = request.microBatchSize !== undefined;
  const spentMs = () => clock.monotonicMs() - startMs;

  let workPerMs = (guessedWorkPerThread * numThreads) / 1000;
  let measured: Measured | undefined;
  const draftOf = (some: readonly PricedSize[]) =>
    draftRun(request, { text, sizes: some, workPerMs, spentMs: spentMs() });
  const measure = async (draft: Draft): Promise<void> => {
    const extent = extentOf(request, draft);
    const fit = fitMemory(engine, recipe, { extent, limit, isFixed });
    const { microBatchSize, recompute } = fit;
    const question = {
      ...extent,
      batch: { ...extent.batch, microBatchSize, recompute },
      packing: request.packing ?? 'stream',
      sources: datasets,
      limitMs: Math.min(longestSteppingMs, 0.25 * probeShare * budgetMs),
    };
    const step = await measureStep(engine, recipe, question, { clock, ...(signal && { signal }) });
    measured = { ...step, draft, fit };
    workPerMs = workPerStep(sizes, draft) / step.msPerStep;
  };
  /** Whether loading and timing a second size fits in, by what the first took: what loading takes grows with the layers. */
  const hasTimeFor = (draft: Draft, { loadMs, draft: { candidate } }: Measured): boolean => {
    const loading = (loadMs * draft.candidate.numLayers) / candidate.numLayers;
    return spentMs() + loading + (2 * workPerStep(sizes, draft)) / workPerMs <= probeShare * budgetMs;
  };

  if (request.skipProbe !== true && budgetMs >= shortBudgetMs) {
    if (!isLong && sizes.length > 1) await measure(draftOf(sizes.slice(0, 1)));
    for (let numProbes = 0; numProbes < mostProbes; numProbes++) {
      const draft = draftOf(sizes);
      const last = measured as Measured | undefined;
      if (last !== undefined) {
        if (isSameShape(last.draft, draft)) break;
        const isEnough = isLong ? numProbes >= 2 && spentMs() > probeShare * budgetMs : !hasTimeFor(draft, last);
        if (isEnough) break;
      }
      await measure(draft);
    }
  }
  const known = measured as Measured | undefined;
  const draft = isLong && known !== undefined ? known.draft : draftOf(sizes);
  const own = known !== undefined && isSameShape(known.draft, draft) ? known : undefined;
  const extent = extentOf(request, draft);
  const { dataset } = present(datasets[0], 'a dataset');
  const pauses =
    own !== undefined && isLong
      ? await measurePauses(
          engine,
          recipe,
          { size: draft.size, batchSize: own.fit.evaluationBatchSize, dataset },
          { clock, ...(signal && { signal }) },
        )
      : undefined;
  // What was measured was verified as well.
  const { flopsPerStep } = own ?? (await prepareStep(recipe, extent));
  const prompts = finalPrompts(request.prompts ?? [], dataset, parseTokenizer(dataset.tokenizer()));
  return finishPlan({
    request,
    dataset,
    numFinalSamples: prompts.length,
    recipe,
    text,
    draft,
    fit: own?.fit ?? fitMemory(engine, recipe, { extent, limit, isFixed }),
    limit,
    msPerStep: own?.msPerStep ?? workPerStep(sizes, draft) / workPerMs,
    basis: own !== undefined ? 'measured' : known !== undefined ? 'estimated' : 'guessed',
    loadMs: (known?.loadMs ?? 0) + (pauses?.loadMs ?? 0),
    measuredPauses: own && pauses && { ...pauses, readMs: own.readMs },
    flopsPerStep,
    spentMs: spentMs(),
  });
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

function requirePrecision({ precision = 'float32' }: PlanRequest, { name, dtypes }: Engine): void {
  if (dtypes.has(precision)) return;
  throw new GroundworkError('unsupported-dtype', `${name} does not compute in ${precision}`, {
    hint: `It computes in ${[...dtypes].join(', ')}. Leave --precision out, or choose an engine that has ${precision}, such as --engine jax.`,
  });
}

interface Findings {
  readonly request: PlanRequest;
  /** What is evaluated on. */
  readonly dataset: Dataset;
  readonly numFinalSamples: number;
  readonly recipe: Recipe;
  readonly text: TextExtent;
  readonly draft: Draft;
  readonly fit: MemoryFit;
  readonly limit: MemoryLimit;
  readonly msPerStep: number;
  /** Where the time of a step is known from. */
  readonly basis: 'measured' | 'estimated' | 'guessed';
  readonly loadMs: number;
  readonly measuredPauses: (PauseMeasurement & { readonly readMs: number }) | undefined;
  readonly flopsPerStep: number;
  readonly spentMs: number;
}

function finishPlan(findings: Findings): Plan {
  const {
    request,
    recipe,
    dataset,
    numFinalSamples,
    text,
    draft,
    fit,
    limit,
    msPerStep,
    basis,
    loadMs,
    measuredPauses,
    flopsPerStep,
    spentMs,
  } = findings;
  const { size, batchSize } = draft;
  const budget: Budget = request.budget ?? {
    kind: 'tokens',
    numTokens: draft.numSteps * batchSize * size.contextLength,
  };
  const batchTokens = batchSize * size.contextLength;
  const pauses = planPauses(request, {
    text,
    budget,
    msPerStep,
    batchTokens,
    contextLength: size.contextLength,
    numSteps: draft.numSteps,
    evaluationBatchSize: fit.evaluationBatchSize,
    numBatchesOf: (numDocuments) =>
      validationRows(dataset, {
        contextLength: size.contextLength,
        batchSize: fit.evaluationBatchSize,
        packing: 'alone',
        numDocuments,
      }).numBatches,
    numFinalSamples,
    checkpointBytes: fit.sessions.training.stateBytes,
    measured: measuredPauses,
  });
  const trainingMs =
    budget.kind === 'time' ? budget.durationMs - spentMs - loadMs - pauses.otherMs : draft.numSteps * msPerStep;
  const affordable = Math.max(1, Math.floor(trainingMs / msPerStep));
  const tokensAtMost = mostEpochs * text.uniqueTokens;
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
      ...statedPrecision(request.precision),
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
      source: basis,
      trainingMs: numSteps * msPerStep,
      otherMs: pauses.otherMs + loadMs,
      limitMs: budget.kind === 'time' ? Math.max(0, budget.durationMs - spentMs) : null,
      finalMs: pauses.finalMs,
      closingMs: pauses.closingMs,
      flopsPerStep,
    },
    memory: {
      neededBytes: fit.neededBytes,
      expectedBytes: expectedGrowth(fit.sessions, { ...pauses, numSteps }),
      availableBytes: limit.availableBytes,
      limit: limit.limit,
    },
  };
  return { ...plan, ...explain(plan, { request, text, fit, basis, isLimitedByText: draft.isLimitedByText }) };
}
