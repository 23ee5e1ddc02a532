import { formatCompact, formatNumber } from '../page/index.ts';
import { forecastConvention, leftOutSentences } from './forecasting/ladder-law.ts';
import { durationText, percentText } from './forecasting/quantity-text.ts';
import { type LadderFindings, stableWithin } from './ladder-findings.ts';
import type { ScalingLaw } from './scaling-law.ts';

/** What each convention counts, for sentences. */
export const conventionTexts = {
  total: 'all parameters',
  nonEmbedding: 'all but embeddings and head',
  matmul: 'what matrix products read',
  active: 'what one token passes through',
} as const;

/** L(N, D) = 1.02 + 41.3 · N^−0.31 + 120 · D^−0.35 */
export function lawText({ E, A, alpha, B, beta }: ScalingLaw): string {
  const term = (factor: number, name: string, exponent: number) =>
    `${formatCompact(factor)} · ${name}^−${exponent.toFixed(3)}`;
  return `L(N, D) = ${formatNumber(E, 4)} + ${term(A, 'N', alpha)} + ${term(B, 'D', beta)}`;
}

/**
 * The findings of a ladder in plain sentences.
 *
 * @param durationMs what the trainings took, where it is known
 */
export function ladderSentences(findings: LadderFindings, durationMs?: number): string[] {
  const { ladder, bootstrap, seedDeviation, advice } = findings;
  const { fit } = ladder.predictor;
  const { fitted: record } = ladder;
  const computes = record.points.map(({ flops }) => flops);
  const [least, most] = [Math.min(...computes), Math.max(...computes)];
  const sentences = [
    `${record.points.length} trainings of ${fit.identified.design.numSizes} sizes from ${formatCompact(least)} to ${formatCompact(most)} FLOPs ` +
      `(${Math.log10(most / least).toFixed(1)} decades) follow the law ${lawText(fit.law)}, in bits per byte, N ${conventionTexts[forecastConvention]}, ` +
      `D tokens; it meets them within ${percentText(fit.meanError)} on average.`,
  ];
  sentences.push(...leftOutSentences(ladder.record, record));
  const { alpha, beta, E } = bootstrap.parameters;
  const range = ([low, high]: readonly [number, number]) => `${low.toFixed(3)} to ${high.toFixed(3)}`;
  sentences.push(
    `If the form is true, 95 % of resampled ladders give alpha ${range(alpha.interval95)}, beta ${range(beta.interval95)} and E ${range(E.interval95)}.`,
  );
  if (fit.identified.reason !== null) sentences.push(fit.identified.reason);
  else if (!bootstrap.identified.E && bootstrap.identified.reason !== null) sentences.push(bootstrap.identified.reason);
  sentences.push(...optimumSentences(findings));
  sentences.push(accountingSentence(findings));
  sentences.push(
    seedDeviation === null
      ? 'No training was repeated with another seed, so the noise between seeds is not known.'
      : `Between seeds bits per byte differ by ${percentText(seedDeviation)} (one standard deviation).`,
  );
  const [best] = advice?.ranked ?? [];
  if (advice !== null && best !== undefined) {
    const { numLayers, width, numTokens } = best.candidate;
    sentences.push(
      `A forecast for twice the size and twice the tokens of the best training is sure to ±${percentText(advice.halfWidthBefore)} (95 %). What would narrow that most for its cost: ` +
        `${numLayers}x${width} on ${formatCompact(numTokens)} tokens, to ±${percentText(best.halfWidthAfter)}.`,
    );
  }
  if (durationMs !== undefined) sentences.push(`The trainings took ${durationText(durationMs)} in all.`);
  return sentences;
}

/** What the law says of the best size, where it lies among the sizes that were trained. */
function optimumSentences({ ladder, optima }: LadderFindings): string[] {
  const [atEnd, atTen] = optima;
  if (atEnd === undefined || atTen === undefined)
    return ['Which size is best for some compute, this ladder cannot tell.'];
  const sizes = ladder.points.map(({ numParameters }) => numParameters);
  const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
  const flops = formatCompact(atEnd.flops);
  if (atEnd.numParameters < smallest || atEnd.numParameters > largest) {
    const side =
      atEnd.numParameters < smallest
        ? `below the smallest that was trained (${formatCompact(smallest)}`
        : `above the largest that was trained (${formatCompact(largest)}`;
    return [
      `By the law the best size for ${flops} FLOPs lies ${side} parameters), where nothing was measured: all that is known is that it is no ` +
        `${atEnd.numParameters < smallest ? 'larger' : 'smaller'}.`,
    ];
  }
  return [
    `The best model for ${flops} FLOPs has ${formatCompact(atEnd.numParameters)} parameters and reads ${perParameter(atEnd)} tokens for each; ` +
      `for ten times as much compute ${formatCompact(atTen.numParameters)} and ${perParameter(atTen)}.`,
  ];
}

const perParameter = ({ tokensPerParameter }: { readonly tokensPerParameter: number }): string =>
  tokensPerParameter < 1000 ? `${Number(tokensPerParameter.toPrecision(2))}` : formatCompact(tokensPerParameter);

function accountingSentence({ accountings, bestConvention, exponentSpread }: LadderFindings): string {
  const best = accountings.find(({ convention }) => convention === bestConvention);
  const used = accountings.find(({ convention }) => convention === forecastConvention);
  const errors =
    best?.heldOutError == null || used?.heldOutError == null
      ? ''
      : bestConvention === forecastConvention
        ? ` Points left out are foretold best by counting ${conventionTexts[bestConvention]} (${percentText(used.heldOutError)} off), which forecasts do.`
        : ` Points left out are foretold best by counting ${conventionTexts[bestConvention]} (${percentText(best.heldOutError)} off; ` +
          `${percentText(used.heldOutError)} by ${conventionTexts[forecastConvention]}, which forecasts count).`;
  const exponents = accountings
    .map(({ convention, sizeExponent }) => `${convention} ${sizeExponent.toFixed(2)}`)
    .join(', ');
  return exponentSpread > stableWithin
    ? `How the best size grows with compute depends on what is counted (exponent ${exponents}): trust no statement on the best size that ` +
        `does not say which.${errors}`
    : `How the best size grows with compute hardly depends on what is counted (exponent ${exponents}).${errors}`;
}
