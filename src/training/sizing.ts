import { assert } from '../core/index.ts';
import { effectiveAmount } from '../theory/index.ts';

/** A size that a plan may choose. */
export interface CandidateSize {
  readonly numLayers: number;
  /** D */
  readonly width: number;
}

/** Sizes from the smallest model worth training to what a workstation trains in days, each about 1.5 times the one before. */
export const candidateSizes: readonly CandidateSize[] = [
  { numLayers: 2, width: 32 },
  { numLayers: 3, width: 48 },
  { numLayers: 4, width: 64 },
  { numLayers: 4, width: 96 },
  { numLayers: 4, width: 128 },
  { numLayers: 4, width: 160 },
  { numLayers: 4, width: 192 },
  { numLayers: 5, width: 224 },
  { numLayers: 6, width: 256 },
  { numLayers: 6, width: 320 },
  { numLayers: 6, width: 384 },
  { numLayers: 7, width: 448 },
  { numLayers: 8, width: 512 },
  { numLayers: 9, width: 576 },
  { numLayers: 10, width: 640 },
  { numLayers: 12, width: 768 },
  { numLayers: 14, width: 896 },
  { numLayers: 16, width: 1024 },
  { numLayers: 20, width: 1280 },
  { numLayers: 24, width: 1536 },
];

/**
 * A point at which parameters and tokens are in balance: parameters of matrices other than embedding and head, as measured on
 * `presidents` with the default recipe (docs/notebook.md).
 */
const balance = { numParameters: 2.2e5, numTokens: 1.2e6 } as const;

/**
 * Exponents of the loss in parameters and tokens. With the first the larger, tokens for each parameter rise slowly with the budget:
 * from 5 at the balance point to 25 for models a hundred times as large, near the 20 that Hoffmann et al. (2022) found for larger ones still.
 */
const exponents = { parameters: 0.4, tokens: 0.3 } as const;

/** The number of tokens that a model of so many parameters is best trained on. */
export function balancedTokens(numParameters: number): number {
  return balance.numTokens * (numParameters / balance.numParameters) ** (exponents.parameters / exponents.tokens);
}

/** The number of parameters that are best for so many tokens. */
export function balancedParameters(numTokens: number): number {
  return balance.numParameters * (numTokens / balance.numTokens) ** (exponents.tokens / exponents.parameters);
}

/**
 * How far a model falls short of perfection, in units that only compare sizes: (N′/N₀)^(−α)/α + (D′/D₀)^(−β)/β, the loss of Hoffmann et
 * al. scaled so that (N₀, D₀) is in balance, with the worth of repeated tokens and of too many parameters after Muennighoff et al.
 */
export function shortfall(numParameters: number, numTokens: number, uniqueTokens: number): number {
  const tokens = effectiveAmount(numTokens, uniqueTokens) / balance.numTokens;
  // As many parameters as the text without repetition would call for.
  const wanted = Math.max(1, balancedParameters(uniqueTokens));
  const parameters = effectiveAmount(numParameters, wanted, 'parameters') / balance.numParameters;
  return parameters ** -exponents.parameters / exponents.parameters + tokens ** -exponents.tokens / exponents.tokens;
}

/** A size with what it costs. */
export interface PricedSize extends CandidateSize {
  /** Those of matrices: all but embedding, head, gains and the like. */
  readonly numParameters: number;
  /** Floating-point operations of matrix products for each token that is trained on. */
  readonly flopsPerToken: number;
  /** The same of what a step does once, whatever its batch: the orthogonalisation of Muon. */
  readonly flopsPerUpdate: number;
  /** Everything else that a token costs, in operations of matrix products that would take as long. */
  readonly otherWorkPerToken: number;
  /** The same of what a step does once, whatever its batch: its update, and starting its kernels. */
  readonly otherWorkPerUpdate: number;
}

