import { formatCompact } from '../../page/index.ts';
import { diagnoseBatch } from '../laws/critical-batch.ts';
import { mostEpochs } from '../laws/repetition.ts';
import type { Difference } from './cause.ts';
import { mostEpochsOf, worthOfDecay } from './curve-forecast.ts';
import { type LadderLaw, measuredRange } from './ladder-law.ts';
import { factorText, percentText } from './quantity-text.ts';
import type { RunSubject } from './run-subject.ts';
import { ladderScheduleFactor, meanScheduleFactor, sameShapeWithin } from './schedule-shape.ts';

/**
 * What a learning rate costs that is a factor of two off, relative; four times as much at a factor of four. Rates six times lower cost
 * 2.1 % on `presidents` (docs/notebook.md), and rates as far off as Kaplan's rule 1.2 % over 17 public sweeps.
 */
const costOfDoubledRate = 0.003;
/** A rate within this factor is the same rate. */
const sameRate = 1.05;
/** A batch within this factor of those of the ladder at as many tokens is as good as one of them. */
const sameBatch = 1.6;
/** A run that reads its text this much more often than the ladder did is beyond what the ladder knows of repetition. */
const moreEpochs = 1.25;
/** Compute within this factor of what was measured was measured. */
const sameCompute = 1.05;

/** What a run is beside the ladder of its law, text and recipe aside. */
export interface DifferenceQuestion {
  readonly subject: RunSubject;
  readonly ladder: LadderLaw;
  /** Relative change of the forecast where the run's tokens were worth this factor of what they are. */
  readonly effectOfTokens: (factor: number) => number;
}

/** Everything in schedule, rate, batch, repetition and reach in which a run differs from the ladder, with what theory says of it. */
export function runDifferences(question: DifferenceQuestion): Difference[] {
  return [
    ...scheduleDifference(question),
    ...rateDifference(question),
    ...batchDifference(question),
    ...repetitionDifference(question),
    ...reachDifference(question),
  ];
}

function scheduleDifference({ subject, ladder }: DifferenceQuestion): Difference[] {
  const there = ladderScheduleFactor(ladder.record);
  if (there === undefined) return [];
  const here = meanScheduleFactor(subject);
  if (Math.abs(here - there) < sameShapeWithin) return [];
  const share = (mean: number) => `${Math.round(100 * mean)} %`;
  const isLess = here > there;
  // A mean of 1 has no decay at all after warm-up; between the two means its worth is shared out in proportion.
  const effect = isLess ? (worthOfDecay(ladder) * (here - there)) / Math.max(0.05, 1 - there) : null;
  const what =
    effect === null
      ? 'The law knows runs whose rate falls less.'
      : `A rate that falls less leaves about ${percentText(effect)} more bits per byte, by the curves of the ladder.`;
  return [
    {
      cause: 'schedule',
      text: `The learning rate is at ${share(here)} of its peak on average after warm-up, and was at ${share(there)} in the ladder. ${what}`,
      effect,
    },
  ];
}

function rateDifference({ subject, ladder }: DifferenceQuestion): Difference[] {
  const ratios = subject.recipe.learningRateRatios.get(ladder.record.recipe.sha256);
  const off = [...(ratios ?? [])].filter(([, ratio]) => Math.max(ratio, 1 / ratio) > sameRate);
  if (off.length === 0) return [];
  const [role, ratio] = off.reduce((a, b) => (Math.abs(Math.log(b[1])) > Math.abs(Math.log(a[1])) ? b : a));
  const effect = costOfDoubledRate * Math.log2(ratio) ** 2;
  const times = ratio > 1 ? `${factorText(ratio)} times` : `1/${factorText(1 / ratio)} of`;
  return [
    {
      cause: 'learning-rate',
      text:
        `The learning rate (${role}) is ${times} that of ${ladder.record.recipe.name}, with which the law was measured: where that was ` +
        `the best, it costs about ${percentText(effect)}.`,
      effect,
    },
  ];
}

