import { formatBytes, formatCount } from '../../page/index.ts';
import type { Forecast } from '../forecast.ts';
import type { Judgement } from '../verdict.ts';
import type { Suspicion } from './bits-diagnosis.ts';
import type { RunOutcome } from './judgement.ts';
import { durationText, factorText, percentText, stepsText } from './quantity-text.ts';

/** A part of a miss that is smaller than this is not named. */
const leastShare = 0.2;
/** A step that took this much longer than the fastest tenth waited for something. */
const unevenFrom = 1.25;

/** Why a run did not take the time that was foretold: the parts of the difference, the largest first. */
export function diagnoseDuration({ subject, time }: Forecast, outcome: RunOutcome, judgement: Judgement): Suspicion[] {
  const { numSteps, medianStepMs, fastStepMs } = outcome;
  const miss = judgement.actual - judgement.forecast;
  const stepMs = medianStepMs ?? time.msPerStep;
  const ofLength = (numSteps - subject.numSteps) * time.msPerStep;
  const ofSpeed = numSteps * (stepMs - time.msPerStep);
  const ofRest = judgement.actual - numSteps * stepMs - time.otherMs;
  const slower = stepMs / Math.max(1e-9, time.msPerStep);
  const isUneven = fastStepMs !== null && medianStepMs !== null && medianStepMs > unevenFrom * fastStepMs;
  const source = {
    measured: 'measured before the run',
    estimated: 'estimated',
    guessed: 'guessed',
    unknown: 'planned',
  }[time.source];
  const suspicions: Suspicion[] = [
    {
      cause: 'length',
      text: `${stepsText(numSteps)} done, and ${formatCount(subject.numSteps)} were foretold: ${signed(ofLength)}.`,
      weight: ofLength / miss,
    },
    {
      cause: time.source === 'measured' || isUneven ? 'busy-machine' : 'estimate',
      text:
        `A step took ${durationText(stepMs)}, ${slower >= 1 ? `${factorText(slower)} times` : `${percentText(1 - slower)} less than`} what was ` +
        `${source} (${durationText(time.msPerStep)}): ${signed(ofSpeed)}.` +
        (isUneven
          ? ` A tenth of the steps took no more than ${durationText(fastStepMs ?? 0)}: the machine had other work, too.`
          : ''),
      weight: ofSpeed / miss,
    },
    {
      cause: 'estimate',
      text: `Loading, evaluations, samples and checkpoints took ${durationText(Math.max(0, time.otherMs + ofRest))}, and ${durationText(time.otherMs)} were foretold: ${signed(ofRest)}.`,
      weight: ofRest / miss,
    },
  ];
  const likely = suspicions.filter(({ weight }) => weight >= leastShare).sort((a, b) => b.weight - a.weight);
  return likely.length > 0
    ? likely
    : [{ cause: 'estimate', text: `No single part explains a difference of ${signed(miss)}.`, weight: 0 }];
}

/** Why a process did not grow as foretold. */
export function diagnoseMemory(
  _: Forecast,
  { changes }: RunOutcome,
  { actual, forecast, relativeError }: Judgement,
): Suspicion[] {
  const found = `The process grew by ${formatBytes(actual)} at its peak, and ${formatBytes(forecast)} were estimated from the graphs of the run`;
  const why =
    relativeError > 0
      ? 'what else the process holds (datasets, samples, fragments of what was freed) is not in them'
      : 'the engine put more tensors into the same place than the estimate had it do, or reused what was allocated before the run';
  return [
    ...changes.map((change) => ({
      cause: 'recipe' as const,
      text: `The run did not go on as it had begun: ${change}.`,
      weight: 0.9,
    })),
    { cause: 'estimate', text: `${found}: ${why}.`, weight: 0.5 },
  ];
}

const signed = (durationMs: number): string =>
  `${durationText(Math.abs(durationMs))} ${durationMs < 0 ? 'less' : 'more'}`;