export interface SizeQuestion {
  /** What the run may spend; absent where the number of tokens is given. */
  readonly allowance?: {
    readonly amount: number;
    /** `flops`: floating-point operations. `work`: these and all else that takes time, in operations that would take as long. */
    readonly unit: 'flops' | 'work';
  };
  readonly numTokens?: number;
  /** Tokens of the training text. */
  readonly uniqueTokens: number;
  readonly mostEpochs: number;
}

/** What a step of so many tokens costs, in floating-point operations or in all work. */
export function costOfStep(size: PricedSize, batchTokens: number, unit: 'flops' | 'work'): number {
  const flops = batchTokens * size.flopsPerToken + size.flopsPerUpdate;
  return unit === 'flops' ? flops : flops + batchTokens * size.otherWorkPerToken + size.otherWorkPerUpdate;
}

/** Tokens that an allowance pays for: the more there are, the larger a step and the fewer updates. */
function affordableTokens(size: PricedSize, { amount, unit }: NonNullable<SizeQuestion['allowance']>): number {
  let numTokens = amount / costOfStep(size, 1, unit);
  for (let round = 0; round < 4; round++) {
    const batchTokens = tokensPerStep(numTokens);
    numTokens = (amount / costOfStep(size, batchTokens, unit)) * batchTokens;
  }
  return Math.max(1, Math.floor(numTokens));
}

export interface SizeAnswer {
  readonly index: number;
  readonly numTokens: number;
  /** The number of tokens was cut, since the text would be read too often. */
  readonly isLimitedByText: boolean;
}

/**
 * Chooses the size that gets furthest with a budget. With a given number of tokens, where arithmetic is free, it is the size that
 * they are best for.
 *
 * @param sizes by rising cost
 */
export function chooseSize(sizes: readonly PricedSize[], question: SizeQuestion): SizeAnswer {
  assert(sizes.length > 0, 'there is no size to choose from');
  const { allowance, uniqueTokens } = question;
  const most = Math.max(1, Math.floor(question.mostEpochs * uniqueTokens));
  const tokensOf = (size: PricedSize): number => {
    if (question.numTokens !== undefined) return question.numTokens;
    assert(allowance !== undefined, 'neither an allowance nor tokens are given');
    return affordableTokens(size, allowance);
  };
  const answers = sizes.map((size, index) => {
    const wanted = tokensOf(size);
    const numTokens = Math.min(wanted, most);
    return { index, numTokens, isLimitedByText: numTokens < wanted, size };
  });
  const grade = ({ size, numTokens }: (typeof answers)[number]): number =>
    question.numTokens === undefined
      ? shortfall(size.numParameters, numTokens, uniqueTokens)
      : Math.abs(Math.log(size.numParameters / balancedParameters(effectiveAmount(numTokens, uniqueTokens))));
  const best = Math.min(...answers.map(grade));
  // The smallest of those that are as good: beyond what the text can teach, more parameters only cost time.
  const chosen = answers.find((answer) => grade(answer) <= best * 1.002 + 1e-12);
  assert(chosen !== undefined, 'no size is the best');
  return { index: chosen.index, numTokens: chosen.numTokens, isLimitedByText: chosen.isLimitedByText };
}

/** Rows as a power of two. */
const powerOfTwo = (value: number): number => 2 ** Math.max(0, Math.round(Math.log2(value)));

/**
 * Tokens of a step for a run of so many tokens: they grow with the square root of the run (between the exponents 0.38 of Power Lines,
 * 2505.13738, and 0.57 of Step Law), through 2,048 for a run of a million, as measured on `presidents` (docs/notebook.md).
 */
export function tokensPerStep(numTokens: number): number {
  return powerOfTwo(Math.min(2 ** 19, Math.max(512, 2 * Math.sqrt(numTokens))));
}

/** T for a run of so many tokens: what a model of that size can make use of. */
export function contextLengthFor(numTokens: number): number {
  return numTokens < 1e7 ? 128 : numTokens < 2e8 ? 256 : numTokens < 5e9 ? 512 : 1024;
}
