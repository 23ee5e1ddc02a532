import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { compareByArms, comparisonRecord } from '../../../src/training/comparison/comparison.ts';
import { armTexts, noiseSentence } from '../../../src/training/comparison/comparison-text.ts';
import { planSeeds } from '../../../src/training/comparison/seed-outlook.ts';
import { digest } from '../run/small-run.ts';
import { arm, comparedRun, smallLadder } from './compared-runs.ts';

const compare = (...[runs, options]: [Parameters<typeof compareByArms>[1], Parameters<typeof compareByArms>[2]?]) =>
  compareByArms(nodeFileSystem, runs, options);

const base = [2.291, 2.294, 2.289, 2.296, 2.292];

describe('a comparison by arms', () => {
  test('is made of pairs where seeds and data match, and finds what single runs would hide', () => {
    const random = randomStream(0, 'noise');
    // Each seed moves both arms alike by 0.05; the treatment is better by 0.004.
    const shifts = base.map(() => 0.05 * random.nextNormal());
    const runs = [
      ...arm(shifts.map((shift) => 2.3 + shift + 0.0005 * random.nextNormal())),
      ...arm(
        shifts.map((shift) => 2.296 + shift + 0.0005 * random.nextNormal()),
        { learningRate: 0.002 },
      ),
    ];
    const [result] = compare(runs).results;
    expect(result?.comparison).toMatchObject({ method: 'paired-t', numPairs: 5, outcome: 'b-is-better' });
    expect(result?.isShown).toBe(true);
    expect(result?.comparison.difference).toBeCloseTo(-0.004, 2);
    // The same runs with the data in another order.
    const unpaired = runs.map((run, i) =>
      i < 5 ? run : { ...run, manifest: { ...run.manifest, batchesFingerprint: digest('8') } },
    );
    expect(compare(unpaired).results[0]?.comparison).toMatchObject({ method: 'welch-t', outcome: 'not-distinguished' });
  });

  test('says in what the arms differ', () => {
    const [result] = compare([...arm(base), ...arm(base, { learningRate: 0.004 })]).results;
    expect(result?.differences).toEqual({
      treatment: ['optimizer.groups.0.learningRate: 0.001 → 0.004'],
      conditions: [],
    });
  });

  test('of several arms tells apart what one test would claim and what all of them together support', () => {
    // One arm that a single test calls different, among eight that are the same.
    const near = base.map((value, i) => value - 0.0031 + 0.001 * (i % 2));
    const arms = [0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008].map((learningRate, k) =>
      arm(
        base.map((value, i) => value + 0.003 * Math.sin(7 * k + 3 * i)),
        { learningRate },
      ),
    );
    const { results } = compare([...arm(base), ...arm(near, { learningRate: 0.1 }), ...arms.flat()]);
    expect(results).toHaveLength(8);
    const p = results.map(({ comparison }) => comparison.pValue ?? 1);
    const adjusted = results.map(({ adjustedPValue }) => adjustedPValue ?? 1);
    expect(adjusted[0]).toBeCloseTo(8 * Math.min(...p), 10);
    for (const [i, value] of adjusted.entries()) expect(value).toBeGreaterThanOrEqual(p[i] ?? 0);
  });

  test('uses the noise that a ladder on the same text has measured where the arms are too few to tell theirs', () => {
    const runs = [...arm([2.3]), ...arm([2.27], { learningRate: 0.002 })];
    const without = compare(runs);
    expect(without.results[0]?.comparison.outcome).toBe('unknown');
    const known = compare(runs, { ladders: [smallLadder()] });
    expect(known.noise?.sigma).toBeGreaterThan(0.001);
    expect(known.noise?.sigma).toBeLessThan(0.004);
    expect(known.results[0]?.comparison).toMatchObject({ method: 'paired-known-noise', outcome: 'b-is-better' });
    // That of another text is told, and not used.
    const other = compare(runs, { ladders: [smallLadder({ fingerprint: digest('f') })] });
    expect(other.results[0]?.comparison.outcome).toBe('unknown');
    expect(noiseSentence(other.noise)).toContain('measured on another text');
  });

  test('tells what a difference is worth from two lengths of the baseline, which is then no arm of its own', () => {
    // The baseline falls by 0.1 when its length doubles; the treatment is better by 0.05 at the shorter one: half a doubling.
    const wiggle = [0, 0.001, -0.001];
    const short = arm(wiggle.map((w) => 2.3 + w));
    const long = arm(
      wiggle.map((w) => 2.2 - w),
      { numSteps: 40, name: undefined as never },
    );
    const better = arm(
      wiggle.map((w) => 2.25 + w),
      { learningRate: 0.002 },
    );
    const comparison = compare([
      ...short,
      ...long.map((run, i) => ({ ...run, folder: `runs/long-${i}`, manifest: { ...run.manifest, name: `long-${i}` } })),
      ...better,
    ]);
    expect(comparison.lengths.map(({ name }) => name)).toEqual(['long']);
    expect(comparison.results).toHaveLength(1);
    const { tokens, flops, seconds, source } = comparison.results[0]?.multipliers ?? {};
    expect(tokens?.multiplier).toBeCloseTo(Math.SQRT2, 6);
    expect(flops?.multiplier).toBeCloseTo(Math.SQRT2, 6);
    // All took the same time, so there is no slope in seconds.
    expect(seconds).toBeNull();
    expect(source).toContain('From the baseline at two lengths, rate0.001 (2.3000) and long (2.2000).');
    // Two lengths and nothing else are what is asked about.
    expect(compare([...short, ...long]).results[0]?.differences.treatment).toEqual(['numSteps: 20 → 40']);
  });

  test('tells what it is worth from the law of a ladder where the baseline has one length', () => {
    // 1,280 tokens; the law falls by 40·(1280^−0.4 − 2560^−0.4) when they double.
    const gain = 40 * (1280 ** -0.4 - 2560 ** -0.4);
    const runs = [
      ...arm(base),
      ...arm(
        base.map((value) => value - gain + 1e-4 * (value - 2.3)),
        { learningRate: 0.002, trainingMs: 200 },
      ),
    ];
    const { multipliers } = compare(runs, { ladders: [smallLadder({ sigma: 1e-5 })] }).results[0] ?? {};
    expect(multipliers?.tokens.multiplier).toBeCloseTo(2, 1);
    expect(multipliers?.flops.multiplier).toBeCloseTo(2, 1);
    // Its steps take twice as long.
    expect(multipliers?.seconds?.multiplier).toBeCloseTo(1, 1);
    expect(multipliers?.source).toContain('the law of the ladder small-ladder');
  });

  test('margin and difference to plan for go into the sentences', () => {
    const runs = [
      ...arm(base),
      ...arm(
        base.map((value, i) => value + 1e-4 * (i - 2)),
        { learningRate: 0.002 },
      ),
    ];
    const comparison = compare(runs, { margin: 0.01, detect: 0.001 });
    expect(comparison.results[0]?.comparison.noWorse?.isShown).toBe(true);
    const [text] = armTexts(comparison);
    expect(text?.heading).toBe('rate0.002 beside rate0.001');
    expect(text?.sentences.join(' ')).toMatch(/worse by no more than 0.0100 is shown/);
    expect(text?.sentences.join(' ')).toMatch(/The difference that was asked about takes \d+ pairs\./);
  });

  test('where one looks after every run, what holds however often one looks decides', () => {
    const runs = [...arm([2.3, 2.301]), ...arm([2.295, 2.2963], { learningRate: 0.002 })];
    const once = compare(runs, { ladders: [smallLadder()] });
    const often = compare(runs, { ladders: [smallLadder()], looks: 'any' });
    expect(often.results[0]?.adjustedPValue ?? 0).toBeGreaterThan(once.results[0]?.adjustedPValue ?? 1);
  });

  test('as plain data holds no manifests, and nothing that JSON cannot say', () => {
    const record = comparisonRecord(compare([...arm(base), ...arm(base, { learningRate: 0.002 })]));
    expect(JSON.stringify(record)).not.toContain('programHash');
    expect(record.results[0]?.arm.runs).toHaveLength(5);
  });
});

