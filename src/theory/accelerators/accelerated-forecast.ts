import type { Forecast } from '../forecast.ts';
import type { ClusterForecast } from './cluster-forecast.ts';
import { clusterAssumptions } from './cluster-sentences.ts';

/**
 * A registered forecast with time and memory of a cluster in place of this machine's: what is stored with a run that trains elsewhere. Its
 * loss stays, and where that is known from.
 *
 * The time is that of the steps and `otherMs`. The peak is that of one device. The source is `measured` where the efficiency is that of a step
 * on such a device, else `estimated`; the assumptions say so in a sentence.
 *
 * @param otherMs evaluations, samples and checkpoints on those devices, where they are known
 */
export function acceleratedForecast(forecast: Forecast, cluster: ClusterForecast, otherMs = 0): Forecast {
  const { msPerStep, durationMs, peakMemoryBytes, efficiency } = cluster;
  const longer = ([low, high]: readonly [number, number]): [number, number] => [low + otherMs, high + otherMs];
  return {
    ...forecast,
    durationMs: {
      value: durationMs.value + otherMs,
      interval80: longer(durationMs.interval80),
      interval95: longer(durationMs.interval95),
    },
    time: {
      msPerStep: msPerStep.value,
      otherMs,
      source: efficiency.source === 'measured' ? 'measured' : 'estimated',
      isBudget: false,
    },
    peakMemoryBytes,
    // The last one is about the time of this machine.
    assumptions: [...forecast.assumptions.slice(0, -1), ...clusterAssumptions(cluster)],
  };
}
