import { formatCount, formatNumber } from '../../page/index.ts';
import type { ArmComparison, CompareOptions } from './arm-comparison.ts';
import { type ChosenEstimates, type EstimateMethod, leastNoiseFit } from './arm-estimate.ts';

/** All that the sentences speak of. */
export interface ComparisonFacts extends Omit<ArmComparison, 'verdict' | 'notes'> {
  readonly chosen: ChosenEstimates;
  readonly options: CompareOptions &
    Required<Pick<CompareOptions, 'looks' | 'alpha' | 'power' | 'isLowerBetter' | 'names'>>;
}

const methodNames: Readonly<Record<EstimateMethod, string>> = {
  'paired-t': 'paired t-test',
  'welch-t': 'Welch’s t-test',
  'pooled-t': 't-test of two arms that are taken to scatter alike',
  'paired-known-noise': 'pairs, with known noise',
  'unpaired-known-noise': 'arms against each other, with known noise',
  none: 'no test',
};

/** What a comparison comes to, in two or three sentences. */
export function comparisonVerdict(facts: ComparisonFacts): string {
  const { outcome, interval, pValue, options, seeds } = facts;
  const [a, b] = options.names;
  if (outcome === 'unknown' || interval === null || pValue === null) {
    const seen = `Nothing can be said yet: ${b} ${apart(facts.difference, options.unit)}, but`;
    return facts.chosen.hasNoScatter
      ? `${seen} the runs do not scatter at all, so they do not tell what chance may do. Give a noise bank, or runs of unlike seeds.`
      : `${seen} with one run each and no known noise chance may explain any of it. Train both with a second seed, or give a noise bank.`;
  }
  const sentences: string[] = [];
  if (outcome !== 'not-distinguished') {
    sentences.push(
      `${b} is ${outcome === 'b-is-better' ? 'better' : 'worse'} than ${a}: it ${apart(facts.difference, options.unit)}, ` +
        `${shownInterval(facts)}.`,
    );
  } else {
    sentences.push(
      facts.difference === 0
        ? `No difference between ${a} and ${b} was seen, ${shownInterval(facts)}.`
        : `No difference between ${a} and ${b} was shown: ${b} ${apart(facts.difference, options.unit)}, ${shownInterval(facts)}.`,
    );
    if (seeds !== null) sentences.push(planSentence(facts, seeds));
  }
  if (facts.noWorse !== null) {
    const { margin, pValue: marginP, isShown } = facts.noWorse;
    sentences.push(
      `That ${b} is worse by no more than ${formatNumber(margin)} is ${isShown ? '' : 'not '}shown (${p(marginP)}).`,
    );
  }
  return sentences.join(' ');
}

/** What a reader should know besides the verdict. */
export function comparisonNotes(facts: ComparisonFacts): string[] {
  const { chosen, options, sequential } = facts;
  const notes: string[] = [];
  const { noise } = options;
  if (chosen.isNoiseKnown && noise !== undefined) {
    notes.push(
      `The noise is not estimated from ${countOf(facts)} but known from ${noise.source}: a standard deviation of ` +
        `${formatNumber(noise.sigma)} ${noise.of === 'run' ? 'a run' : 'a difference of a pair'}.` +
        (chosen.isPaired && noise.of === 'run'
          ? ' Pairs usually differ by less than that implies, so the interval is wide rather than narrow.'
          : ''),
    );
  }
  if (noise !== undefined && !chosen.isNoiseKnown && chosen.noiseFit !== null && chosen.noiseFit < leastNoiseFit) {
    notes.push(
      `These runs scatter more widely than ${noise.source} says (chance would do that in ${formatNumber(100 * chosen.noiseFit, 2)} % of ` +
        'cases), so the comparison uses their own noise.',
    );
  }
  if (chosen.unmatched.length > 0) {
    const keys = chosen.unmatched.join(', ');
    notes.push(
      chosen.isPaired
        ? `Left out for want of a partner in the other arm: ${keys}.`
        : `Not paired, for these have no partner in the other arm: ${keys}. The same seeds in both arms would make a sharper test.`,
    );
  }
  if (!options.canPair) notes.push('Data or evaluation of the arms differ, so their runs were not paired.');
  if (facts.method === 'pooled-t') {
    notes.push('One arm has a single run: its noise is taken to be that of the other.');
  }
  if (chosen.hasNoScatter) {
    notes.push('The runs do not scatter at all, to the last digit: look whether they are copies of each other.');
  }
  if (sequential !== null) {
    const level = percentOf(options.alpha);
    notes.push(
      sequential.interval === null
        ? `However often one looks, at a level of ${level} %: with so few runs nothing is excluded.`
        : `However often one looks, at a level of ${level} % the difference lies within ${ends(sequential.interval)}.`,
    );
  }
  return notes;
}

