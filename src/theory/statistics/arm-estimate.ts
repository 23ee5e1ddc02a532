import { assert } from '../../core/index.ts';
import {
  type KnownSpread,
  knownSpreadDifference,
  knownSpreadPairedDifference,
  type MeanDifference,
  pairedDifference,
  pooledDifference,
  spreadOf,
  welchDifference,
  withSpread,
} from './mean-difference.ts';
import { varianceRatioTail } from './variance-ratio-distribution.ts';

/** A finished run of one arm of a comparison. */
export interface ArmRun {
  readonly seed: number;
  /** What is compared, such as bits per byte. */
  readonly value: number;
  /** Runs of the two arms with the same key are a pair; the seed unless told. */
  readonly pair?: string;
}

/** Scatter known from replicates other than those compared. */
export interface KnownNoise extends KnownSpread {
  /** What scatters: a single run, or the difference of the two runs of a pair. */
  readonly of: 'run' | 'pair-difference';
  /** Where it is known from, such as `the noise bank of presidents`; for the sentences. */
  readonly source: string;
}

/** Where a standard error came from. `none`: one run each, and nothing known of the noise. */
export type EstimateMethod =
  | 'paired-t'
  | 'welch-t'
  | 'pooled-t'
  | 'paired-known-noise'
  | 'unpaired-known-noise'
  | 'none';

/** The estimates that a comparison rests on, and how they were come by. */
export interface ChosenEstimates {
  readonly method: EstimateMethod;
  readonly isPaired: boolean;
  /** b − a of each pair; empty where not paired. */
  readonly differences: readonly number[];
  /** Values that were used: of pairs those with a partner, else all. */
  readonly valuesA: readonly number[];
  readonly valuesB: readonly number[];
  /** Keys without a partner in the other arm. */
  readonly unmatched: readonly string[];
  /** For the test that looks once; null where nothing is known of the noise. */
  readonly fixed: MeanDifference | null;
  /** For what may be looked at after every run. */
  readonly sequential: MeanDifference | null;
  /** Whose spread a plan of further runs counts with. */
  readonly planning: MeanDifference | null;
  /** Whether `fixed` takes its spread from the noise that was given. */
  readonly isNoiseKnown: boolean;
  /** Whether there are runs enough to tell their own noise, and yet they do not scatter at all: they tell nothing. */
  readonly hasNoScatter: boolean;
  /** How often runs scatter at least as widely as these by chance, if the noise that was given is theirs; null where unknown. */
  readonly noiseFit: number | null;
}

/** With so many runs per arm (or pairs) and more, the arms tell their own noise well enough. */
const enoughRuns = 5;
/** Below this, the noise that was given is not that of these runs. */
export const leastNoiseFit = 0.01;
/** A standard error below this part of the values themselves is rounding. */
const rounding = 1e-14;

/** Pairs the runs where that is allowed and possible, and takes the spread from them or from the noise that is known. */
export function chooseEstimates(
  a: readonly ArmRun[],
  b: readonly ArmRun[],
  { canPair, noise }: { readonly canPair: boolean; readonly noise?: KnownNoise | undefined },
): ChosenEstimates {
  const partners = new Map(b.map((run) => [pairKeyOf(run), run.value]));
  const pairs = a.flatMap((run) => {
    const partner = partners.get(pairKeyOf(run));
    return partner === undefined ? [] : [{ key: pairKeyOf(run), a: run.value, b: partner }];
  });
  const matched = new Set(pairs.map(({ key }) => key));
  const unmatched = [...a, ...b].map(pairKeyOf).filter((key) => !matched.has(key));
  // Every run of the smaller arm has its partner: else more would be thrown away than pairing gains.
  const isPaired = canPair && pairs.length === Math.min(a.length, b.length);
  const valuesA = isPaired ? pairs.map((pair) => pair.a) : a.map(({ value }) => value);
  const valuesB = isPaired ? pairs.map((pair) => pair.b) : b.map(({ value }) => value);
  const differences = isPaired ? pairs.map((pair) => pair.b - pair.a) : [];

  const size = Math.max(...valuesA.map(Math.abs), ...valuesB.map(Math.abs));
  const scattering = (estimate: MeanDifference | null): MeanDifference | null =>
    estimate !== null && estimate.standardError > rounding * size ? estimate : null;
  const unchecked = isPaired ? ownPaired(differences) : ownUnpaired(valuesA, valuesB);
  const own = scattering(unchecked);
  const pooled = isPaired ? own : scattering(ownPooled(valuesA, valuesB));
  // A pair's runs are at least as alike as any two, so the spread of single runs bounds that of their difference: √2·σ.
  assert(noise === undefined || noise.sigma > 0, `known noise of ${noise?.sigma}`);
  const spread = noise && spreadFor(noise, isPaired);
  const noiseFit =
    spread === undefined || pooled === null
      ? null
      : varianceRatioTail((spreadOf(pooled) / spread.sigma) ** 2, pooled.degreesOfFreedom, spread.degreesOfFreedom);
  const isUsable = spread !== undefined && (noiseFit === null || noiseFit >= leastNoiseFit);
  const isNoiseKnown = isUsable && (own === null || Math.min(valuesA.length, valuesB.length) < enoughRuns);
  const known = !isUsable
    ? null
    : isPaired
      ? knownSpreadPairedDifference(differences, spread)
      : knownSpreadDifference(valuesA, valuesB, spread);
  const fixed = isNoiseKnown ? known : own;
  return {
    method: methodOf(fixed, isPaired, isNoiseKnown, valuesA, valuesB),
    isPaired,
    differences,
    valuesA,
    valuesB,
    unmatched: canPair ? unmatched : [],
    fixed,
    sequential: isUsable ? (pooled === null ? known : withSpread(pooled, spread)) : pooled,
    planning: isNoiseKnown ? known : pooled,
    isNoiseKnown,
    hasNoScatter: unchecked !== null && own === null,
    noiseFit,
  };
}

function methodOf(
  fixed: MeanDifference | null,
  isPaired: boolean,
  isNoiseKnown: boolean,
  valuesA: readonly number[],
  valuesB: readonly number[],
): EstimateMethod {
  if (fixed === null) return 'none';
  if (isPaired) return isNoiseKnown ? 'paired-known-noise' : 'paired-t';
  if (isNoiseKnown) return 'unpaired-known-noise';
  return Math.min(valuesA.length, valuesB.length) >= 2 ? 'welch-t' : 'pooled-t';
}

/** The spread of what is averaged: a run, or the difference of a pair. Undefined where it does not follow from what is known. */
function spreadFor(noise: KnownNoise, isPaired: boolean): KnownSpread | undefined {
  if (noise.of === 'pair-difference') return isPaired ? noise : undefined;
  const { sigma, degreesOfFreedom } = noise;
  return { sigma: isPaired ? sigma * Math.SQRT2 : sigma, degreesOfFreedom };
}

function ownPaired(differences: readonly number[]): MeanDifference | null {
  return differences.length >= 2 ? pairedDifference(differences) : null;
}

function ownUnpaired(a: readonly number[], b: readonly number[]): MeanDifference | null {
  return a.length >= 2 && b.length >= 2 ? welchDifference(a, b) : ownPooled(a, b);
}

function ownPooled(a: readonly number[], b: readonly number[]): MeanDifference | null {
  return a.length + b.length >= 3 ? pooledDifference(a, b) : null;
}

/** By what a run finds its partner in the other arm. */
export function pairKeyOf({ pair, seed }: ArmRun): string {
  return pair ?? String(seed);
}
