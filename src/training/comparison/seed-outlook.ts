import { GroundworkError } from '../../core/index.ts';
import { type LadderRecord, minimalDetectableDifference, numSeedsNeeded } from '../../theory/index.ts';
import { type ComparedRun, planFactsOf } from './arms.ts';
import { type RunNoise, runNoise } from './run-noise.ts';

/** How many runs a difference will take, told before any of them is trained. */
export interface SeedOutlook {
  /** In bits per byte. */
  readonly difference: number;
  /** Of one run. */
  readonly flops: number;
  readonly noise: RunNoise;
  /** Runs of each arm, found 4 times in 5, where nothing but chance relates them. Infinite ones are told as null. */
  readonly numSeeds: number | null;
  /** The same in pairs, if the two runs of a pair are half alike; how alike they are shows in the runs themselves. */
  readonly numPairs: number | null;
  /** What so many runs of each arm can find 4 times in 5, in bits per byte. */
  readonly detectable: readonly { readonly numSeeds: number; readonly difference: number }[];
}

/** The correlation that pairs are taken to have when nothing is known of theirs yet. */
const supposedCorrelation = 0.5;
const shownSeeds = [1, 2, 3, 5, 10] as const;

/**
 * Plans a comparison from the noise that ladders have measured at its compute.
 *
 * @param question.flops of one run; where it is undefined, that of `question.runs`
 * @throws GroundworkError `usage` where there is no compute to plan for; `file-not-found` where no ladder has replicates
 */
export function planSeeds(
  ladders: readonly LadderRecord[],
  question: { readonly difference: number; readonly flops: number | undefined; readonly runs: readonly ComparedRun[] },
): SeedOutlook {
  const { difference, runs } = question;
  const [run] = runs;
  const planned = run && planFactsOf(run.manifest);
  const flops =
    question.flops ?? (planned && planned.expected.flopsPerStep * (run.manifest.result?.step ?? planned.numSteps));
  if (flops === undefined || !(flops > 0)) {
    throw new GroundworkError('usage', 'found no compute to plan for, expected that of a run', {
      hint: 'Give it, such as --flops 3e12, or name a run like those that you will train.',
    });
  }
  const noise = runNoise(ladders, flops, run?.manifest.datasets[0]?.fingerprint);
  if (noise === undefined) {
    throw new GroundworkError('file-not-found', 'there is no ladder with replicate runs to tell the noise from', {
      hint: 'Train one: groundwork ladder --record laws/mine.json; or train three seeds of one recipe and compare them with another.',
    });
  }
  const { sigma, degreesOfFreedom } = noise;
  const known = { sigmaDegreesOfFreedom: degreesOfFreedom };
  const finite = (count: number) => (Number.isFinite(count) ? count : null);
  return {
    difference,
    flops,
    noise,
    numSeeds: finite(numSeedsNeeded(difference, sigma, known)),
    numPairs: finite(numSeedsNeeded(difference, sigma, { ...known, isPaired: true, correlation: supposedCorrelation })),
    detectable: shownSeeds.map((numSeeds) => ({
      numSeeds,
      difference: minimalDetectableDifference(numSeeds, sigma, known),
    })),
  };
}
