import { describe, expect, test } from 'vitest';
import { scheduleFactor } from '../../../src/optimizer/index.ts';
import { defineRecipe, type Recipe, recipeNamed } from '../../../src/recipe/index.ts';
import {
  forkStep,
  type LadderRequest,
  planLadder,
  seedsOnRung,
  type Trunk,
  trunkSteps,
} from '../../../src/training/ladder/ladder-plan.ts';
import { draftRun } from '../../../src/training/plan-draft.ts';
import { pricedSizes } from '../../../src/training/size-prices.ts';
import { smallTrunk } from './small-ladder.ts';

const text = { vocabularySize: 8192, uniqueTokens: 2.2e6, numValidationDocuments: 1000, numValidationTokens: 1.5e5 };
const baseline = recipeNamed('baseline');
const request: LadderRequest = { flops: [2.5e11, 8e12], budgetMs: null, numRungs: 4, numSeeds: 3, contextLength: null };
const planned = (changes: Partial<LadderRequest> = {}, recipe: Recipe = baseline) =>
  planLadder({ ...request, ...changes }, { recipe, text, sizes: pricedSizes(recipe, {}, text.vocabularySize) });

const flopsOf = ({ lengths, estimatedFlopsPerStep }: Trunk) => (lengths.at(-1) ?? 0) * estimatedFlopsPerStep;

