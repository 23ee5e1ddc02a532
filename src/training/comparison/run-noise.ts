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
  /** Whether the ladder was measured on the very text in question, where one was named. */
  readonly isSameText: boolean;
  /** Replicate runs that it is known from, over all computes. */
  readonly numRuns: number;
}

/** Replicates are taken together until they tell a deviation to within a quarter or so. */
const enoughDegrees = 8;

/**
 * The replicates of a ladder, by compute: points of one rung are runs that differ in their seed only. A rung has few of them, so rungs that
 * follow each other in compute stand at one position, the geometric mean of theirs, until together they tell enough.
 */
export function replicatesOf({ points }: LadderRecord): readonly ReplicateGroup[] {
  const rungs = new Map<string, { readonly flops: number; readonly values: number[] }>();
  for (const { rung, flops, bitsPerByte } of points) {
    const found = rungs.get(rung);
    if (found === undefined) rungs.set(rung, { flops, values: [bitsPerByte] });
    else found.values.push(bitsPerByte);
  }
  const repeated = [...rungs.values()].filter(({ values }) => values.length >= 2).sort((x, y) => x.flops - y.flops);
  const degreesOf = (group: readonly { readonly values: readonly number[] }[]) =>
    group.reduce((sum, { values }) => sum + values.length - 1, 0);
  const together: (typeof repeated)[] = [];
  for (const rung of repeated) {
    const last = together.at(-1);
    if (last === undefined || degreesOf(last) >= enoughDegrees) together.push([rung]);
    else last.push(rung);
  }
  // What is left at the end and tells too little goes with those before it.
  const [last, before] = [together.at(-1), together.at(-2)];
  if (last !== undefined && before !== undefined && degreesOf(last) < enoughDegrees) {
    before.push(...last);
    together.pop();
  }
  return together.flatMap((group) => {
    const position = Math.exp(group.reduce((sum, { flops }) => sum + Math.log(flops), 0) / group.length);
    return group.map(({ values }) => ({ position, values }));
  });
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
    return bank === undefined
      ? []
      : [{ record, bank, isSameText: fingerprint === undefined || record.corpus.fingerprint === fingerprint }];
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
