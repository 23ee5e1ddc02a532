import { describe, expect, test } from 'vitest';
import { llama8B, workloadOf } from '../../../bench/fleet/public-models.ts';
import {
  acceleratedForecast,
  acceleratorNamed,
  type ClusterQuestion,
  clusterForecast,
  costSentence,
  fitSentence,
  forecastRun,
  forecastSchema,
  meshOf,
} from '../../../src/theory/index.ts';
import { smallSubject } from '../forecasting/small-subject.ts';

const question: ClusterQuestion = {
  workload: workloadOf(llama8B, { batchSize: 64, recompute: true }),
  numSteps: 1000,
  accelerator: acceleratorNamed('h100'),
  mesh: meshOf(8, { fsdp: true }),
};

describe('a forecast for a cluster', () => {
  test('has a time between those at the ends of the efficiency, and device-hours and cost that follow from it', () => {
    const forecast = clusterForecast({ ...question, pricePerHour: 2.5 });
    const { msPerStep, durationMs, deviceHours, cost, tokensPerSecond } = forecast;
    for (const { value, interval80, interval95 } of [msPerStep, durationMs, deviceHours, tokensPerSecond]) {
      const ends = [interval95[0], interval80[0], value, interval80[1], interval95[1]];
      expect(ends).toEqual(ends.toSorted((a, b) => a - b));
    }
    expect(durationMs.value).toBeCloseTo(1000 * msPerStep.value, 3);
    expect(deviceHours.value).toBeCloseTo((8 * durationMs.value) / 3.6e6, 6);
    expect(cost?.value).toBeCloseTo(2.5 * deviceHours.value, 6);
    expect(tokensPerSecond.value).toBeCloseTo((64 * 8192 * 1000) / msPerStep.value, 3);
    expect(forecast).toMatchObject({ numDevices: 8, numHosts: 1, numTokens: 1000 * 64 * 8192 });
  });

  test('takes an efficiency that is given, and has no cost without a price', () => {
    const forecast = clusterForecast({ ...question, efficiency: { value: 0.5, source: 'given' } });
    expect(forecast.efficiency).toMatchObject({ value: 0.5, source: 'given' });
    expect(forecast.cost).toBeNull();
    const half = clusterForecast({ ...question, efficiency: { value: 0.25, source: 'given' } });
    expect(half.step.computeMs / forecast.step.computeMs).toBeCloseTo(2, 9);
  });

  test('says in plain sentences whether it fits, on how few devices it would, and what it costs', () => {
    const fits = clusterForecast({ ...question, pricePerHour: 2 });
    expect(fitSentence(fits)).toMatch(
      /^It fits: each device holds .* of the .* that may be used, with .* rows? at once/,
    );
    expect(fitSentence(fits)).toMatch(/The fewest that it fits on: \d+ devices with --fsdp/);
    expect(costSentence(fits)).toMatch(
      /524,288,000 tokens take .* on 8 × NVIDIA H100 SXM 80 GB: .* device-hours .* which cost /,
    );
    const copies = clusterForecast({ ...question, mesh: meshOf(8) });
    expect(copies.fit.fits).toBe(false);
    expect(fitSentence(copies)).toMatch(/^It does not fit: each device would hold/);
  });
});

describe('a registered forecast for a cluster', () => {
  const registered = forecastRun(smallSubject(), { records: [], registeredAt: '2026-01-01T00:00:00.000Z' });

  test('has time and memory of the cluster and keeps all else', () => {
    const cluster = clusterForecast(question);
    const forecast = acceleratedForecast(registered, cluster, 60_000);
    expect(forecastSchema.parse(forecast)).toEqual(forecast);
    expect(forecast.durationMs.value).toBe(cluster.durationMs.value + 60_000);
    expect(forecast.peakMemoryBytes).toEqual(cluster.peakMemoryBytes);
    expect(forecast.time).toEqual({
      msPerStep: cluster.msPerStep.value,
      otherMs: 60_000,
      source: 'estimated',
      isBudget: false,
    });
    expect(forecast.subject).toEqual(registered.subject);
    expect(forecast.assumptions.join(' ')).toContain('8 × NVIDIA H100 SXM 80 GB');
    expect(forecast.assumptions.join(' ')).toContain('public trainings');
    expect(forecast.assumptions.join(' ')).not.toContain('machine is taken to stay as busy');
  });

  test('says measured where the efficiency was measured', () => {
    const cluster = clusterForecast({ ...question, efficiency: { value: 0.41, source: 'measured' } });
    expect(acceleratedForecast(registered, cluster).time.source).toBe('measured');
  });
});
