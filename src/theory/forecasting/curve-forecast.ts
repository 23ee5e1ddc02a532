import { type Estimate, type Spread, scaledEstimate, widenedEstimate } from '../interval.ts';
import type { LadderRecord } from '../ladder-record.ts';
import { effectiveAmount } from '../laws/repetition.ts';
import { lossOf } from '../scaling-law.ts';
import { forecastConvention, type LadderLaw } from './ladder-law.ts';
import type { RunSubject } from './run-subject.ts';
import { ladderScheduleFactor, meanScheduleFactor, sameShapeWithin, undecayed } from './schedule-shape.ts';

/** Steps of a run at which its loss is foretold, the last one included. */
const numCurveSteps = 12;
/** No step before this share of a run: the first steps are of the warm-up and of chance. */
const firstShare = 0.02;

/**
 * By how much a model whose rate has not fallen yet lies above the law of finished ones, relative: what a decay is worth. Only for
 * ladders without curves; measured on `presidents` with the default recipe, where it lies between 3 and 6 %.
 */
const usualExcess: Spread & { readonly value: number } = { value: 0.045, half80: 0.015, half95: 0.03 };
/** Of the share of the run that is over: curves of a ladder are read at these places. */
const places = [0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1] as const;

/** The steps of a run at which its loss is foretold: evenly over the logarithm at first, evenly over the steps later. */
export function curveSteps(numSteps: number): readonly number[] {
  const steps = Array.from({ length: numCurveSteps }, (_, i) => {
    const share = (i + 1) / numCurveSteps;
    // Half way between even steps and even logarithms.
    const even = firstShare ** (1 - share);
    return Math.max(1, Math.round((numSteps * (share + even)) / 2));
  });
  return [...new Set([...steps.slice(0, -1), numSteps])].sort((a, b) => a - b);
}

/** What a curve lies above the law of finished runs at a share of its steps: ln of the ratio, its middle and spread over a ladder. */
interface Excess extends Spread {
  readonly middle: number;
}

/** What is foretold of the bits per byte on the way. */
export interface CurveQuestion {
  readonly subject: RunSubject;
  readonly ladder: LadderLaw;
  /** The law at N of the run and so many tokens of the run, carried over to its text. */
  readonly lawAt: (numTokens: number) => number;
  /** At the end. */
  readonly final: Estimate;
  /** Bits per byte of a model that gives every token the same probability; null where it is not known. */
  readonly uniform: number | null;
}

/**
 * Bits per byte on the way. A model whose rate is still high lies above the law of finished ones; by how much, at which share of a run, is
 * taken from the curves of the ladder (they fall on each other when they are divided by the law: 2509.25087 calls it collapse). Where the
 * run has another schedule than the ladder, what a decay is worth is spread over it by the factor of its rate.
 *
 * @returns an estimate for each of `curveSteps`; the last one is the forecast itself
 */
export function forecastCurve(question: CurveQuestion): { readonly step: number; readonly bitsPerByte: Estimate }[] {
  const { subject, ladder, lawAt, final, uniform } = question;
  const { numSteps, numTokens } = subject;
  const shape = ladderScheduleFactor(ladder.record);
  const isSameShape = shape !== undefined && Math.abs(shape - meanScheduleFactor(subject)) < sameShapeWithin;
  const table = excessTable(ladder);
  const atEnd = lawAt(numTokens);
  return curveSteps(numSteps).map((step) => {
    if (step === numSteps) return { step, bitsPerByte: final };
    const share = step / numSteps;
    const excess = isSameShape ? excessAt(table, share) : decayWorth(table, undecayed(subject, step));
    const ratio = (lawAt(share * numTokens) * Math.exp(excess.middle)) / atEnd;
    const around = widenedEstimate(scaledEstimate(final, ratio), excess);
    return { step, bitsPerByte: uniform === null ? around : atMost(around, uniform) };
  });
}