describe('the plan of a ladder', () => {
  const plan = planned();

  test('spaces the compute of its rungs evenly, from the first to the last that were asked for', () => {
    const computes = plan.trunks.filter(({ seed }) => seed === 0).map(flopsOf);
    for (const rung of [0, 1, 2, 3]) {
      const wanted = 2.5e11 * 32 ** (rung / 3);
      expect(
        computes.filter((flops) => Math.abs(flops / wanted - 1) < 0.02).length,
        `rung ${rung + 1}`,
      ).toBeGreaterThan(0);
    }
    expect(Math.max(...computes)).toBeLessThan(8.2e12);
  });

  test('has on each rung the size that a run of that compute would have, and its neighbours at equal compute', () => {
    const sizes = pricedSizes(baseline, {}, text.vocabularySize);
    const facts = { text, sizes, workPerMs: 1, spentMs: 0 };
    const { candidate } = draftRun({ budget: { kind: 'flops', flops: 8e12 }, contextLength: 128 }, facts);
    const last = plan.trunks.filter(({ rung }) => rung === 4);
    const [own, ...neighbours] = last;
    expect({ numLayers: own?.numLayers, width: own?.width }).toEqual(candidate);
    expect(own?.lengths).toHaveLength(3);
    const widths = sizes.map(({ width }) => width);
    const at = widths.indexOf(candidate.width);
    expect(neighbours.map(({ width }) => width).sort((a, b) => a - b)).toEqual([widths[at - 1], widths[at + 1]]);
    for (const { lengths } of neighbours) expect(lengths).toHaveLength(2);
    for (const trunk of last) expect(flopsOf(trunk) / 8e12).toBeCloseTo(1, 1);
  });

  test('gives each trunk lengths that double', () => {
    for (const { lengths, rung } of plan.trunks.filter((trunk) => trunk.rung >= 3)) {
      for (const [i, length] of lengths.entries()) {
        if (i > 0) expect(length / (lengths[i - 1] ?? 1), `rung ${rung}`).toBeCloseTo(2, 1);
      }
    }
  });

  test('repeats the lower half with all seeds and those above with fewer, the same seeds everywhere', () => {
    expect([0, 1, 2, 3].map((rung) => seedsOnRung(rung, 4, 3))).toEqual([3, 3, 2, 1]);
    expect([0, 1, 2, 3, 4].map((rung) => seedsOnRung(rung, 5, 5))).toEqual([5, 5, 5, 3, 1]);
    expect([0, 1].map((rung) => seedsOnRung(rung, 2, 4))).toEqual([4, 1]);
    expect([0, 1, 2].map((rung) => seedsOnRung(rung, 3, 1))).toEqual([1, 1, 1]);
    for (const { rung, seed } of plan.trunks) expect(seed).toBeLessThan(seedsOnRung(rung - 1, 4, 3));
  });

  test('trains the whole ladder with the first seed before any seed again', () => {
    const seeds = plan.trunks.map(({ seed }) => seed);
    expect(seeds).toEqual([...seeds].sort((a, b) => a - b));
    const rungs = plan.trunks.filter(({ seed }) => seed === 0).map(({ rung }) => rung);
    expect(rungs).toEqual([...rungs].sort((a, b) => a - b));
  });

  test('trains no point twice: what begins alike on two rungs is one trunk', () => {
    const keys = plan.trunks.flatMap(({ numLayers, width, batchSize, seed, lengths }) =>
      lengths.map((length) => `${numLayers}x${width} ${batchSize} ${seed} ${length}`),
    );
    expect(new Set(keys).size).toBe(keys.length);
    const trunks = plan.trunks.map(
      ({ numLayers, width, batchSize, seed }) => `${numLayers}x${width} ${batchSize} ${seed}`,
    );
    expect(new Set(trunks).size).toBe(trunks.length);
  });

  test('has at least three sizes, so that both exponents can be told, and no warning', () => {
    expect(new Set(plan.trunks.map(({ width }) => width)).size).toBeGreaterThanOrEqual(4);
    expect(plan.warnings).toEqual([]);
  });

  test('warns of a text that is read many times', () => {
    const sizes = pricedSizes(baseline, {}, text.vocabularySize);
    const { warnings } = planLadder(request, { recipe: baseline, text: { ...text, uniqueTokens: 2e5 }, sizes });
    expect(warnings[0]).toMatch(/The longest training reads the text [\d.]+ times/);
  });

  test('gives each length a trunk of its own where the schedule falls from its beginning', () => {
    const { trunks } = planned({ numSeeds: 1, flops: [1e13, 1e14] }, recipeNamed('gpt2'));
    for (const { lengths, canShare } of trunks) {
      expect(lengths).toHaveLength(1);
      expect(canShare).toBe(false);
    }
  });

  test('gives each length a trunk of its own where the optimizer follows the length of the run', () => {
    const follows = defineRecipe({
      ...baseline,
      optimizer: (extent) => {
        const { groups, clipNorm } = baseline.optimizer(extent);
        return { groups: groups.map((group) => ({ ...group, learningRate: 1 / extent.numSteps })), clipNorm };
      },
    });
    for (const { lengths } of planned({ numSeeds: 1 }, follows).trunks) expect(lengths).toHaveLength(1);
    // Rungs so low that sizes have one length on each, which that of the next could join.
    const { trunks } = planned({ numSeeds: 1, numRungs: 4, flops: [2e11, 6e11] }, follows);
    const sizes = trunks.map(({ numLayers, width, batchSize }) => `${numLayers}x${width} ${batchSize}`);
    expect(new Set(sizes).size).toBeLessThan(sizes.length);
    for (const { lengths } of trunks) expect(lengths).toHaveLength(1);
  });

  test('refuses ends in the wrong order, and compute that is too small', () => {
    expect(() => planned({ flops: [8e12, 2.5e11] })).toThrow(/from 8\.00 T to 250 G FLOPs, expected it to rise/);
    expect(() => planned({ flops: [1e6, 1e8] })).toThrow(/no size can be trained on it for 100 steps/);
  });
});

describe('the steps of a trunk', () => {
  const trunk = smallTrunk({ lengths: [20, 40] });

  test('begin a cool-down where the factor of a run of that length first falls', () => {
    for (const length of [15, 20, 37, 40]) {
      const fork = forkStep(trunk.schedule, length);
      const factors = Array.from({ length }, (_, step) => scheduleFactor(trunk.schedule, step, length));
      expect(factors[fork + 1]).toBeLessThan(1);
      for (let step = 3; step <= fork; step++) expect(factors[step]).toBe(1);
    }
  });

  test('are those of the longest stable part and of each decay', () => {
    expect(trunkSteps(trunk)).toBe(24 + 8 + 16);
  });
});
