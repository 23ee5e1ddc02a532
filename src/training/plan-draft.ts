import { present } from '../core/index.ts';
import type { RecipeSize } from '../recipe/index.ts';
import { mostEpochs } from '../theory/index.ts';
import { statedPrecision } from './plan.ts';
import type { PlanRequest } from './plan-request.ts';
import type { StepExtent } from './prepared-step.ts';
import {
  balancedTokens,
  type CandidateSize,
  chooseSize,
  contextLengthFor,
  costOfStep,
  type PricedSize,
  type SizeAnswer,
  tokensPerStep,
} from './sizing.ts';
import type { TextExtent } from './text-extent.ts';

/** Where the budget is time or arithmetic, a text that would be over at once is read until so many steps are done. */
export const leastSteps = 100;
const smallestContext = 16;

/** Size, batch and steps of a run, as far as the speed of the machine is known. */
export interface Draft {
  readonly candidate: CandidateSize;
  readonly size: RecipeSize;
  readonly batchSize: number;
  readonly numSteps: number;
  /** The number of tokens was cut, since the text would be read too often. */
  readonly isLimitedByText: boolean;
}

export interface DraftFacts {
  readonly text: TextExtent;
  /** Those to choose from, by rising cost. */
  readonly sizes: readonly PricedSize[];
  /** What the machine does in a millisecond, in operations of matrix products. */
  readonly workPerMs: number;
  /** Of a budget of time, what planning took. */
  readonly spentMs: number;
}

/** Chooses size, batch and steps at a given speed. */
export function draftRun(request: PlanRequest, facts: DraftFacts): Draft {
  const { text, sizes } = facts;
  const { budget } = request;
  const { index, numTokens, isLimitedByText } = answerOf(request, facts);
  const { numLayers, width } = present(sizes[index], 'a size');
  const { contextLength, batchSize } = shapeOf(request, text, numTokens);
  const numSteps =
    budget?.kind === 'steps' ? budget.numSteps : Math.max(1, Math.floor(numTokens / (batchSize * contextLength)));
  return {
    candidate: { numLayers, width },
    size: { vocabularySize: text.vocabularySize, contextLength, numLayers, width },
    batchSize,
    numSteps: isLimitedByText && budget !== undefined ? Math.max(numSteps, leastSteps) : numSteps,
    isLimitedByText,
  };
}

function answerOf(request: PlanRequest, { text, sizes, workPerMs, spentMs }: DraftFacts): SizeAnswer {
  const { budget } = request;
  const { uniqueTokens } = text;
  const question = { uniqueTokens, mostEpochs };
  switch (budget?.kind) {
    case 'time': {
      // A tenth goes into evaluations, samples and checkpoints.
      const amount = Math.max(1, 0.9 * (budget.durationMs - spentMs) * workPerMs);
      return chooseSize(sizes, { ...question, allowance: { amount, unit: 'work' } });
    }
    case 'flops':
      return chooseSize(sizes, { ...question, allowance: { amount: budget.flops, unit: 'flops' } });
    case 'tokens':
    case 'steps': {
      // Who asks for a number gets it, however small the text.
      const numTokens = budget.kind === 'tokens' ? budget.numTokens : tokensOfSteps(request, text, budget.numSteps);
      return { ...chooseSize(sizes, { ...question, numTokens }), numTokens, isLimitedByText: false };
    }
    default: {
      const wanted = Math.ceil(balancedTokens(present(sizes[0], 'a size').numParameters));
      const numTokens = Math.min(wanted, mostEpochs * uniqueTokens);
      return { index: 0, numTokens, isLimitedByText: numTokens < wanted };
    }
  }
}

/** Tokens of so many steps. The tokens of a step depend on those of the run, so both are settled together. */
function tokensOfSteps(request: PlanRequest, text: TextExtent, numSteps: number): number {
  let numTokens = numSteps;
  // Each round at least halves the distance, counted in powers of two.
  for (let round = 0; round < 64; round++) {
    const { contextLength, batchSize } = shapeOf(request, text, numTokens);
    const next = numSteps * batchSize * contextLength;
    if (next === numTokens) break;
    numTokens = next;
  }
  return numTokens;
}

/** Rows and context of a step for a run of so many tokens. */
function shapeOf(request: PlanRequest, { uniqueTokens }: TextExtent, numTokens: number) {
  const contextLength =
    request.contextLength ?? Math.min(contextLengthFor(numTokens), powerAbove(uniqueTokens, smallestContext));
  // A batch that holds the text several times over would only repeat it.
  const mostRows = Math.max(1, Math.floor(uniqueTokens / (8 * contextLength)));
  const wantedRows = Math.max(1, Math.round(tokensPerStep(numTokens) / contextLength));
  return { contextLength, batchSize: request.batchSize ?? Math.min(wantedRows, powerBelow(mostRows)) };
}

/** The least power of two that is no less than `value` and `least`. */
const powerAbove = (value: number, least: number): number => 2 ** Math.ceil(Math.log2(Math.max(value, least)));
const powerBelow = (value: number): number => 2 ** Math.floor(Math.log2(value));

/** What a step is prepared from, if memory does not matter. */
export function extentOf(request: PlanRequest, { size, batchSize, numSteps }: Draft): StepExtent {
  const { microBatchSize = batchSize, documentMask = false, recompute = false } = request;
  const batch = { batchSize, microBatchSize, documentMask, recompute, ...statedPrecision(request.precision) };
  return { size, batch, numSteps };
}

/** What the size of a draft costs for each step, in work. */
export function workPerStep(sizes: readonly PricedSize[], { candidate, size, batchSize }: Draft): number {
  const priced = sizes.find(({ numLayers, width }) => numLayers === candidate.numLayers && width === candidate.width);
  return costOfStep(present(priced, 'the price of a size'), batchSize * size.contextLength, 'work');
}

/** Whether a step of both takes the same. */
export function isSameShape(a: Draft, b: Draft): boolean {
  return (
    a.size.width === b.size.width &&
    a.size.numLayers === b.size.numLayers &&
    a.size.contextLength === b.size.contextLength &&
    a.batchSize === b.batchSize
  );
}
