import { GroundworkError } from '../../core/index.ts';
import { comparisonNotes, comparisonVerdict } from './arm-comparison-text.ts';
import { type ArmRun, chooseEstimates, type EstimateMethod, type KnownNoise, pairKeyOf } from './arm-estimate.ts';
import { confidenceSequenceInterval, mixtureEValue, testNoWorseAtAnyLook } from './confidence-sequence.ts';
import { spreadOf } from './mean-difference.ts';
import { type MarginTest, testDifference, testNoWorse } from './mean-tests.ts';
import { detectableDifference, numSeedsNeeded, type PowerOptions } from './power.ts';
import { signFlipPValue } from './sign-flip-test.ts';

/** How two arms are compared. */
export interface CompareOptions {
  /** Whether the arms share their data and their evaluation, so that runs of one seed make a pair. */
  readonly canPair: boolean;
  /** Scatter known from other replicates; it stands in where the arms have fewer than five runs each. */
  readonly noise?: KnownNoise | undefined;
  /**
   * `once`: the number of runs was settled before the first result was seen, and the t-test decides. `any`: runs are added until
   * one likes what one sees, and only the interval that allows for that decides. `once` unless told.
   */
  readonly looks?: 'once' | 'any';
  /** How often a difference may be claimed where there is none; 0.05 unless told. */
  readonly alpha?: number;
  /** How often the planned number of seeds is to find a true difference; 0.8 unless told. */
  readonly power?: number;
  /** A difference to plan the number of seeds for, beside the observed one. */
  readonly detect?: number | undefined;
  /** By how much b may be worse; adds the test that it is not. */
  readonly margin?: number | undefined;
  /** Of losses and bits per byte; true unless told. */
  readonly isLowerBetter?: boolean;
  /** For the sentences: `A` and `B` unless told. */
  readonly names?: readonly [a: string, b: string];
  /** For the sentences, such as `bits per byte`. */
  readonly unit?: string;
}

/** How many runs a difference takes. */
export interface SeedPlan {
  /** Standard deviation of a single run that the plan counts with (of pairs: what it would be without correlation). */
  readonly sigma: number;
  /** The true difference that the runs there are find with the power asked for, looked at once. */
  readonly detectable: number;
  /** Runs per arm, or pairs, for a difference as large as the observed one; null where none was observed. */
  readonly numSeedsForObserved: number | null;
  /** The same for `detect`; null where it was not given. */
  readonly numSeedsToDetect: number | null;
}