/** What the curves of a ladder lie above its law, place by place; empty where it has none. */
function excessTable({ record, predictor }: LadderLaw): readonly (readonly [share: number, excess: Excess])[] {
  const ratios = places.map((): number[] => []);
  for (const point of record.points) {
    const { curve, numSteps, batchTokens, parameters } = point;
    const last = curve.at(-1);
    if (last === undefined || last[0] !== numSteps) continue;
    const law = (step: number) => {
      const tokens = effectiveAmount(step * batchTokens, record.corpus.uniqueTokens);
      return lossOf(predictor.fit.law, parameters[forecastConvention], tokens);
    };
    // Each curve by its own end: what a size or a seed adds all along is not what a rate adds on the way.
    const end = Math.log(last[2] / law(numSteps));
    const excess = curve.map(([step, , bits]) => [step / numSteps, Math.log(bits / law(step)) - end] as const);
    places.forEach((place, i) => {
      const value = interpolated(excess, place);
      if (value !== undefined) ratios[i]?.push(value);
    });
  }
  return places.flatMap((place, i) => {
    const values = (ratios[i] ?? []).toSorted((a, b) => a - b);
    return values.length === 0 ? [] : [[place, summary(values)] as const];
  });
}

function summary(values: readonly number[]): Excess {
  const at = (level: number): number => values[Math.round(level * (values.length - 1))] ?? 0;
  const middle = at(0.5);
  // Few curves show less than their full spread.
  const factor = 1 + 1 / Math.sqrt(values.length);
  const half = (level: number) => factor * Math.max(middle - at((1 - level) / 2), at((1 + level) / 2) - middle);
  return { middle, half80: half(0.8), half95: half(0.95) };
}

/** Between the neighbours of a place on a curve, in its logarithm; undefined outside of the curve. */
function interpolated(curve: readonly (readonly [number, number])[], place: number): number | undefined {
  const right = curve.findIndex(([share]) => share >= place * (1 - 1e-9));
  const [x1, y1] = curve[right] ?? [Number.NaN, Number.NaN];
  if (right < 0) return undefined;
  if (Math.abs(x1 - place) < 1e-9 * place) return y1;
  const [x0, y0] = curve[right - 1] ?? [0, Number.NaN];
  if (!(x0 > 0)) return undefined;
  return y0 + ((y1 - y0) * Math.log(place / x0)) / Math.log(x1 / x0);
}

function excessAt(table: ReturnType<typeof excessTable>, share: number): Excess {
  const [first] = table;
  if (first === undefined) return { middle: 0, half80: usualExcess.half80, half95: usualExcess.half95 };
  const right = table.findIndex(([place]) => place >= share);
  const [x1, b] = table[right] ?? table.at(-1) ?? first;
  const [x0, a] = table[right - 1] ?? first;
  const t = x1 > x0 ? Math.min(1, Math.max(0, Math.log(share / x0) / Math.log(x1 / x0))) : 0;
  const between = (of: (excess: Excess) => number): number => of(a) + t * (of(b) - of(a));
  return {
    middle: between(({ middle }) => middle),
    half80: between(({ half80 }) => half80),
    half95: between(({ half95 }) => half95),
  };
}

/** What the rest of a decay is worth: all of it while the rate is flat, nothing at its end. */
function decayWorth(table: ReturnType<typeof excessTable>, left: number): Excess {
  // Flat in every schedule of a ladder, and after the noise of the beginning.
  const flat = table.filter(([share]) => share >= 0.2 && share <= 0.4).map(([, excess]) => excess);
  const [first] = flat;
  const middle =
    first === undefined ? usualExcess.value : flat.reduce((sum, { middle: m }) => sum + m, 0) / flat.length;
  const [half80, half95] =
    first === undefined ? [usualExcess.half80, usualExcess.half95] : [first.half80, first.half95];
  return { middle: left * middle, half80: Math.max(half80, middle / 3), half95: Math.max(half95, middle / 1.5) };
}

function atMost({ value, interval80, interval95 }: Estimate, most: number): Estimate {
  const cut = ([low, high]: readonly [number, number]): [number, number] => [Math.min(low, most), Math.min(high, most)];
  return { value: Math.min(value, most), interval80: cut(interval80), interval95: cut(interval95) };
}

/** What a run without a decay would lie above one with the schedule of the ladder, as ln of the ratio. */
export function worthOfDecay(ladder: LadderLaw): number {
  return decayWorth(excessTable(ladder), 1).middle;
}

/** How often the ladder read its text at most. */
export function mostEpochsOf({ points, corpus }: LadderRecord): number {
  return Math.max(...points.map(({ numTokens }) => numTokens / corpus.uniqueTokens));
}
