import { assert } from '../../core/index.ts';
import { lossOf, type ScalingLaw, withoutFloor } from '../scaling-law.ts';
import { rootBetween } from '../statistics/monotone-root.ts';
import { argminBetween } from './scalar-search.ts';

/**
 * FLOPs that a token costs: a number for each parameter (6 in training: two forward, four backward; Kaplan et al. 2020, 2001.08361,
 * section 2.1), or a function of the number of parameters, in the convention of the law, that rises with it.
 */
export type TokenCost = number | ((numParameters: number) => number);

/** FLOPs of training for each parameter and token, by the rule C = 6·N·D. */
export const trainingCost = 6;

/** FLOPs of inference for each parameter and token: 2·N·D, forward only. */
export const inferenceCost = 2;

const costOf = (cost: TokenCost, numParameters: number): number =>
  typeof cost === 'number' ? cost * numParameters : cost(numParameters);

/** The best that a law allows at some compute. */
export interface ComputeOptimum {
  /** C */
  readonly flops: number;
  /** N* */
  readonly numParameters: number;
  /** D* */
  readonly numTokens: number;
  /** D* over N*, the best tokens for each parameter. */
  readonly tokensPerParameter: number;
  /** L*, in the unit of the law. */
  readonly loss: number;
}

/** Whether a law has a best size at each compute: without a term in N or in D, smaller or larger would always be better. */
export function hasOptimum({ A, B, alpha, beta }: ScalingLaw): boolean {
  return A > 0 && B > 0 && alpha > 0 && beta > 0;
}

function assertOptimum(law: ScalingLaw): void {
  assert(hasOptimum(law), `the law ${JSON.stringify(law)} has no best size: ask hasOptimum first`);
}

/**
 * N for which one more parameter and one more token of the same cost gain alike: α·A·N^(−α) = β·B·D^(−β), which holds all along the
 * compute-optimal frontier of C ∝ N·D.
 */
export function balancedParameters(law: ScalingLaw, numTokens: number): number {
  assertOptimum(law);
  const { A, alpha, B, beta } = law;
  return ((alpha * A) / (beta * B * numTokens ** -beta)) ** (1 / alpha);
}

/**
 * The size and the number of tokens with the lowest loss for so much compute. With C = k·N·D, from Hoffmann et al. 2022 (2203.15556,
 * equation 4): N* = G·(C/k)^(β/(α+β)), D* = C/(k·N*), G = (αA/βB)^(1/(α+β)). Another cost is minimised over ln N.
 *
 * @param flops C, of the whole training
 */
export function computeOptimum(law: ScalingLaw, flops: number, cost: TokenCost = trainingCost): ComputeOptimum {
  assertOptimum(law);
  assert(flops > 0 && Number.isFinite(flops), `a compute of ${flops} FLOPs has no optimum`);
  const numParameters =
    typeof cost === 'number' ? closedFormParameters(law, flops / cost) : searchedParameters(law, flops, cost);
  const numTokens = flops / costOf(cost, numParameters);
  return {
    flops,
    numParameters,
    numTokens,
    tokensPerParameter: numTokens / numParameters,
    loss: lossOf(law, numParameters, numTokens),
  };
}

/** @param product N·D */
function closedFormParameters({ A, alpha, B, beta }: ScalingLaw, product: number): number {
  return ((alpha * A) / (beta * B)) ** (1 / (alpha + beta)) * product ** (beta / (alpha + beta));
}

function searchedParameters(law: ScalingLaw, flops: number, cost: (numParameters: number) => number): number {
  // Start where the rule of 6 would; twelve e-folds to both sides are a factor of 160,000.
  const middle = Math.log(closedFormParameters(law, flops / trainingCost));
  const reducible = withoutFloor(law);
  const reducibleLossAt = (logParameters: number): number => {
    const numParameters = Math.exp(logParameters);
    return lossOf(reducible, numParameters, flops / cost(numParameters));
  };
  return Math.exp(argminBetween(reducibleLossAt, middle - 12, middle + 12, 192));
}

/** How N*, D* and L* − E go with C along the frontier of C ∝ N·D. */
export interface FrontierExponents {
  /** a = β/(α+β): N* ∝ C^a. */
  readonly parameters: number;
  /** b = α/(α+β): D* ∝ C^b. */
  readonly tokens: number;
  /** αβ/(α+β): L* − E ∝ C^(−…). */
  readonly loss: number;
}

/** The exponents of the compute-optimal frontier (Hoffmann et al. 2022, equation 4). */
export function frontierExponents({ alpha, beta }: ScalingLaw): FrontierExponents {
  return { parameters: beta / (alpha + beta), tokens: alpha / (alpha + beta), loss: (alpha * beta) / (alpha + beta) };
}

/**
 * C_eq, the least compute that reaches a loss: the inverse of L*(C). Infinite where the law says that no compute does (loss ≤ E).
 */
