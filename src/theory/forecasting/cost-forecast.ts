import { type Estimate, estimateAround, normalSpread, type Spread } from '../interval.ts';
import type { RunSubject } from './run-subject.ts';

/**
 * How far the time of a run lies from what was foretold, by where the time of a step is known from: standard deviations of ln time. A
 * machine that is busy with something else makes for the long tail, so the ends at 95 % lie further out than a normal distribution has them.
 */
const timeDeviations: { readonly [source in RunSubject['time']['source']]: number } = {
  measured: 0.08,
  estimated: 0.2,
  guessed: 0.6,
  unknown: 0.25,
};
/** A run that ends with its time adapts its length: only evaluations and samples at its end can make it late. */
const budgetDeviation = 0.025;
/** How far the peak of memory lies from the estimate. */
const memoryDeviation = 0.08;
/** What the ends at 95 % are wider by than those of a normal distribution. */
const tail = 1.25;

function heavySpread(deviation: number): Spread {
  const { half80, half95 } = normalSpread(deviation);
  return { half80, half95: tail * half95 };
}

/** How uncertain the speed of a machine is, for the length of runs that end with their time. */
export function speedSpread({ source }: Pick<RunSubject['time'], 'source'>): Spread {
  return heavySpread(timeDeviations[source]);
}

/** The time of a run, planning left out, in milliseconds. */
export function forecastDuration({ numSteps, time }: Pick<RunSubject, 'numSteps' | 'time'>): Estimate {
  const planned = plannedMs({ numSteps, time });
  return endsWithTime({ numSteps, time })
    ? estimateAround(time.limitMs ?? planned, heavySpread(budgetDeviation))
    : estimateAround(planned, heavySpread(timeDeviations[time.source]));
}

const plannedMs = ({ numSteps, time: { msPerStep, otherMs } }: Pick<RunSubject, 'numSteps' | 'time'>): number =>
  Math.max(1, numSteps * msPerStep + otherMs);

/** The text may end before the time does; then the speed of the machine decides as it does without a budget. */
function endsWithTime({ numSteps, time }: Pick<RunSubject, 'numSteps' | 'time'>): boolean {
  const { isBudget, limitMs } = time;
  return isBudget && limitMs !== null && plannedMs({ numSteps, time }) >= 0.9 * limitMs;
}

/** By how much the process will grow, in bytes. */
export function forecastMemory({ memoryBytes }: Pick<RunSubject, 'memoryBytes'>): Estimate {
  return estimateAround(Math.max(1, memoryBytes), heavySpread(memoryDeviation));
}

/** Where the time is known from, in a sentence. */
export function timeSentence({ numSteps, time }: Pick<RunSubject, 'numSteps' | 'time'>): string {
  const steps = {
    measured: 'The time of a step was measured on this machine',
    estimated: 'The time of a step is estimated from another size, measured on this machine',
    guessed: 'The time of a step is a guess, since nothing was measured',
    unknown: 'The time of a step is that of the plan',
  }[time.source];
  const end = endsWithTime({ numSteps, time })
    ? 'the run ends with its time, and the number of its steps follows from how fast the machine turns out to be'
    : 'the machine is taken to stay as busy as it was';
  return `${steps}; ${end}.`;
}
