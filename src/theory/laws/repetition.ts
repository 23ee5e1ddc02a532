import { assert } from '../../core/index.ts';
import { lossOf, type ScalingLaw, withoutFloor } from '../scaling-law.ts';
import {
  balancedParameters,
  type ComputeOptimum,
  computeOptimum,
  type TokenCost,
  trainingCost,
} from './compute-optimum.ts';
import { argminBetween } from './scalar-search.ts';

/**
 * R*: how soon a repeated token, and a parameter beyond what the tokens can use, has lost all but 1/e of its worth, in repetitions
 * (Muennighoff et al. 2023, 2305.16264, section 4 and the constants of their repository).
 */
export const repetitionConstants = { tokens: 15.387756, parameters: 5.309743 } as const;

/**
 * Reading a text more often than this teaches almost nothing more, and no run that the law was fitted on speaks for what lies beyond:
 * it never says that repeating hurts, though it does.
 */
export const mostEpochs = 16;

/**
 * What `used` tokens or parameters are worth where only `unique` of them are new (Muennighoff et al. 2023, equations 5 and 6):
 * D′ = U + U·R*·(1 − e^(−R/R*)), R = used/unique − 1, and the same for N with the R* of parameters. Where nothing is repeated it is `used`.
 *
 * @param used D, tokens read; or N
 * @param unique U, tokens of the text; or the number of parameters that the unique tokens are best for
 */
export function effectiveAmount(
  used: number,
  unique: number,
  kind: keyof typeof repetitionConstants = 'tokens',
): number {
  if (used <= unique) return used;
  const limit = repetitionConstants[kind];
  return unique - unique * limit * Math.expm1(-(used / unique - 1) / limit);
}

/** How often a text was read, what that was worth, and whether the law speaks for it. */
export interface Repetition {
  readonly epochs: number;
  /** D′, the number of new tokens that would have taught as much. */
  readonly effectiveTokens: number;
  /** D′/D */
  readonly worth: number;
  /** More epochs than the law was measured for. */
  readonly isOutOfDomain: boolean;
}

/** How often so many unique tokens are read by so many tokens of training, and what that is worth. */
export function repetitionOf(numTokens: number, uniqueTokens: number): Repetition {
  assert(numTokens > 0 && uniqueTokens > 0, `${numTokens} of ${uniqueTokens} tokens cannot be a training`);
  const epochs = numTokens / uniqueTokens;
  const effectiveTokens = effectiveAmount(numTokens, uniqueTokens);
  return { epochs, effectiveTokens, worth: effectiveTokens / numTokens, isOutOfDomain: epochs > mostEpochs };
}

/**
 * Loss of N parameters trained on D tokens of which U are unique: L(N′, D′) (Muennighoff et al. 2023, equation 4). Parameters count
 * for less beyond the number that U tokens are best for. The paper takes min(D, U) for U there; with the text itself the law stays
 * that of new tokens for every run that a long text allows, and has no step where repetition begins.
 */
export function lossWithRepetition(
  law: ScalingLaw,
  numParameters: number,
  numTokens: number,
  uniqueTokens: number,
): number {
  const parameters = effectiveAmount(numParameters, balancedParameters(law, uniqueTokens), 'parameters');
  return lossOf(law, parameters, effectiveAmount(numTokens, uniqueTokens));
}

/** The best that a law allows at some compute with a text of limited size. */
export interface LimitedOptimum extends ComputeOptimum {
  readonly repetition: Repetition;
}

/**
 * The size and the number of tokens with the lowest loss for so much compute and a text of U tokens, minimised over ln N. Where the
 * text is long enough it is the compute optimum.
 */
export function limitedComputeOptimum(
  law: ScalingLaw,
  flops: number,
  uniqueTokens: number,
  cost: TokenCost = trainingCost,
): LimitedOptimum {
  const tokensFor = (numParameters: number): number =>
    flops / (typeof cost === 'number' ? cost * numParameters : cost(numParameters));
  // It lies near the size that the text is best for or the one that the compute is best for, or between them.
  const near = [balancedParameters(law, uniqueTokens), computeOptimum(law, flops, cost).numParameters].map(Math.log);
  const reducible = withoutFloor(law);
  const reducibleLossAt = (logParameters: number): number => {
    const numParameters = Math.exp(logParameters);
    return lossWithRepetition(reducible, numParameters, tokensFor(numParameters), uniqueTokens);
  };
  const numParameters = Math.exp(argminBetween(reducibleLossAt, Math.min(...near) - 8, Math.max(...near) + 8, 256));
  const numTokens = tokensFor(numParameters);
  return {
    flops,
    numParameters,
    numTokens,
    tokensPerParameter: numTokens / numParameters,
    loss: lossWithRepetition(law, numParameters, numTokens, uniqueTokens),
    repetition: repetitionOf(numTokens, uniqueTokens),
  };
}
