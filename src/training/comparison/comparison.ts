import type { FileSystem } from '../../core/index.ts';
import {
  type ArmComparison,
  benjaminiHochberg,
  compareArms,
  fitScalingLaw,
  forecastConvention,
  type LadderRecord,
  lawPointsOf,
  withoutTooSmall,
} from '../../theory/index.ts';
import { type ArmDifferences, armDifferences } from './arm-differences.ts';
import { type Arm, type ComparedRun, groupIntoArms } from './arms.ts';
import { type ArmMultipliers, armMultipliers, type BaselineSlope, meanLoss, slopeOfLengths } from './multipliers.ts';
import { knownNoise, type RunNoise, runNoise } from './run-noise.ts';

/** How often a difference may be claimed where there is none. */
const alpha = 0.05;
/** A ladder of fewer points has no law. */
const leastPoints = 5;

export interface ComparisonOptions {
  /** Ladders whose replicates tell the noise of runs, and whose laws tell how a loss falls with the length of a run. */
  readonly ladders?: readonly LadderRecord[];
  /** `any` where runs are added until one likes what one sees: then what holds however often one looks decides. Default `once`. */
  readonly looks?: 'once' | 'any';
  /** A difference in bits per byte to plan the number of seeds for, beside the observed one. */
  readonly detect?: number | undefined;
  /** By how many bits per byte an arm may be worse and still pass as no worse. */
  readonly margin?: number | undefined;
}

/** One arm held against the first. All differences are of this arm less the first. */
export interface ArmResult {
  readonly arm: Arm;
  readonly differences: ArmDifferences;
  readonly comparison: ArmComparison;
  /** The p-value among those of all arms (Benjamini–Hochberg); null where nothing is known of the noise. */
  readonly adjustedPValue: number | null;
  /** Whether a difference is claimed, among all arms. */
  readonly isShown: boolean;
  /** What it is worth in compute; null where nothing tells how the loss of the baseline falls with its length. */
  readonly multipliers: ArmMultipliers | null;
}

/** Arms of runs, each held against the first. */
export interface Comparison {
  readonly baseline: Arm;
  readonly results: readonly ArmResult[];
  /** The baseline at other lengths: named to tell its slope, and not held against it. */
  readonly lengths: readonly Arm[];
  /** Validation documents that all runs were measured on. */
  readonly numDocuments: number;
  /** The scatter of single runs at this compute, as ladders have measured it; null where none has. */
  readonly noise: RunNoise | null;
  readonly looks: 'once' | 'any';
  /** Runs that were left out, a sentence each. */
  readonly leftOut: readonly string[];
}

/**
 * Puts runs into arms and holds each against the first: by pairs of equal seed where these read the same data in the same order, else arm
 * against arm; with the noise that is known from ladders where the arms are too few to tell their own. Of several arms those count as
 * different of which at most one in twenty is expected to be a false find.
 *
 * @throws what `groupIntoArms` throws
 */
export function compareByArms(
  fs: FileSystem,
  runs: readonly ComparedRun[],
  options: ComparisonOptions = {},
): Comparison {
  const { ladders = [], looks = 'once' } = options;
  const { arms, numDocuments, leftOut } = groupIntoArms(runs);
  const [baseline, ...others] = arms as [Arm, ...Arm[]];
  const otherLengths = others.filter((arm) => arm.base === baseline.base);
  // Lengths of one thing, and nothing else, are what is to be compared.
  const lengths = otherLengths.length === others.length ? [] : otherLengths;
  const noise = runNoise(ladders, flopsOf(baseline), baseline.manifest.datasets[0]?.fingerprint) ?? null;
  const known = noise?.isSameText === true ? knownNoise(noise) : undefined;
  const compared = others
    .filter((arm) => !lengths.includes(arm))
    .map((arm) => ({
      arm,
      comparison: compareArms(values(baseline), values(arm), {
        canPair: readSameData(baseline, arm),
        noise: known,
        looks,
        alpha,
        detect: options.detect,
        margin: options.margin,
        names: [baseline.name, arm.name],
        unit: 'bits per byte',
      }),
    }));
  const judged = amongAll(
    compared.map(({ comparison }) => comparison),
    looks,
  );
  const ladderSlope = slopeOfLadder(ladders, baseline);
  const results = compared.map(({ arm, comparison }, i): ArmResult => {
    const differences = armDifferences(fs, baseline, arm);
    const slope = slopeOfLengths([baseline, ...otherLengths], meanLoss(arm), known) ?? ladderSlope;
    const isTimed = differences.conditions.length === 0;
    return {
      arm,
      differences,
      comparison,
      adjustedPValue: judged[i]?.adjustedPValue ?? null,
      isShown: judged[i]?.isShown ?? false,
      multipliers: (slope && armMultipliers(baseline, arm, comparison, slope, isTimed)) ?? null,
    };
  });
  return { baseline, results, lengths, numDocuments, noise, looks, leftOut };
}

/** A comparison as plain data, without what the records of the runs say already. */
export function comparisonRecord({ baseline, results, lengths, ...rest }: Comparison) {
  const plain = ({ name, runs }: Arm) => ({ name, runs });
  return {
    ...rest,
    baseline: plain(baseline),
    results: results.map((result) => ({ ...result, arm: plain(result.arm) })),
    lengths: lengths.map(plain),
  };
}

const values = ({ runs }: Arm) => runs.map(({ seed, bitsPerByte }) => ({ seed, value: bitsPerByte }));

const flopsOf = ({ runs }: Arm): number => runs.reduce((sum, { flops }) => sum + flops, 0) / runs.length;

/**
 * How the loss of the baseline falls with its length, by the law of a ladder on the very text that it was trained on. Undefined where there
 * is none, and where a ladder is too small to tell.
 */
function slopeOfLadder(ladders: readonly LadderRecord[], { manifest }: Arm): BaselineSlope | undefined {
  const [dataset, ...more] = manifest.datasets;
  const record = ladders.find(({ corpus }) => more.length === 0 && corpus.fingerprint === dataset?.fingerprint);
  if (record === undefined || record.points.length < leastPoints) return undefined;
  const { law, identified } = fitScalingLaw(lawPointsOf(withoutTooSmall(record), forecastConvention));
  return identified.beta
    ? { kind: 'law', ladder: record.name, law, uniqueTokens: record.corpus.uniqueTokens }
    : undefined;
}

/** Whether runs of equal seed saw the same rows in the same order, as far as both go. */
function readSameData(a: Arm, b: Arm): boolean {
  const order = new Map(a.runs.map((run) => [run.seed, run.batchesFingerprint]));
  return b.runs.every(({ seed, batchesFingerprint }) => (order.get(seed) ?? batchesFingerprint) === batchesFingerprint);
}

/** Which differences are claimed among several. */
function amongAll(
  comparisons: readonly ArmComparison[],
  looks: 'once' | 'any',
): { adjustedPValue: number | null; isShown: boolean }[] {
  // Where one looks again and again, the p-value is the one that allows for it.
  const pValues = comparisons.map(({ pValue, sequential }) =>
    looks === 'any' ? (sequential?.pValue ?? null) : pValue,
  );
  const { adjusted } = benjaminiHochberg(
    pValues.filter((p) => p !== null),
    alpha,
  );
  let position = 0;
  return comparisons.map(({ outcome }, i) => {
    const adjustedPValue = pValues[i] === null ? null : (adjusted[position++] ?? null);
    const isOutcome = outcome === 'b-is-better' || outcome === 'b-is-worse';
    return { adjustedPValue, isShown: isOutcome && adjustedPValue !== null && adjustedPValue <= alpha };
  });
}