function batchDifference({ subject, ladder, effectOfTokens }: DifferenceQuestion): Difference[] {
  const there = ladderBatch(ladder, subject.numTokens);
  const here = subject.batchTokens;
  const ratio = here / there;
  if (Math.max(ratio, 1 / ratio) <= sameBatch) return [];
  const tokens = (value: number) => formatCompact(Math.round(value));
  const range = measuredRange(ladder.record, ({ batchTokens }) => batchTokens).map(tokens);
  const compared = `A step has ${tokens(here)} tokens; the ladder had ${tokens(there)} in runs of this length (${[...new Set(range)].join(' to ')} in all)`;
  if (ratio < 1) {
    const what = 'smaller steps are noisier, and want a lower rate';
    return [{ cause: 'batch', text: `${compared}: ${what}.`, effect: null }];
  }
  const ofBatch = (batchTokens: number) => diagnoseBatch({ batchTokens, numTokens: subject.numTokens });
  const { criticalTokens, tokensOverLeast } = ofBatch(here);
  const effect = effectOfTokens(ofBatch(there).tokensOverLeast / tokensOverLeast);
  return [
    {
      cause: 'batch',
      text: `${compared}, and the critical batch of such a run is about ${tokens(criticalTokens)}: by that rule it costs ${percentText(effect)} more bits per byte, and its steps are fewer.`,
      effect,
    },
  ];
}

/** The batch of the ladder's runs of about so many tokens: of the nearest, moved on by the square root where they end. */
function ladderBatch({ record }: LadderLaw, numTokens: number): number {
  const [nearest] = record.points.toSorted(
    (a, b) => Math.abs(Math.log(a.numTokens / numTokens)) - Math.abs(Math.log(b.numTokens / numTokens)),
  );
  if (nearest === undefined) return Number.NaN;
  const [low, high] = measuredRange(record, (point) => point.numTokens);
  const isInside = numTokens >= low && numTokens <= high;
  return isInside ? nearest.batchTokens : nearest.batchTokens * Math.sqrt(numTokens / nearest.numTokens);
}

function repetitionDifference({ subject, ladder, effectOfTokens }: DifferenceQuestion): Difference[] {
  const epochs = subject.numTokens / subject.uniqueTokens;
  const there = mostEpochsOf(ladder.record);
  if (epochs <= 1 || epochs <= moreEpochs * there) return [];
  const times = (value: number) =>
    value < 1 ? 'less than once' : factorText(value) === '1' ? 'once' : `${factorText(value)} times`;
  const bound = effectOfTokens(Math.max(1, there) / epochs);
  const beyond =
    epochs > mostEpochs
      ? ` Nothing was measured beyond ${mostEpochs} times, where a model begins to know a text by heart.`
      : '';
  return [
    {
      cause: 'repetition',
      text:
        `The text is read ${times(epochs)}, in the ladder ${times(there)} at most. What repeated tokens are worth is a rule from other ` +
        `texts and larger models; were they worth nothing, it would be ${percentText(bound)} more bits per byte.${beyond}`,
      // Half of the most that it can be.
      effect: bound / 2,
    },
  ];
}

function reachDifference({ subject, ladder }: DifferenceQuestion): Difference[] {
  const [least, most] = measuredRange(ladder.fitted, ({ flops }) => flops);
  const flops = (value: number) => `${formatCompact(value)} FLOPs`;
  const below = least / subject.flops;
  if (below >= sameCompute) {
    const text = `The run takes 1/${factorText(below)} of the compute of the smallest training that the law was fitted to (${flops(subject.flops)} against ${flops(least)}), where beginnings matter that no law knows.`;
    return [{ cause: 'extrapolation', text, effect: null }];
  }
  const factor = subject.flops / most;
  if (factor < sameCompute) return [];
  return [
    {
      cause: 'extrapolation',
      text: `The run takes ${factorText(factor)} times the compute of the largest in the ladder (${flops(subject.flops)} against ${flops(most)}).`,
      effect: null,
    },
  ];
}
