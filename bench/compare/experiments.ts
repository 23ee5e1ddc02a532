import { randomStream } from '../../src/core/index.ts';
import {
  type ArmComparison,
  type ArmRun,
  binomialQuantile,
  compareArms,
  type KnownNoise,
  numSeedsNeeded,
  type PooledDeviation,
  pooledDeviation,
  testDifference,
  welchDifference,
} from '../../src/theory/index.ts';
import type { Trials } from './trials.ts';
import type { VariantName } from './variants.ts';

/** How often a difference may be claimed where there is none. */
const alpha = 0.05;
/** Where seeds of pilots begin: far from those of other experiments. */
const firstPilotSeed = 1_000_000;
/** Where seeds of planted effects begin. */
const firstPlantedSeed = 2_000_000;

export interface IdenticalPlan {
  readonly numComparisons: number;
  /** Runs of each arm. */
  readonly numSeeds: number;
}

/** One way to look at comparisons of identical arms. */
export interface FalseFinds {
  readonly look: string;
  readonly numFound: number;
  readonly numComparisons: number;
  /** At most so many are to be expected, 39 times in 40, at 5 %; null where more are expected. */
  readonly most: number | null;
}

export interface IdenticalResult {
  /** Values of each arm: two of them a comparison. */
  readonly arms: readonly (readonly number[])[];
  readonly finds: readonly FalseFinds[];
  /** Of single runs, from all arms. */
  readonly noise: PooledDeviation;
}

/**
 * Compares the default recipe with itself, with other seeds in each arm: every difference that is found is a false one.
 *
 * @param tell is told of each comparison when it is done
 */
export async function compareIdentical(
  trials: Trials,
  { numComparisons, numSeeds }: IdenticalPlan,
  tell: (done: number) => void,
): Promise<IdenticalResult> {
  const arms: number[][] = [];
  for (let arm = 0; arm < 2 * numComparisons; arm++) {
    const values: number[] = [];
    for (let i = 0; i < numSeeds; i++) values.push(await trials.bitsPerByte('baseline', arm * numSeeds + i));
    arms.push(values);
    if (arm % 2 === 1) tell((arm + 1) / 2);
  }
  const most = binomialQuantile(0.975, numComparisons, alpha);
  const counted = (
    look: string,
    isFound: (a: number[], b: number[], noise: KnownNoise) => boolean,
    limit: number | null,
  ) => ({
    look,
    numFound: pairsOf(arms).filter(([a, b], i) => isFound(a, b, noiseOfOthers(arms, i))).length,
    numComparisons,
    most: limit,
  });
  const once = (a: number[], b: number[]) => isClaim(compared(a, b, undefined, 'once'));
  const finds = [
    counted(
      'one run each, with the noise of the other runs',
      (a, b, noise) => isClaim(compared(a.slice(0, 1), b.slice(0, 1), noise, 'once')),
      most,
    ),
    counted(`once, after ${numSeeds} runs each`, once, most),
    counted(
      'after every run, by what holds however often one looks',
      (a, b, noise) => prefixes(a).some((n) => isClaim(compared(a.slice(0, n), b.slice(0, n), noise, 'any'))),
      most,
    ),
    counted(
      'after every run, by the test that allows one look',
      (a, b) => prefixes(a).some((n) => n >= 2 && once(a.slice(0, n), b.slice(0, n))),
      null,
    ),
  ];
  return { arms, finds: [...finds, regrouped(arms)], noise: pooledDeviation(arms.map((values) => ({ values }))) };
}

export interface PlantedResult {
  readonly treatment: VariantName;
  /** What it is held against. */
  readonly control: VariantName;
  /** Bits per byte of the treatment less those of the control, in one pair that is used for the plan alone. */
  readonly pilotDifference: number;
  /** What the planner asks for at this difference; null where it is more than may be trained. */
  readonly numSeeds: number | null;
  readonly comparison: ArmComparison | null;
  /** Whether a difference of the pilot's sign was claimed. */
  readonly isFound: boolean;
}