describe('the outlook on seeds', () => {
  test('asks for more runs the smaller the difference, and for fewer in pairs', () => {
    const outlook = (difference: number) => planSeeds([smallLadder()], { difference, flops: 6e7, runs: [] });
    const counts = [0.01, 0.005, 0.002].map((difference) => outlook(difference).numSeeds ?? 0);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts[2]).toBeGreaterThan(counts[0] ?? 0);
    const { numPairs, numSeeds, detectable } = outlook(0.002);
    expect(numPairs).toBeLessThanOrEqual(numSeeds ?? 0);
    // What it says can be found with so many runs takes so many runs.
    for (const one of detectable) expect(outlook(one.difference * 1.0001).numSeeds).toBeLessThanOrEqual(one.numSeeds);
  });

  test('takes the compute from a run, and says so where there is neither compute nor ladder', () => {
    const run = comparedRun({ numSteps: 30 });
    expect(planSeeds([smallLadder()], { difference: 0.01, flops: undefined, runs: [run] }).flops).toBe(3e7);
    const noFlops = () => planSeeds([smallLadder()], { difference: 0.01, flops: undefined, runs: [] });
    expect(noFlops).toThrow(expect.objectContaining({ code: 'usage' }));
    const noLadder = () => planSeeds([], { difference: 0.01, flops: 1e9, runs: [] });
    expect(noLadder).toThrow(expect.objectContaining({ code: 'file-not-found' }));
  });
});