/** Two arms held against each other. All differences are b − a. */
export interface ArmComparison {
  readonly method: EstimateMethod;
  readonly isPaired: boolean;
  readonly numRuns: readonly [a: number, b: number];
  /** Pairs that the difference is of; null where the arms were not paired. */
  readonly numPairs: number | null;
  /** Over the runs that were used. */
  readonly means: readonly [a: number, b: number];
  /** Mean of b less mean of a. */
  readonly difference: number;
  /** Null where nothing is known of the noise: one run each or runs that do not scatter at all, and no bank. */
  readonly standardError: number | null;
  readonly degreesOfFreedom: number | null;
  /** Where the true difference lies with a probability of 1 − alpha, if one looks once. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly pValue: number | null;
  /** The exact p-value by flipping the signs of the pairs, a check that assumes no distribution; null without 5 … 20 pairs. */
  readonly signFlipPValue: number | null;
  /** What stays valid however often one looks. `interval` is null as long as it is unbounded. */
  readonly sequential: {
    readonly interval: readonly [low: number, high: number] | null;
    /** Evidence against equality: at 1/alpha and above a difference is shown. */
    readonly eValue: number;
    readonly pValue: number;
  } | null;
  /** Whether b is no worse than a by more than the margin, by the test that `looks` asks for; null where none was given. */
  readonly noWorse: MarginTest | null;
  readonly seeds: SeedPlan | null;
  /** `unknown` where nothing is known of the noise. */
  readonly outcome: 'b-is-better' | 'b-is-worse' | 'not-distinguished' | 'unknown';
  /** What it comes to, in plain English. */
  readonly verdict: string;
  /** What a reader should know besides, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Compares two arms, a the baseline and b the treatment: paired where the seeds match and the caller says that data and evaluation
 * do, else by Welch's test; with the noise that a bank knows where the arms are too few to tell their own.
 *
 * @throws GroundworkError `usage` where an arm is empty, a value is not a number, or two runs of one arm have the same key
 */
export function compareArms(a: readonly ArmRun[], b: readonly ArmRun[], options: CompareOptions): ArmComparison {
  const { looks = 'once', alpha = 0.05, power = 0.8, isLowerBetter = true, names = ['A', 'B'] } = options;
  checkArm(a, names[0]);
  checkArm(b, names[1]);
  const chosen = chooseEstimates(a, b, options);
  const { fixed, sequential, isPaired, differences, valuesA, valuesB } = chosen;
  const test = fixed && testDifference(fixed, { level: 1 - alpha });
  const eValue = sequential && mixtureEValue(sequential);
  const sequentialInterval = sequential && confidenceSequenceInterval(sequential, { alpha });
  const difference = isPaired ? mean(differences) : mean(valuesB) - mean(valuesA);
  const isShown = looks === 'any' ? eValue !== null && eValue >= 1 / alpha : test !== null && test.pValue <= alpha;
  const outcome =
    test === null
      ? 'unknown'
      : !isShown
        ? 'not-distinguished'
        : difference < 0 === isLowerBetter
          ? 'b-is-better'
          : 'b-is-worse';
  const comparison: Omit<ArmComparison, 'verdict' | 'notes'> = {
    method: chosen.method,
    isPaired,
    numRuns: [a.length, b.length],
    numPairs: isPaired ? differences.length : null,
    means: [mean(valuesA), mean(valuesB)],
    difference,
    standardError: fixed?.standardError ?? null,
    degreesOfFreedom: fixed?.degreesOfFreedom ?? null,
    interval: test?.interval ?? null,
    pValue: test?.pValue ?? null,
    signFlipPValue:
      isPaired && differences.length >= 5 && differences.length <= 20 ? signFlipPValue(differences) : null,
    sequential:
      eValue === null || sequentialInterval === null
        ? null
        : {
            interval: Number.isFinite(sequentialInterval[0]) ? sequentialInterval : null,
            eValue,
            pValue: Math.min(1, 1 / eValue),
          },
    noWorse:
      fixed === null || sequential === null || options.margin === undefined
        ? null
        : looks === 'any'
          ? testNoWorseAtAnyLook(sequential, options.margin, { alpha, isLowerBetter })
          : testNoWorse(fixed, options.margin, { alpha, isLowerBetter }),
    seeds: seedPlanOf(chosen, difference, { alpha, power, detect: options.detect }),
    outcome,
  };
  const facts = { ...comparison, chosen, options: { ...options, looks, alpha, power, isLowerBetter, names } };
  return { ...comparison, verdict: comparisonVerdict(facts), notes: comparisonNotes(facts) };
}

function seedPlanOf(
  { planning, isPaired, isNoiseKnown }: ReturnType<typeof chooseEstimates>,
  difference: number,
  { alpha, power, detect }: { readonly alpha: number; readonly power: number; readonly detect: number | undefined },
): SeedPlan | null {
  if (planning === null) return null;
  const sigma = isPaired ? spreadOf(planning) / Math.SQRT2 : spreadOf(planning);
  const options: PowerOptions = {
    alpha,
    power,
    isPaired,
    sigmaDegreesOfFreedom: isNoiseKnown ? planning.degreesOfFreedom : undefined,
  };
  return {
    sigma,
    detectable: detectableDifference(planning, { alpha, power }),
    numSeedsForObserved: difference === 0 ? null : numSeedsNeeded(difference, sigma, options),
    numSeedsToDetect: detect === undefined || detect === 0 ? null : numSeedsNeeded(detect, sigma, options),
  };
}

function checkArm(arm: readonly ArmRun[], name: string): void {
  if (arm.length === 0) {
    throw new GroundworkError('usage', `arm ${name} has no runs, expected at least one`, {
      hint: 'Name at least one finished run for each arm.',
    });
  }
  const keys = new Set<string>();
  for (const run of arm) {
    const key = pairKeyOf(run);
    if (!Number.isFinite(run.value)) {
      throw new GroundworkError('usage', `the run with seed ${run.seed} of arm ${name} has the value ${run.value}`, {
        hint: 'Leave out runs that did not finish or whose loss is no number.',
      });
    }
    if (keys.has(key)) {
      throw new GroundworkError('usage', `arm ${name} has two runs with the key ${key}, expected one`, {
        hint: 'Runs of one arm need seeds of their own: a repeated seed repeats the run and adds nothing.',
      });
    }
    keys.add(key);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
