import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { chiSquareCdf, noiseBank, pooledDeviation, sigmaAt } from '../../../src/theory/index.ts';
import { describeWithTable, numberIn, type TableRow, textIn } from '../../support/theory-tables.ts';

/** Losses of at least five runs that differ in their seed only: one record, one folder of logs, one length. */
function repeatGroups(rows: readonly TableRow[], track: string): number[][] {
  const groups = new Map<string, number[]>();
  for (const row of rows.filter((one) => one.track === track)) {
    const file = textIn(row, 'file');
    const key = [textIn(row, 'record'), file.slice(0, Math.max(0, file.lastIndexOf('/'))), textIn(row, 'total')].join(
      '|',
    );
    groups.set(key, [...(groups.get(key) ?? []), numberIn(row, 'val_loss')]);
  }
  return [...groups.values()].filter((values) => values.length >= 5);
}

describeWithTable('the noise of published repeats', 'modded_nanogpt_replicates', (rows) => {
  test('is 0.00109 nats in the optimizer track', () => {
    const pooled = pooledDeviation(repeatGroups(rows, 'track_3_optimization').map((values) => ({ values })));
    expect(Math.abs(pooled.sigma - 0.00109)).toBeLessThan(0.00001);
    expect(pooled).toMatchObject({ numGroups: 26, numRuns: 292, degreesOfFreedom: 266 });
    expect(pooled.interval[0]).toBeGreaterThan(0.001);
    expect(pooled.interval[1]).toBeLessThan(0.0012);
  });

  test('is 0.0017 nats in the speed track, groups with a deviation of 0.01 and more left out', () => {
    const groups = repeatGroups(rows, 'track_1_short').map((values) => ({ values }));
    const pooled = pooledDeviation(groups.filter((group) => pooledDeviation([group]).sigma < 0.01));
    expect(pooled.sigma).toBeCloseTo(0.0017, 4);
    expect(pooled).toMatchObject({ numGroups: 92, numRuns: 1019 });
  });
});

describe('pooled deviations', () => {
  test('are the root of the summed squares over the summed degrees of freedom', () => {
    const { sigma, degreesOfFreedom, numGroups, numRuns, interval } = pooledDeviation([
      { values: [1, 2, 3] },
      { values: [10, 14] },
      { values: [7] },
    ]);
    expect(sigma).toBeCloseTo(Math.sqrt((2 + 8) / 3), 14);
    expect({ degreesOfFreedom, numGroups, numRuns }).toEqual({ degreesOfFreedom: 3, numGroups: 2, numRuns: 5 });
    expect(chiSquareCdf(10 / interval[0] ** 2, 3)).toBeCloseTo(0.975, 11);
    expect(chiSquareCdf(10 / interval[1] ** 2, 3)).toBeCloseTo(0.025, 11);
  });

  test('lie in their interval as often as its level says', () => {
    const random = randomStream(31, 'pooled');
    let numCovered = 0;
    for (let i = 0; i < 2000; i++) {
      const groups = [3, 2, 4].map((num) => ({
        values: Array.from({ length: num }, () => 5 + 0.3 * random.nextNormal()),
      }));
      const [low, high] = pooledDeviation(groups, 0.8).interval;
      if (low <= 0.3 && 0.3 <= high) numCovered += 1;
    }
    expect(Math.abs(numCovered / 2000 - 0.8)).toBeLessThan(0.035);
  });
});

describe('a noise bank', () => {
  const spreadOut = (spread: number) => [5 - spread, 5 + spread];
  const bank = noiseBank(
    [
      { position: 100, values: spreadOut(0.02) },
      { position: 1, values: spreadOut(0.2) },
      { position: 100, values: [1] },
      { position: 10_000, values: [4, 4] },
    ],
    'compute',
  );

  test('passes over single runs and groups without scatter, and keeps its places in order', () => {
    expect(bank.knots.map(({ position }) => position)).toEqual([1, 100]);
    expect(JSON.parse(JSON.stringify(bank))).toEqual(bank);
  });

  test('draws a straight line on logarithmic axes', () => {
    expect(sigmaAt(bank, 1).sigma).toBeCloseTo(0.2 * Math.SQRT2, 14);
    expect(sigmaAt(bank, 10).sigma).toBeCloseTo(0.2 * Math.SQRT2 * Math.sqrt(0.1), 14);
    // Half of each of two deviations with one degree of freedom: two.
    expect(sigmaAt(bank, 10)).toMatchObject({ isExtrapolated: false });
    expect(sigmaAt(bank, 10).degreesOfFreedom).toBeCloseTo(2, 12);
    expect(sigmaAt(bank, 100)).toMatchObject({ degreesOfFreedom: 1, isExtrapolated: false });
  });

  test('says where it is asked beyond its ends, and gives the nearest', () => {
    expect(sigmaAt(bank, 0.01)).toEqual({ ...sigmaAt(bank, 1), isExtrapolated: true });
    expect(sigmaAt(bank, 1e6)).toEqual({ ...sigmaAt(bank, 100), isExtrapolated: true });
  });

  test('recovers a power law of noise from simulated replicates', () => {
    const random = randomStream(32, 'bank');
    const truth = (compute: number): number => 0.01 * compute ** -0.25;
    const groups = [1, 10, 100, 1000].map((position) => ({
      position,
      values: Array.from({ length: 60 }, () => 3 + truth(position) * random.nextNormal()),
    }));
    const measured = noiseBank(groups, 'compute');
    for (const compute of [2, 31, 700]) {
      const { sigma, degreesOfFreedom } = sigmaAt(measured, compute);
      expect(degreesOfFreedom).toBeGreaterThanOrEqual(59);
      // ln s has a variance of 1/(2ν): four standard deviations.
      expect(Math.abs(Math.log(sigma / truth(compute)))).toBeLessThan(4 / Math.sqrt(2 * degreesOfFreedom));
    }
  });
});
