import { GroundworkError } from '../../core/index.ts';
import type { Forecast } from '../forecast.ts';
import type { LadderRecord } from '../ladder-record.ts';
import { applyLaw, type CarriedLaw, forecastBits } from './bits-forecast.ts';
import { forecastDuration, forecastMemory, timeSentence } from './cost-forecast.ts';
import { forecastCurve } from './curve-forecast.ts';
import { forecastConvention, type LadderLaw, ladderLaw } from './ladder-law.ts';
import { carryingSpread, chooseLaw, type LawChoice, unknownRecipe, unknownTransfer } from './law-choice.ts';
import { percentText } from './quantity-text.ts';
import type { RunSubject } from './run-subject.ts';
import { type TransferError, transferErrors, transferSpread } from './transfer.ts';

export interface RunForecastOptions {
  /** The ladders that there are. */
  readonly records: readonly LadderRecord[];
  /** ISO 8601, UTC. */
  readonly registeredAt: string;
  /** What the laws could not be read for, a sentence each. */
  readonly problems?: readonly string[];
  /** Laws that are fitted already, by their records. */
  readonly laws?: Map<LadderRecord, LadderLaw>;
}

/**
 * What there is to say of a run's loss by a law, before it runs: the law, or why there is none. A ladder that is not far enough for a law
 * leaves the word to the next best one.
 */
export function carriedLaw(
  subject: Pick<RunSubject, 'corpus' | 'recipe'>,
  { records, laws = new Map() }: Pick<RunForecastOptions, 'records' | 'laws'>,
): CarriedLaw | { readonly reason: string } {
  const choice = chooseLaw(records, subject);
  if ('reason' in choice) return choice;
  const { record, isSameCorpus } = choice;
  let ladder: LadderLaw;
  try {
    ladder = laws.get(record) ?? ladderLaw(record);
  } catch (fault) {
    // A ladder that is not far enough for a law is no reason not to train.
    if (!(fault instanceof GroundworkError)) throw fault;
    const reason = `The ladder ${record.name} gives no law: ${fault.message}.`;
    const next = carriedLaw(subject, { records: records.filter((one) => one !== record), laws });
    return 'reason' in next ? { reason } : { ...next, notes: [...next.notes, reason] };
  }
  laws.set(record, ladder);
  // Other ladders are fitted only where their transfer matters.
  const errors = isSameCorpus ? [] : transferErrors(records, laws);
  return {
    choice,
    ladder,
    spread: carryingSpread(choice, transferSpread(errors)),
    notes: carryingNotes(choice, errors),
  };
}

function carryingNotes({ isSameCorpus, isSameRecipe }: LawChoice, errors: readonly TransferError[]): string[] {
  const most = Math.max(0, ...errors.map(({ meanLogError }) => Math.abs(Math.expm1(meanLogError))));
  const texts =
    errors.length === 0
      ? `What a law misses by that is carried over to another text was not measured yet: the interval has room for ${percentText(Math.expm1(unknownTransfer.half80))} either way.`
      : `Carried over between the texts that were measured, a law missed by up to ${percentText(most)}: the interval has room for that.`;
  const recipes = `What a law misses by with another recipe was not measured: the interval has room for ${percentText(Math.expm1(unknownRecipe.half80))} either way.`;
  return [...(isSameCorpus ? [] : [texts]), ...(isSameRecipe ? [] : [recipes])];
}

/** Foretells a run: bits per byte at its end and on the way, time and memory, each with its intervals, and where they are known from. */
export function forecastRun(subject: RunSubject, options: RunForecastOptions): Forecast {
  const { registeredAt, problems = [] } = options;
  const { parameters, numSteps, batchTokens, numTokens, uniqueTokens, flops, programHash, corpus, recipe } = subject;
  const { msPerStep, otherMs, source, isBudget } = subject.time;
  const carried = carriedLaw(subject, options);
  const bits = 'reason' in carried ? undefined : forecastBits(subject, carried);
  return {
    format: 'groundwork-forecast',
    version: 1,
    registeredAt,
    subject: {
      parameters,
      numSteps,
      batchTokens,
      numTokens,
      uniqueTokens,
      flops,
      programHash,
      datasetFingerprint: corpus.fingerprint,
      recipe: { name: recipe.name, sha256: recipe.sha256 },
    },
    bitsPerByte: bits?.bitsPerByte ?? null,
    curve: 'reason' in carried || bits === undefined ? [] : curveOf(subject, carried, bits.bitsPerByte),
    durationMs: forecastDuration(subject),
    time: { msPerStep, otherMs, source, isBudget },
    peakMemoryBytes: forecastMemory(subject),
    basis: bits?.basis ?? null,
    assumptions: [
      ...('reason' in carried ? [carried.reason] : []),
      ...problems,
      ...(bits?.notes ?? []),
      ...(bits !== undefined && isBudget
        ? [
            'The bits per byte are those after the planned number of steps; their interval has room for a machine that is faster or slower.',
          ]
        : []),
      timeSentence(subject),
    ],
  };
}

function curveOf(
  subject: RunSubject,
  carried: CarriedLaw,
  final: NonNullable<Forecast['bitsPerByte']>,
): Forecast['curve'] {
  const applied = applyLaw(carried, subject.uniqueTokens);
  const { bytesPerToken, vocabularySize } = subject.corpus;
  return forecastCurve({
    subject,
    ladder: carried.ladder,
    lawAt: (numTokens) => applied.valueAt(subject.parameters[forecastConvention], numTokens),
    final,
    uniform: bytesPerToken === null ? null : Math.log2(vocabularySize) / bytesPerToken,
  });
}
