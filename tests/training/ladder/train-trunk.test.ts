import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/index.ts';
import { type Engine, onnxEngine } from '../../../src/engine/index.ts';
import type { RunDataset } from '../../../src/training/index.ts';
import { startRun } from '../../../src/training/index.ts';
import type { FailedPoint, TrainedPoint } from '../../../src/training/ladder/ladder-file.ts';
import type { Trunk } from '../../../src/training/ladder/ladder-plan.ts';
import { forkStep, trunkSteps } from '../../../src/training/ladder/ladder-plan.ts';
import { trainTrunk } from '../../../src/training/ladder/train-trunk.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { closeDatasets, poisoned, quickPlan, smallDatasets, smallRecipe, smallRun } from '../support/small-training.ts';
import { smallTrunk, watched } from './small-ladder.ts';

let root: string;
let datasets: RunDataset[];
let engine: Engine;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'trunk-'));
  datasets = smallDatasets(root)
    .slice(0, 1)
    .map(({ dataset }) => ({ dataset, weight: 1 }));
  engine = await onnxEngine('cpu', { numThreads: 1 });
});
afterAll(() => {
  closeDatasets(datasets);
  rmSync(root, { recursive: true });
});

const recipe = smallRecipe();

function partsWith(used: Engine, more: { signal?: AbortSignal } = {}) {
  let numSteps = 0;
  const parts = {
    engine: used,
    recipe,
    dataset: (datasets[0] as RunDataset).dataset,
    clock: systemClock,
    memory: { availableBytes: 2e9, limit: 'none' },
    signal: more.signal,
    onWork: (kind: 'step' | 'evaluation') => {
      if (kind === 'step') numSteps += 1;
    },
  };
  return { parts, numSteps: () => numSteps };
}

/** All points of the small trunk, which several tests look at. */
let small: Awaited<ReturnType<typeof pointsOf>>;
beforeAll(async () => {
  small = await pointsOf(smallTrunk(), engine);
});

async function pointsOf(trunk: Trunk, used: Engine, isWanted = (_: number) => true) {
  const points: (TrainedPoint | FailedPoint)[] = [];
  const { parts, numSteps } = partsWith(used);
  for await (const point of trainTrunk(trunk, parts, isWanted)) points.push(point);
  return { points: points as TrainedPoint[], numSteps: numSteps() };
}

const withoutTimes = (points: readonly TrainedPoint[]) => points.map((point) => ({ ...point, durationMs: 0 }));

describe('a trunk with cool-downs', () => {
  test('gives at each length what a run of that length alone gives, to the bit: parameters and bits per byte', async () => {
    const trunk = smallTrunk({ seed: 5, lengths: runsEverything ? [15, 20, 30] : [15, 20] });
    const { engine: watching, measured } = watched(engine);
    const { parts } = partsWith(watching);
    let numPoints = 0;
    for await (const point of trainTrunk(trunk, parts, () => true)) {
      const ofTrunk = new Map(measured);
      const { numSteps, bitsPerByte } = point as TrainedPoint;
      const plan = quickPlan({
        size: { contextLength: 16, numLayers: 1, width: 16 },
        batch: { batchSize: 2, microBatchSize: 2, contextLength: 16, packing: 'stream', documentMask: false },
        numSteps,
        evaluation: { numFinalDocuments: 10, batchSize: 8 },
      });
      const folder = join(root, `alone-${numSteps}`);
      const options = await smallRun(folder, datasets, {
        engine: watching,
        recipe: { recipe, file: null },
        plan,
        seed: 5,
      });
      const alone = await startRun(options);
      expect(alone.numDocuments).toBe(10);
      expect(bitsPerByte, `${numSteps} steps`).toBe(alone.bitsPerByte);
      const names = Object.keys(recipe.model(plan.size).parameters);
      expect(names.length).toBeGreaterThan(5);
      for (const name of names) {
        expect(ofTrunk.get(name), `${name} after ${numSteps} steps`).toBeDefined();
        expect(measured.get(name), `${name} after ${numSteps} steps`).toEqual(ofTrunk.get(name));
      }
      numPoints += 1;
    }
    expect(numPoints).toBe(trunk.lengths.length);
  });

  test('trains what its lengths have in common once', () => {
    // 18 of 30 at the stable rate, and decays of 6, 8 and 12.
    expect(small.numSteps).toBe(18 + 6 + 8 + 12);
    expect(trunkSteps(smallTrunk())).toBe(small.numSteps);
  });

  test('gives the lengths that are still wanted as if all were trained', async () => {
    const last = await pointsOf(smallTrunk(), engine, (length) => length === 30);
    expect(withoutTimes(last.points)).toEqual(withoutTimes(small.points.slice(2)));
    const first = await pointsOf(smallTrunk(), engine, (length) => length === 15);
    expect(withoutTimes(first.points)).toEqual(withoutTimes(small.points.slice(0, 1)));
    expect(first.numSteps).toBe(15);
  });

  test('keeps a curve that rises in steps, sums the factors of the schedule and ends at the point itself', () => {
    const { points } = small;
    expect(points).toHaveLength(3);
    for (const { curve, numSteps, bitsPerByte } of points) {
      const steps = curve.map(([step]) => step);
      expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
      expect(steps).toContain(forkStep(recipe.schedule, numSteps));
      expect(steps.length).toBeGreaterThanOrEqual(7);
      expect(curve.at(-1)?.[0]).toBe(numSteps);
      expect(curve.at(-1)?.[2]).toBe(bitsPerByte);
    }
    // Warm-up 1/3 + 2/3 + 1, flat to step 9, then 1, 0.85, 0.7, 0.55, 0.4, 0.25.
    expect(points[0]?.curve.at(-1)?.[1]).toBeCloseTo(2 + 6 + 3.75, 12);
  });

  test('counts tokens, parameters and arithmetic of each length', () => {
    const { points } = small;
    const [a, b, c] = points;
    expect(points.map(({ numTokens }) => numTokens)).toEqual([480, 640, 960]);
    expect((c?.flops ?? 0) / (a?.flops ?? 1)).toBeCloseTo(2, 12);
    // A tied or untied table of 257 rows of 16.
    expect(b?.parameters.total).toBeGreaterThan(257 * 16);
    expect(b?.loss).toBeCloseTo((b?.bitsPerByte ?? 0) * Math.LN2 * bytesPerToken(), 6);
  });

  test('a length whose losses are no numbers is told with its reason, and so are those after it', async () => {
    let numRuns = 0;
    const broken = poisoned(engine, () => (++numRuns > 12 ? Number.NaN : undefined));
    const { points } = await pointsOf(smallTrunk(), broken);
    expect(points).toHaveLength(3);
    for (const point of points) expect(point).toMatchObject({ reason: expect.stringContaining('not finite') });
  });

  test('a schedule that falls from its beginning gives one length, all of it its own', async () => {
    const schedule = { kind: 'cosine', warmupSteps: 3, finalFactor: 0, decayShare: 0 } as const;
    const { points, numSteps } = await pointsOf(smallTrunk({ schedule, lengths: [20], canShare: false }), engine);
    expect(numSteps).toBe(20);
    expect(points[0]?.curve.map(([step]) => step)).toEqual([1, 2, 3, 7, 12, 16, 20]);
  });
});

function bytesPerToken(): number {
  const { validation } = (datasets[0] as RunDataset).dataset;
  return validation.numBytes / (validation.numTokens - validation.numDocuments);
}
