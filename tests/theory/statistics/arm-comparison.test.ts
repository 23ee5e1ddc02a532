import { describe, expect, test } from 'vitest';
import { GroundworkError, type RandomStream, randomStream } from '../../../src/core/index.ts';
import {
  type ArmRun,
  binomialQuantile,
  type CompareOptions,
  compareArms,
  mixtureEValue,
  pairedDifference,
  testDifference,
  welchDifference,
} from '../../../src/theory/index.ts';
import { chooseEstimates, type KnownNoise } from '../../../src/theory/statistics/arm-estimate.ts';
import { runsEverything } from '../../support/full-tests.ts';

const armOf = (values: readonly number[], firstSeed = 0): ArmRun[] =>
  values.map((value, i) => ({ seed: firstSeed + i, value }));
const a = armOf([1.1, 1.102, 1.101, 1.099, 1.1]);
const b = armOf([1.095, 1.098, 1.0965, 1.0945, 1.0951]);
const bank: KnownNoise = { sigma: 0.0012, degreesOfFreedom: 30, of: 'run', source: 'the noise bank of a test' };
const paired: CompareOptions = { canPair: true, unit: 'bits per byte' };
const unpaired: CompareOptions = { canPair: false, unit: 'bits per byte' };

describe('two arms', () => {
  test('are paired where the seeds match and the caller says that the data do', () => {
    const comparison = compareArms(a, [...b].reverse(), paired);
    const differences = b.map(({ value }, i) => value - (a[i]?.value ?? 0));
    const expected = testDifference(pairedDifference(differences));
    expect(comparison).toMatchObject({
      method: 'paired-t',
      numPairs: 5,
      outcome: 'b-is-better',
      signFlipPValue: 2 / 32,
    });
    expect(comparison.pValue).toBeCloseTo(expected.pValue, 12);
    expect(comparison.interval?.[0]).toBeCloseTo(expected.interval[0], 12);
    expect(comparison.difference).toBeCloseTo(-0.00458, 12);
  });

  test('are compared by Welch’s test where the data differ or the seeds do not match', () => {
    const expected = testDifference(
      welchDifference(
        a.map(({ value }) => value),
        b.map(({ value }) => value),
      ),
    );
    const byData = compareArms(a, b, unpaired);
    expect(byData).toMatchObject({ method: 'welch-t', numPairs: null, pValue: expected.pValue, signFlipPValue: null });
    expect(byData.notes.join(' ')).toContain('Data or evaluation of the arms differ');
    const bySeed = compareArms(
      a,
      b.map((run) => ({ ...run, seed: run.seed + 3 })),
      paired,
    );
    expect(bySeed).toMatchObject({ method: 'welch-t', pValue: expected.pValue });
    expect(bySeed.notes.join(' ')).toContain('no partner');
  });

  test('pair by a key of their own where one is given', () => {
    const keyed = b.map((run, i) => ({ seed: 100 + i, value: run.value, pair: String(run.seed) }));
    expect(compareArms(a, keyed, paired).pValue).toBe(compareArms(a, b, paired).pValue);
  });

  test('leave out runs of the larger arm that have no partner, and say so', () => {
    const comparison = compareArms(a, b.slice(0, 4), paired);
    expect(comparison).toMatchObject({ numPairs: 4, numRuns: [5, 4] });
    expect(comparison.notes).toContain('Left out for want of a partner in the other arm: 4.');
    expect(comparison.means[0]).toBeCloseTo(1.1005, 12);
  });

  test('of one run each say nothing unless the noise is known', () => {
    const blind = compareArms(a.slice(0, 1), b.slice(0, 1), paired);
    expect(blind).toMatchObject({
      method: 'none',
      outcome: 'unknown',
      pValue: null,
      interval: null,
      sequential: null,
      seeds: null,
    });
    expect(blind.verdict).toContain('Nothing can be said yet');
    const known = compareArms(a.slice(0, 1), b.slice(0, 1), { ...paired, noise: bank });
    expect(known).toMatchObject({ method: 'paired-known-noise', outcome: 'b-is-better', degreesOfFreedom: 30 });
    expect(known.standardError).toBeCloseTo(0.0012 * Math.SQRT2, 12);
    expect(known.notes[0]).toContain('known from the noise bank of a test');
    const single = compareArms(a.slice(0, 1), b, unpaired);
    expect(single.method).toBe('pooled-t');
  });

  test('use a bank up to four runs, their own noise from five on', () => {
    for (const num of [2, 3, 4]) {
      expect(compareArms(a.slice(0, num), b.slice(0, num), { ...unpaired, noise: bank }).method).toBe(
        'unpaired-known-noise',
      );
    }
    expect(compareArms(a, b, { ...unpaired, noise: bank }).method).toBe('welch-t');
    // The interval that may be looked at again and again counts the bank throughout.
    const own = compareArms(a, b, unpaired).sequential?.interval ?? [0, 0];
    const withBank = compareArms(a, b, { ...unpaired, noise: bank }).sequential?.interval ?? [0, 0];
    expect(withBank[1] - withBank[0]).toBeLessThan(own[1] - own[0]);
  });

  test('do not trust a bank that says much less noise than they show', () => {
    const quiet = { ...bank, sigma: 0.0001 };
    const comparison = compareArms(a.slice(0, 3), b.slice(0, 3), { ...unpaired, noise: quiet });
    expect(comparison.method).toBe('welch-t');
    expect(comparison.notes.join(' ')).toContain('scatter more widely than');
  });

  test('take a bank of pair differences for pairs only', () => {
    const noise: KnownNoise = { ...bank, sigma: 0.0006, of: 'pair-difference' };
    const ofPairs = compareArms(a.slice(0, 2), b.slice(0, 2), { ...paired, noise });
    expect(ofPairs).toMatchObject({ method: 'paired-known-noise' });
    expect(ofPairs.standardError).toBeCloseTo(0.0006 / Math.SQRT2, 12);
    expect(compareArms(a.slice(0, 2), b.slice(0, 2), { ...unpaired, noise }).method).toBe('welch-t');
  });

  test('decide by the sequential interval where one looks again and again', () => {
    const once = compareArms(a.slice(0, 3), b.slice(0, 3), paired);
    const any = compareArms(a.slice(0, 3), b.slice(0, 3), { ...paired, looks: 'any' });
    expect(once.outcome).toBe('b-is-better');
    expect(any.outcome).toBe('not-distinguished');
    expect(any.verdict).toContain('nothing is excluded yet');
    const five = compareArms(a, b, { ...paired, looks: 'any' });
    expect(five.outcome).toBe('b-is-better');
    expect(five.verdict).toContain('however often one looks');
    expect(five.sequential?.eValue).toBeGreaterThanOrEqual(20);
  });

  test('mirror each other, and higher may be better', () => {
    const forward = compareArms(a, b, paired);
    const backward = compareArms(b, a, paired);
    expect(backward.outcome).toBe('b-is-worse');
    expect(backward.difference).toBe(-forward.difference);
    expect(backward.pValue).toBeCloseTo(forward.pValue ?? 0, 14);
    expect(compareArms(a, b, { ...paired, isLowerBetter: false }).outcome).toBe('b-is-worse');
  });

  test('do not change by a shift of all values, and scale with their unit', () => {
    const changed = (arm: readonly ArmRun[]) => arm.map((run) => ({ ...run, value: 10 * run.value - 3 }));
    const [before, after] = [compareArms(a, b, paired), compareArms(changed(a), changed(b), paired)];
    expect(after.pValue).toBeCloseTo(before.pValue ?? 0, 10);
    expect(after.sequential?.eValue).toBeCloseTo(before.sequential?.eValue ?? 0, 6);
    expect(after.interval?.[0]).toBeCloseTo(10 * (before.interval?.[0] ?? 0), 10);
    expect(after.seeds?.numSeedsForObserved).toBe(before.seeds?.numSeedsForObserved);
  });

  test('plan for the observed difference and for a given one', () => {
    const { seeds } = compareArms(a, b, {
      ...unpaired,
      noise: { ...bank, degreesOfFreedom: Number.POSITIVE_INFINITY },
      detect: 0.001,
    });
    // Five runs each tell their own noise: 0.00129.
    expect(seeds?.sigma).toBeCloseTo(0.00129, 5);
    const few = compareArms(a.slice(0, 2), b.slice(0, 2), {
      ...unpaired,
      noise: { ...bank, degreesOfFreedom: Number.POSITIVE_INFINITY },
      detect: 0.001,
    });
    expect(few.seeds?.sigma).toBeCloseTo(0.0012, 12);
    // (1.96 + 0.84)²·2·(0.0012/0.001)² = 22.6
    expect(few.seeds?.numSeedsToDetect).toBe(23);
    expect(few.seeds?.detectable).toBeCloseTo(2.8015852 * 0.0012, 8);
    // Unlike arms count as they are, not as the smaller: two and five runs have a standard error of σ√(1/2 + 1/5).
    const unlike = compareArms(a.slice(0, 2), b, {
      ...unpaired,
      noise: { ...bank, degreesOfFreedom: Number.POSITIVE_INFINITY },
    });
    expect(unlike.seeds?.detectable).toBeCloseTo(2.8015852 * 0.0012 * Math.sqrt(0.7), 8);
  });

  test('show that a treatment is no worse than by a margin', () => {
    const worse = b.map((run) => ({ ...run, value: run.value + 0.0047 }));
    const comparison = compareArms(a, worse, { ...paired, margin: 0.001 });
    expect(comparison.outcome).toBe('not-distinguished');
    expect(comparison.noWorse).toMatchObject({ margin: 0.001, isShown: true });
    expect(comparison.verdict).toContain('worse by no more than 0.00100 is shown');
    expect(compareArms(b, a, { ...paired, margin: 0.001 }).noWorse?.isShown).toBe(false);
    // Where one looks again and again, at that level too.
    const looked = compareArms(a, worse, { ...paired, margin: 0.001, looks: 'any' }).noWorse;
    expect(looked?.isShown).toBe(false);
    expect(looked?.pValue).toBeGreaterThan(comparison.noWorse?.pValue ?? 1);
  });

  test('end in a plain sentence', () => {
    expect(compareArms(a, b, { ...paired, names: ['baseline', 'no QK norm'] }).verdict).toBe(
      'no QK norm is better than baseline: it lies lower by 0.00458 bits per byte, 95 % interval −0.00507 to −0.00409 ' +
        '(p < 0.0001; 5 pairs, paired t-test).',
    );
    const close = compareArms(a, armOf([1.0999, 1.1027, 1.1008, 1.0991, 1.0993]), unpaired);
    expect(close.verdict).toMatch(
      /^No difference between A and B was shown: B lies lower by 4\.00×10⁻⁵ bits per byte, 95 % interval −/,
    );
    expect(close.verdict).toMatch(
      /With 5 runs per arm a true difference of 0\.00\d+ is found 80 times in 100; one as small as that seen takes/,
    );
  });

  test('that are copies of each other are no evidence, and are named', () => {
    const comparison = compareArms(a, a, paired);
    expect(comparison).toMatchObject({ difference: 0, pValue: null, outcome: 'unknown', seeds: null });
    expect(comparison.notes.join(' ')).toContain('copies of each other');
    // Nor are copies of one run each that differ, also where the differences do so in their last digit.
    const lower = a.map((run) => ({ ...run, value: run.value - 0.1 }));
    for (const options of [paired, { ...paired, looks: 'any' as const }]) {
      const shifted = compareArms(a, lower, options);
      expect(shifted).toMatchObject({ pValue: null, outcome: 'unknown', sequential: null, noWorse: null });
      expect(shifted.verdict).toContain('do not scatter at all');
    }
    expect(compareArms(armOf([1, 1, 1]), armOf([2, 2, 2]), unpaired).outcome).toBe('unknown');
    expect(compareArms(a, a, { ...paired, noise: bank })).toMatchObject({ pValue: 1, outcome: 'not-distinguished' });
    const noise = { ...bank, sigma: 0 };
    expect(() => compareArms(a, b, { ...paired, noise })).toThrow(/known noise of 0/);
  });

  test('of a person’s mistakes are refused in plain words', () => {
    const cases: readonly (readonly [ArmRun[], string])[] = [
      [[], 'arm A has no runs'],
      [[{ seed: 1, value: Number.NaN }], 'the run with seed 1 of arm A has the value NaN'],
      [armOf([1, 2]).map((run) => ({ ...run, seed: 7 })), 'two runs with the key 7'],
    ];
    for (const [arm, message] of cases) {
      expect(() => compareArms(arm, b, paired)).toThrow(GroundworkError);
      expect(() => compareArms(arm, b, paired)).toThrow(message);
    }
  });
});

