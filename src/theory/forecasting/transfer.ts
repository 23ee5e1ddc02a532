import { GroundworkError } from '../../core/index.ts';
import { normalQuantiles, type Spread } from '../interval.ts';
import type { LadderRecord } from '../ladder-record.ts';
import { studentQuantile } from '../statistics/student-distribution.ts';
import { applyLaw } from './bits-forecast.ts';
import { type LadderLaw, ladderLaw } from './ladder-law.ts';
import { unknownTransfer } from './law-choice.ts';

/** An error of a law that was carried over to another text, as ln(measured / foretold): mean over the points of a ladder. */
export interface TransferError {
  readonly from: string;
  readonly to: string;
  readonly meanLogError: number;
}

/**
 * Holds laws that are carried over to another text against what was measured there: each ladder of one recipe against each other one.
 *
 * @param laws that are fitted already; those that are fitted here are added
 * @returns none where there are not two texts; ladders that give no law, such as one that has just begun, are passed over
 */
export function transferErrors(
  records: readonly LadderRecord[],
  laws: Map<LadderRecord, LadderLaw> = new Map(),
): readonly TransferError[] {
  const lawOf = (record: LadderRecord): LadderLaw | undefined => {
    try {
      const known = laws.get(record) ?? ladderLaw(record);
      laws.set(record, known);
      return known;
    } catch (fault) {
      if (!(fault instanceof GroundworkError)) throw fault;
      return undefined;
    }
  };
  const pairs = records.flatMap((from) =>
    records
      .filter((to) => to.corpus.fingerprint !== from.corpus.fingerprint && to.recipe.sha256 === from.recipe.sha256)
      .map((to) => ({ from, to })),
  );
  return pairs.flatMap(({ from, to }) => {
    const ladder = lawOf(from);
    if (ladder === undefined) return [];
    const bytesPerToken = ({ corpus }: LadderRecord) => corpus.validationBytes / corpus.validationTokens;
    const choice = {
      record: from,
      isSameCorpus: false,
      isSameRecipe: true,
      scale: to.corpus.bigramBitsPerByte / from.corpus.bigramBitsPerByte,
      tokenRatio: bytesPerToken(to) / bytesPerToken(from),
    };
    const applied = applyLaw({ choice, ladder, spread: { half80: 0, half95: 0 } }, to.corpus.uniqueTokens);
    const errors = to.points.map(({ parameters, numTokens, bitsPerByte }) =>
      Math.log(bitsPerByte / applied.valueAt(parameters.matmul, numTokens)),
    );
    const meanLogError = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    return [{ from: from.name, to: to.name, meanLogError }];
  });
}

/**
 * By how much intervals widen for another text: by the errors of such transfers between the ladders that there are, by Student's
 * distribution since they are few, and never by more than where nothing is known.
 */
export function transferSpread(errors: readonly TransferError[]): Spread {
  if (errors.length === 0) return unknownTransfer;
  const scale = Math.sqrt(errors.reduce((sum, { meanLogError }) => sum + meanLogError ** 2, 0) / errors.length);
  // There and back between two texts is one piece of news.
  const freedom = Math.max(1, new Set(errors.flatMap(({ from, to }) => [from, to])).size - 1);
  const half = (level: number, most: number) => Math.min(most, scale * studentQuantile(level, freedom));
  return {
    half80: Math.max(half(0.9, unknownTransfer.half80), normalQuantiles.half80 * leastDeviation),
    half95: Math.max(half(0.975, unknownTransfer.half95), normalQuantiles.half95 * leastDeviation),
  };
}

/** Two texts may agree by chance; a third will not to better than this. */
const leastDeviation = 0.02;
