import { formatNumber } from '../../page/index.ts';
import type { MultiplierAxis, MultiplierEstimate } from './compute-multiplier.ts';
import type { LadderMultiplier, MultiplierVerdict } from './ladder-multiplier.ts';

const units: Readonly<Record<MultiplierAxis, string>> = { flops: 'FLOPs', seconds: 'seconds', tokens: 'tokens' };

const verdicts: Readonly<Record<MultiplierVerdict, string>> = {
  holds: 'It holds: no trend over scale is shown, and at that scale it is not 1',
  shrinks: 'It shrinks with scale',
  grows: 'It grows with scale',
  unknown: 'Whether it holds is unknown: neither a trend over scale nor a multiplier other than 1 is shown',
};

/** What a ladder says of a treatment, in plain English, with the numbers that it rests on. */
export function multiplierSentence(
  { atTarget, trendPerDecade, verdict }: LadderMultiplier,
  axis: MultiplierAxis,
): string {
  return (
    `At ${formatNumber(atTarget.spent)} ${units[axis]} the baseline would need ${withInterval(atTarget)} times the ${units[axis]} ` +
    `for the same loss. ${verdicts[verdict]}; with ten times the ${units[axis]} it changes by a factor of ${withInterval(trendPerDecade)}.`
  );
}

function withInterval({ multiplier, interval }: MultiplierEstimate): string {
  return `${formatNumber(multiplier, 3)} (${formatNumber(interval[0], 3)} to ${formatNumber(interval[1], 3)})`;
}
