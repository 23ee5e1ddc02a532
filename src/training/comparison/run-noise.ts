import {
  type InterpolatedSpread,
  type KnownNoise,
  type LadderRecord,
  type NoiseBank,
  noiseBank,
  type ReplicateGroup,
  sigmaAt,
} from '../../theory/index.ts';

/** How widely runs that differ in their seed only scatter in bits per byte, as a ladder has measured it. */
export interface RunNoise extends InterpolatedSpread {
  /** Of the ladder, such as `baseline-presidents`. */
  readonly ladder: string;
  /** Whether the ladder was measured on the very text in question. */
  readonly isSameText: boolean;
  /** Replicate runs that it is known from, over all computes. */
  readonly numRuns: number;
}

/** Replicates whose compute differs by less than this factor say the same: √10. */
const togetherWithin = Math.sqrt(10);

/** The replicates of a ladder, by compute: points of one rung are runs that differ in their seed only. */
export function replicatesOf({ points }: LadderRecord): readonly ReplicateGroup[] {
  const groups = new Map<string, { flops: number; values: number[] }>();
  for (const { rung, flops, bitsPerByte } of points) {
    const group = groups.get(rung);
    if (group === undefined) groups.set(rung, { flops, values: [bitsPerByte] });
    else group.values.push(bitsPerByte);
  }
  // Three runs tell a deviation to within a factor of two or so: neighbours in compute are taken together.
  const place = (flops: number) => togetherWithin ** Math.round(Math.log(flops) / Math.log(togetherWithin));
  return [...groups.values()]
    .filter(({ values }) => values.length >= 2)
    .map(({ flops, values }) => ({ position: place(flops), values }));
}

/**
 * The noise of runs of so much compute, from the ladders that there are: from one on the same text where there is one.
 *
 * @param flops of a run, counted in its graph
 * @param fingerprint of the dataset; undefined where any will do
 * @returns undefined where no ladder has replicates
 */
export function runNoise(
  ladders: readonly LadderRecord[],
  flops: number,
  fingerprint: string | undefined,
): RunNoise | undefined {
  const banks = ladders.flatMap((record) => {
    const bank = bankOf(record);
    return bank === undefined ? [] : [{ record, bank, isSameText: record.corpus.fingerprint === fingerprint }];
  });
  const chosen = banks.find(({ isSameText }) => isSameText) ?? banks[0];
  if (chosen === undefined) return undefined;
  const { record, bank, isSameText } = chosen;
  const numRuns = replicatesOf(record).reduce((sum, { values }) => sum + values.length, 0);
  return { ...sigmaAt(bank, flops), ladder: record.name, isSameText, numRuns };
}

function bankOf(record: LadderRecord): NoiseBank | undefined {
  const groups = replicatesOf(record);
  const scatters = groups.some(({ values }) => values.some((value) => value !== values[0]));
  return scatters ? noiseBank(groups, 'compute') : undefined;
}

/** The noise of single runs, as a comparison wants it. */
export function knownNoise({ sigma, degreesOfFreedom, ladder, numRuns }: RunNoise): KnownNoise {
  return { sigma, degreesOfFreedom, of: 'run', source: `${numRuns} replicate runs of the ladder ${ladder}` };
}