/** Plans the number of seeds from a pilot and the noise of single runs, trains exactly as many, and compares. */
export async function comparePlanted(
  trials: Trials,
  control: VariantName,
  treatment: VariantName,
  { noise, mostSeeds }: { readonly noise: PooledDeviation; readonly mostSeeds: number },
): Promise<PlantedResult> {
  const difference = async (seed: number) =>
    (await trials.bitsPerByte(treatment, seed)) - (await trials.bitsPerByte(control, seed));
  const pilotDifference = await difference(firstPilotSeed);
  const { sigma, degreesOfFreedom } = noise;
  const planned = numSeedsNeeded(pilotDifference, sigma, { isPaired: true, sigmaDegreesOfFreedom: degreesOfFreedom });
  if (planned > mostSeeds) {
    return { treatment, control, pilotDifference, numSeeds: null, comparison: null, isFound: false };
  }
  const arms: [ArmRun[], ArmRun[]] = [[], []];
  for (let seed = firstPlantedSeed; seed < firstPlantedSeed + planned; seed++) {
    arms[0].push({ seed, value: await trials.bitsPerByte(control, seed) });
    arms[1].push({ seed, value: await trials.bitsPerByte(treatment, seed) });
  }
  const comparison = compareArms(...arms, {
    canPair: true,
    noise: { sigma, degreesOfFreedom, of: 'run', source: 'the runs of identical arms' },
    detect: pilotDifference,
    names: [control, treatment],
    unit: 'bits per byte',
  });
  const expected = pilotDifference < 0 ? 'b-is-better' : 'b-is-worse';
  return {
    treatment,
    control,
    pilotDifference,
    numSeeds: planned,
    comparison,
    isFound: comparison.outcome === expected,
  };
}

/** Draws new comparisons from all runs: the share of false finds to more digits, from runs that are used more than once. */
function regrouped(arms: readonly (readonly number[])[]): FalseFinds {
  const [numComparisons, numSeeds] = [2000, arms[0]?.length ?? 0];
  const runs = arms.flat();
  const random = randomStream(0, 'regrouped');
  let numFound = 0;
  for (let draw = 0; draw < numComparisons; draw++) {
    for (let i = 0; i < 2 * numSeeds; i++) {
      const other = i + random.nextInteger(runs.length - i);
      [runs[i], runs[other]] = [runs[other] ?? 0, runs[i] ?? 0];
    }
    const difference = welchDifference(runs.slice(0, numSeeds), runs.slice(numSeeds, 2 * numSeeds));
    if (testDifference(difference).pValue <= alpha) numFound++;
  }
  return { look: 'once, arms drawn anew from all runs', numFound, numComparisons, most: null };
}

function compared(a: readonly number[], b: readonly number[], noise: KnownNoise | undefined, looks: 'once' | 'any') {
  const arm = (values: readonly number[]) => values.map((value, seed) => ({ seed, value }));
  return compareArms(arm(a), arm(b), { canPair: false, noise, looks, alpha });
}

const isClaim = ({ outcome }: ArmComparison): boolean => outcome === 'b-is-better' || outcome === 'b-is-worse';

const prefixes = (values: readonly number[]): number[] => values.map((_, i) => i + 1);

function pairsOf(arms: readonly number[][]): [number[], number[]][] {
  return arms.flatMap((arm, i) => (i % 2 === 1 ? [[arms[i - 1] ?? [], arm]] : [])) as [number[], number[]][];
}

/** The noise of single runs as all comparisons but one tell it. */
function noiseOfOthers(arms: readonly number[][], comparison: number): KnownNoise {
  const others = arms.filter((_, i) => Math.floor(i / 2) !== comparison);
  const { sigma, degreesOfFreedom } = pooledDeviation(others.map((values) => ({ values })));
  return { sigma, degreesOfFreedom, of: 'run', source: 'the other comparisons' };
}