export function computeForLoss(law: ScalingLaw, loss: number, cost: TokenCost = trainingCost): number {
  assertOptimum(law);
  if (!(loss > law.E)) return Number.POSITIVE_INFINITY;
  // On the frontier αA·N^(−α) = βB·D^(−β), so the excess over E is A·N^(−α)·(1 + α/β).
  const { A, alpha, beta, B } = law;
  const numParameters = ((A * (1 + alpha / beta)) / (loss - law.E)) ** (1 / alpha);
  const numTokens = ((B * (1 + beta / alpha)) / (loss - law.E)) ** (1 / beta);
  if (typeof cost === 'number') return cost * numParameters * numTokens;
  const middle = Math.log(cost(numParameters) * numTokens);
  // So near to E that no number holds the compute.
  if (!(middle < Math.log(Number.MAX_VALUE) - 12)) return Number.POSITIVE_INFINITY;
  const excess = (logFlops: number): number => loss - computeOptimum(law, Math.exp(logFlops), cost).loss;
  return Math.exp(rootBetween(excess, middle - 12, middle + 12));
}

/**
 * The share of a run's compute that a better split between size and tokens would have saved: 1 − C_eq/C, where C_eq is the optimal
 * compute for the same loss. 0 on the frontier, and for a law with C ∝ N·D the same at each compute for the same distance from it.
 */
export function deadweightCompute(
  law: ScalingLaw,
  { numParameters, numTokens }: { readonly numParameters: number; readonly numTokens: number },
  cost: TokenCost = trainingCost,
): number {
  const flops = costOf(cost, numParameters) * numTokens;
  const reducible = withoutFloor(law);
  return Math.max(0, 1 - computeForLoss(reducible, lossOf(reducible, numParameters, numTokens), cost) / flops);
}

/** What some multiple of a compute would buy. */
export interface ComputeWorth extends ComputeOptimum {
  /** Of the compute that was asked about. */
  readonly factor: number;
  /** Loss at the optimum of the compute that was asked about, less that at its multiple. */
  readonly gain: number;
}

/** What multiples of a compute would buy, each spent in the best way: twice and ten times by default. */
export function worthOfCompute(
  law: ScalingLaw,
  flops: number,
  { factors = [2, 10], cost = trainingCost }: { readonly factors?: readonly number[]; readonly cost?: TokenCost } = {},
): readonly ComputeWorth[] {
  const reducible = withoutFloor(law);
  const { loss } = computeOptimum(reducible, flops, cost);
  return factors.map((factor) => {
    const optimum = computeOptimum(reducible, factor * flops, cost);
    return { ...optimum, loss: law.E + optimum.loss, factor, gain: loss - optimum.loss };
  });
}

/** The cheapest model of a loss, training and use together. */
export interface InferenceOptimum extends ComputeOptimum {
  readonly inferenceFlops: number;
  /** Training and inference. */
  readonly totalFlops: number;
  /** The share of all compute that is saved against the model that is cheapest to train to the same loss. */
  readonly saving: number;
}

/**
 * The size and the tokens that reach a loss with the least compute over the model's life: the minimum of 6·N·D + 2·N·D_inf subject to
 * L(N, D) = loss (Sardana et al. 2024, 2401.00448, equation 3). The more it is used, the smaller the model and the longer its training.
 * It is minimised over ln N between the smallest model that can reach the loss at all and the one that is cheapest to train.
 *
 * @param loss to reach; above E
 * @param inferenceTokens D_inf, read and written over the model's life
 */
export function inferenceOptimum(
  law: ScalingLaw,
  { loss, inferenceTokens }: { readonly loss: number; readonly inferenceTokens: number },
  {
    training = trainingCost,
    inference = inferenceCost,
  }: { readonly training?: TokenCost; readonly inference?: TokenCost } = {},
): InferenceOptimum {
  assertOptimum(law);
  assert(loss > law.E, `no model reaches the loss ${loss}, which is not above E = ${law.E}`);
  const { E, A, alpha, B, beta } = law;
  const tokensFor = (numParameters: number): number => {
    const rest = loss - E - A * numParameters ** -alpha;
    return rest > 0 ? (B / rest) ** (1 / beta) : Number.POSITIVE_INFINITY;
  };
  const total = (numParameters: number): number =>
    costOf(training, numParameters) * tokensFor(numParameters) + costOf(inference, numParameters) * inferenceTokens;
  const cheapestToTrain = computeOptimum(law, computeForLoss(law, loss, training), training).numParameters;
  const smallest = (A / (loss - E)) ** (1 / alpha);
  const searched = Math.exp(
    argminBetween((logParameters) => total(Math.exp(logParameters)), Math.log(smallest), Math.log(cheapestToTrain)),
  );
  const numParameters = total(searched) < total(cheapestToTrain) ? searched : cheapestToTrain;
  const numTokens = tokensFor(numParameters);
  const flops = costOf(training, numParameters) * numTokens;
  const inferenceFlops = costOf(inference, numParameters) * inferenceTokens;
  return {
    flops,
    numParameters,
    numTokens,
    tokensPerParameter: numTokens / numParameters,
    loss,
    inferenceFlops,
    totalFlops: flops + inferenceFlops,
    saving: Math.max(0, 1 - (flops + inferenceFlops) / total(cheapestToTrain)),
  };
}