/** `5 pairs find a true difference of 0.0012 80 times in 100; one as small as that seen takes 14 pairs.` */
function planSentence(
  { options, isPaired, numPairs, numRuns }: ComparisonFacts,
  { detectable, numSeedsForObserved }: NonNullable<ArmComparison['seeds']>,
): string {
  const counted = (num: number): string =>
    `${formatCount(num)} ${isPaired ? (num === 1 ? 'pair' : 'pairs') : `${num === 1 ? 'run' : 'runs'} per arm`}`;
  const times = `${percentOf(1 - options.power)} times in 100`;
  const [numA, numB] = numRuns;
  const here = numPairs !== null || numA === numB ? counted(numPairs ?? numA) : `${numA} and ${numB} runs`;
  const look = options.looks === 'any' ? 'By a single look at' : 'With';
  const found = `${look} ${here} a true difference of ${formatNumber(detectable)} is found ${times}`;
  return numSeedsForObserved === null || !Number.isFinite(numSeedsForObserved)
    ? `${found}.`
    : `${found}; one as small as that seen takes ${counted(numSeedsForObserved)}.`;
}

/** The interval that decided, with p and the method. */
function shownInterval(facts: ComparisonFacts): string {
  const { options, sequential, interval, pValue } = facts;
  const how = `${countOf(facts)}, ${methodNames[facts.method]}`;
  if (options.looks === 'any') {
    return sequential?.interval
      ? `${percentOf(options.alpha)} % interval ${ends(sequential.interval)} however often one looks (e = ${formatNumber(sequential.eValue, 3)}; ${how})`
      : `and with so few runs nothing is excluded yet if one looks after every run (${how})`;
  }
  return `${percentOf(options.alpha)} % interval ${ends(interval ?? [0, 0])} (${p(pValue ?? 1)}; ${how})`;
}

function countOf({ isPaired, numPairs, numRuns }: ComparisonFacts): string {
  if (isPaired) return numPairs === 1 ? 'one pair' : `${numPairs} pairs`;
  return numRuns[0] === 1 && numRuns[1] === 1 ? 'one run each' : `${numRuns[0]} and ${numRuns[1]} runs`;
}

/** `lies lower by 0.00210 bits per byte`. */
function apart(difference: number, unit: string | undefined): string {
  if (difference === 0) return 'lies exactly as high';
  const size = `${formatNumber(Math.abs(difference))}${unit === undefined ? '' : ` ${unit}`}`;
  return `lies ${difference < 0 ? 'lower' : 'higher'} by ${size}`;
}

function ends([low, high]: readonly [number, number]): string {
  return `${signed(low)} to ${signed(high)}`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : value > 0 ? '+' : ''}${formatNumber(Math.abs(value))}`;
}

function p(value: number): string {
  return value < 0.0001 ? 'p < 0.0001' : `p = ${formatNumber(value, 2)}`;
}

/** 0.05 → 95 */
function percentOf(alpha: number): string {
  return String(Number((100 * (1 - alpha)).toPrecision(6)));
}
