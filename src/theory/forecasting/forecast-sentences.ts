import { formatCount } from '../../page/index.ts';
import type { Forecast, ForecastBasis } from '../forecast.ts';
import type { Judgement, Verdict } from '../verdict.ts';
import { digitsOf, durationText, factorText, percentText, quantityText, rangeText } from './quantity-text.ts';

/**
 * A forecast in one sentence: `1.31 bits per byte (four times in five between 1.29 and 1.33) in 4 min 50 s with 690 MB`.
 */
export function forecastSentence({ bitsPerByte, durationMs, peakMemoryBytes }: Forecast): string {
  const cost = `in ${durationText(durationMs.value)} with ${quantityText('peakMemoryBytes', peakMemoryBytes.value)}`;
  if (bitsPerByte === null) return `nothing can be said of the bits per byte; the run ends ${cost}`;
  const digits = digitsOf(bitsPerByte);
  const range = rangeText('bitsPerByte', bitsPerByte.interval80, digits);
  return `${quantityText('bitsPerByte', bitsPerByte.value, digits)} (four times in five ${range}) ${cost}`;
}

/** Which law a forecast rests on, and how far that reaches: in one sentence. */
export function forecastBasisSentence({ ladder, numPoints, extrapolation }: ForecastBasis): string {
  const reach =
    extrapolation < 1
      ? 'the largest of them took more compute than this run'
      : extrapolation < 1.05
        ? 'the largest of them took as much compute as this run'
        : `this run takes ${factorText(extrapolation)} times the compute of the largest`;
  return `By the law of ${ladder}, from ${formatCount(numPoints)} trainings; ${reach}.`;
}

/** What a forecast rests on and what was taken for granted, a sentence each. */
export function forecastNotes({ basis, assumptions }: Forecast): string[] {
  return [
    ...(basis === null ? [] : [forecastBasisSentence(basis)]),
    ...(basis?.differences.map(({ text }) => text) ?? []),
    ...assumptions,
  ];
}

/** One quantity held against its forecast: `1.3134 bits per byte, as foretold (within 80 %: 0.3 % above)`. */
export function judgementSentence({ quantity, actual, outcome, relativeError }: Judgement): string {
  const side =
    relativeError === 0 ? 'to the digit' : `${percentText(relativeError)} ${relativeError > 0 ? 'above' : 'below'}`;
  const how = {
    'within-80': `as foretold (within 80 %: ${side})`,
    'within-95': `nearly as foretold (within 95 %: ${side})`,
    failed: `not as foretold (outside 95 %: ${side})`,
  }[outcome];
  return `${quantityText(quantity, actual)}, ${how}`;
}

/** A verdict, a sentence for each quantity. */
export function verdictSentences({ judgements }: Verdict): string[] {
  return judgements.map(judgementSentence);
}