/** Two arms of one recipe: each seed brings noise that both share and noise of their own. */
function identicalArms(random: RandomStream, numRuns: number): readonly [ArmRun[], ArmRun[]] {
  const shared = Array.from({ length: numRuns }, () => 0.001 * random.nextNormal());
  const arm = () => armOf(shared.map((noise) => 1.2 + noise + 0.0012 * random.nextNormal()));
  return [arm(), arm()];
}

/** Standard deviation of a single run of `identicalArms`. */
const trueSigma = Math.hypot(0.001, 0.0012);

describe('arms of one recipe', () => {
  const numPairs = 200;
  const [fewest, most] = [binomialQuantile(0.005, numPairs, 0.05), binomialQuantile(0.995, numPairs, 0.05)];
  const kinds: Record<string, { readonly options: CompareOptions; readonly numRuns: number }> = {
    'paired t-tests': { options: { canPair: true }, numRuns: 5 },
    'Welch’s tests': { options: { canPair: false }, numRuns: 5 },
    'paired differences of known noise': {
      options: {
        canPair: true,
        noise: { sigma: 0.0012 * Math.SQRT2, degreesOfFreedom: 40, of: 'pair-difference', source: '' },
      },
      numRuns: 2,
    },
    'arms of known noise': {
      options: {
        canPair: false,
        noise: { sigma: trueSigma, degreesOfFreedom: Number.POSITIVE_INFINITY, of: 'run', source: '' },
      },
      numRuns: 3,
    },
  };

  const kindCases = Object.entries(kinds).map(([name, kind]) => ({ name, ...kind }));
  test.each(kindCases)('of 200 pairs of them $name call about 5 in 100 different', ({ name, options, numRuns }) => {
    const random = randomStream(41, name);
    let numDifferent = 0;
    for (let i = 0; i < numPairs; i++) {
      const [one, other] = identicalArms(random, numRuns);
      // Arms that are not paired have noise of their own only.
      const second = options.canPair ? other : identicalArms(random, numRuns)[1];
      const { fixed } = chooseEstimates(one, second, options);
      if (fixed !== null && testDifference(fixed).pValue <= 0.05) numDifferent += 1;
    }
    expect(numDifferent).toBeGreaterThanOrEqual(fewest);
    expect(numDifferent).toBeLessThanOrEqual(most);
  });

  const bankOfRuns: KnownNoise = { sigma: trueSigma, degreesOfFreedom: 20, of: 'run', source: '' };
  const sequentialCases: { name: string; options: CompareOptions }[] = [
    { name: 'pairs', options: { canPair: true } },
    { name: 'arms', options: { canPair: false } },
    { name: 'pairs with a bank', options: { canPair: true, noise: bankOfRuns } },
    { name: 'arms with a bank', options: { canPair: false, noise: bankOfRuns } },
  ];
  test.each(sequentialCases)(
    'of 200 looked at after every seed the sequential test calls at most 5 in 100 different: $name',
    ({ name, options }) => {
      const random = randomStream(42, name);
      let [numDifferent, numPeeked] = [0, 0];
      for (let i = 0; i < numPairs; i++) {
        const [one, other] = identicalArms(random, 12);
        const second = options.canPair ? other : identicalArms(random, 12)[1];
        const estimates = Array.from({ length: 12 }, (_, k) =>
          chooseEstimates(one.slice(0, k + 1), second.slice(0, k + 1), options),
        );
        if (estimates.some(({ sequential }) => sequential !== null && mixtureEValue(sequential) >= 20))
          numDifferent += 1;
        if (name === 'pairs' && estimates.some(({ fixed }) => fixed !== null && testDifference(fixed).pValue <= 0.05))
          numPeeked += 1;
      }
      expect(numDifferent).toBeLessThanOrEqual(binomialQuantile(0.995, numPairs, 0.05));
      // What the plain test would have done, looked at as often.
      if (name === 'pairs') expect(numPeeked).toBeGreaterThan(2 * most);
    },
  );

  test('the front door decides as its parts do', () => {
    const random = randomStream(43, 'front door');
    for (let i = 0; i < (runsEverything ? 30 : 3); i++) {
      const [one, other] = identicalArms(random, 8);
      for (const num of [2, 4, 8]) {
        const [first, second] = [one.slice(0, num), other.slice(0, num)];
        const { fixed, sequential } = chooseEstimates(first, second, { canPair: true });
        const once = compareArms(first, second, { canPair: true });
        expect(once.outcome !== 'not-distinguished').toBe(fixed !== null && testDifference(fixed).pValue <= 0.05);
        const any = compareArms(first, second, { canPair: true, looks: 'any' });
        expect(any.outcome !== 'not-distinguished').toBe(sequential !== null && mixtureEValue(sequential) >= 20);
      }
    }
  });
});
