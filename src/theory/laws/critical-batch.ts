import { assert } from '../../core/index.ts';
import { type PowerLaw, powerLawAt } from '../fitting/power-law-fit.ts';

/** A rule for batches that grow with the tokens of a run, in tokens: batchTokens = coefficient · D^exponent. */
export interface BatchRule {
  /** Of D, in tokens. */
  readonly law: PowerLaw;
  /** Where it comes from. */
  readonly source: string;
}

const powerLinesSequence = 2048;

/**
 * Beyond this batch more rows in a step save hardly any steps: Power Lines (Bergsma et al. 2025, 2505.13738), B_crit ≈ 0.0471·D^0.462
 * sequences of 2,048 tokens. The coefficients were noted from the paper and not checked again; both were fitted on models and texts far
 * larger than a workstation's.
 */
export const criticalBatchRule: BatchRule = {
  law: { coefficient: 0.0471 * powerLinesSequence, exponent: 0.462 },
  source: 'Power Lines (2505.13738)',
};

/** The batch of the lowest loss for a number of tokens: Power Lines (2505.13738), B_opt ≈ 0.0306·D^0.383 sequences of 2,048 tokens. */
export const optimalBatchRule: BatchRule = {
  law: { coefficient: 0.0306 * powerLinesSequence, exponent: 0.383 },
  source: 'Power Lines (2505.13738)',
};

/** B_crit of a run of so many tokens, in tokens of a step. */
export function criticalBatchTokens(numTokens: number, { law }: BatchRule = criticalBatchRule): number {
  return powerLawAt(law, numTokens);
}

/** How the batch of a run stands to the critical one. */
export interface BatchDiagnosis {
  readonly criticalTokens: number;
  readonly optimalTokens: number;
  /** Batch over critical batch. */
  readonly ratio: number;
  readonly isBeyondCritical: boolean;
  /** Steps over the fewest that any batch could do with, at the same loss: 1 + B_crit/B. */
  readonly stepsOverLeast: number;
  /** Tokens over the fewest that any batch could do with: 1 + B/B_crit. */
  readonly tokensOverLeast: number;
}

/**
 * Holds a batch against what others found for so many tokens. With (S/S_min − 1)·(E/E_min − 1) = 1, a run of batch B takes
 * S = S_min·(1 + B_crit/B) steps and E = E_min·(1 + B/B_crit) tokens (McCandlish et al. 2018, 1812.06162, equation 2.11 and section 2.3).
 *
 * @param batchTokens B, tokens of a step
 * @param numTokens D, of the run
 */
export function diagnoseBatch(
  { batchTokens, numTokens }: { readonly batchTokens: number; readonly numTokens: number },
  rules: { readonly critical?: BatchRule; readonly optimal?: BatchRule } = {},
): BatchDiagnosis {
  assert(batchTokens > 0 && numTokens > 0, `a batch of ${batchTokens} tokens in a run of ${numTokens} is none`);
  const { critical = criticalBatchRule, optimal = optimalBatchRule } = rules;
  const criticalTokens = criticalBatchTokens(numTokens, critical);
  const ratio = batchTokens / criticalTokens;
  return {
    criticalTokens,
    optimalTokens: powerLawAt(optimal.law, numTokens),
    ratio,
    isBeyondCritical: ratio > 1,
    stepsOverLeast: 1 + 1 / ratio,
    tokensOverLeast: 1 + ratio,
  };
}

/** |g|², the squared length of the mean gradient over a batch, at two batch sizes of one model at one place. */
export interface GradientNorms {
  readonly smallBatch: number;
  readonly smallSquaredNorm: number;
  readonly largeBatch: number;
  readonly largeSquaredNorm: number;
}

/** What two batch sizes tell of the noise in the gradient. */
export interface GradientNoise {
  /** |G|², the squared length of the true gradient. */
  readonly signal: number;
  /** tr Σ, the variance of the gradient of one sample. */
  readonly noise: number;
  /** B_simple = tr Σ / |G|², in samples; infinite where no signal rises above the noise. A proxy of the critical batch. */
  readonly scale: number;
}

/**
 * The gradient noise scale from squared gradient norms at two batch sizes (McCandlish et al. 2018, 1812.06162, appendix A.1). Since
 * E|g_B|² = |G|² + tr Σ/B, both are estimated without bias:
 * |G|² = (B_b·|g_b|² − B_s·|g_s|²) / (B_b − B_s), tr Σ = (|g_s|² − |g_b|²) / (1/B_s − 1/B_b).
 * Their ratio is not, so they are averaged apart over all the given pairs before it is taken.
 *
 * @param pairs at the same weights or at weights near each other, batches in samples
 */
export function gradientNoise(pairs: readonly GradientNorms[]): GradientNoise {
  assert(pairs.length > 0, 'the noise of a gradient takes at least one pair of norms');
  let [signal, noise] = [0, 0];
  for (const { smallBatch, smallSquaredNorm, largeBatch, largeSquaredNorm } of pairs) {
    assert(smallBatch > 0 && largeBatch > smallBatch, `batches of ${smallBatch} and ${largeBatch} tell nothing apart`);
    signal += (largeBatch * largeSquaredNorm - smallBatch * smallSquaredNorm) / (largeBatch - smallBatch);
    noise += (smallSquaredNorm - largeSquaredNorm) / (1 / smallBatch - 1 / largeBatch);
  }
  [signal, noise] = [signal / pairs.length, noise / pairs.length];
  return { signal, noise, scale: signal > 0 ? Math.max(0, noise) / signal : Number.POSITIVE_INFINITY };
}

/**
 * The learning rate that Step Law (Li et al. 2025, 2503.04715) gives for AdamW: 1.79·N^(−0.713)·D^0.307. It was fitted on AdamW with
 * cosine decay at 60 M parameters and more; for another optimizer only its trend says something.
 */
export function stepLawLearningRate(numParameters: number, numTokens: number): number {
  return 1.79 * numParameters ** -0.713 * numTokens ** 0.307;
}

/** The batch in tokens that Step Law (Li et al. 2025, 2503.04715) gives: 0.58·D^0.571. */
export const stepLawBatchRule: BatchRule = {
  law: { coefficient: 0.58, exponent: 0.571 },
  source: 'Step Law (2503.04715)',
};
