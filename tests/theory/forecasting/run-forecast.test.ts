import { describe, expect, test } from 'vitest';
import {
  type Difference,
  effectiveAmount,
  type Forecast,
  forecastNotes,
  forecastRun,
  forecastSchema,
  forecastSentence,
  type LadderLaw,
  type LadderRecord,
  lossOf,
} from '../../../src/theory/index.ts';
import { type SubjectChanges, smallSubject } from './small-subject.ts';
import { syntheticExcess, syntheticLadder, syntheticLaw } from './synthetic-ladder.ts';

const ladder = syntheticLadder();
const registeredAt = '2026-11-23T15:00:00.000Z';
/** Each ladder is fitted once. */
const laws = new Map<LadderRecord, LadderLaw>();
const forecastOf = (changes: SubjectChanges = {}, records: readonly LadderRecord[] = [ladder]): Forecast =>
  forecastRun(smallSubject(changes), { records, registeredAt, laws });
const differencesOf = (changes: SubjectChanges): readonly Difference[] => forecastOf(changes).basis?.differences ?? [];
const causesOf = (changes: SubjectChanges) => differencesOf(changes).map(({ cause }) => cause);
/** What the law that made the ladder says of the small run. */
const truth = lossOf(syntheticLaw, 3_900_000, effectiveAmount(1500 * 2048, 2_000_000));
const half = (range: readonly [number, number] | undefined) => Math.log((range?.[1] ?? 0) / (range?.[0] ?? 1)) / 2;

describe('the forecast of a run on the text of a ladder', () => {
  const forecast = forecastOf();

  test('has the loss of the law that made the ladder within its interval of 95 %, by half of a per cent', () => {
    const { value = 0, interval95 = [0, 0] } = forecast.bitsPerByte ?? {};
    expect(Math.abs(value / truth - 1)).toBeLessThan(0.01);
    expect(interval95[0]).toBeLessThan(truth);
    expect(interval95[1]).toBeGreaterThan(truth);
  });

  test('is what its schema says, also after a journey through JSON', () => {
    expect(forecastSchema.parse(JSON.parse(JSON.stringify(forecast)))).toEqual(forecast);
  });

  test('says where it is known from, how far that reaches, and nothing of differences that there are not', () => {
    expect(forecast.basis).toMatchObject({
      ladder: 'baseline-presidents',
      convention: 'matmul',
      numPoints: 18,
      scale: 1,
    });
    const largest = Math.max(...ladder.points.map(({ flops }) => flops));
    expect(forecast.basis?.extrapolation).toBeCloseTo(smallSubject().flops / largest, 9);
    expect(causesOf({})).toEqual(['extrapolation']);
    expect(forecast.basis?.seedDeviation).toBeGreaterThan(0.0005);
    expect(forecast.basis?.seedDeviation).toBeLessThan(0.005);
  });

  test('counts tokens that are read again as what they are worth', () => {
    const { bitsPerByte: often } = forecastOf({ uniqueTokens: 500_000 });
    const { bitsPerByte: once } = forecastOf({ uniqueTokens: 1e9 });
    expect(often?.value).toBeGreaterThan(forecast.bitsPerByte?.value ?? 0);
    expect(once?.value).toBeLessThan(forecast.bitsPerByte?.value ?? 0);
  });

  test('is a sentence that a person can read', () => {
    expect(forecastSentence(forecast)).toMatch(
      /^1\.\d{2,3} bits per byte \(four times in five between 1\.\d{2,3} and 1\.\d{2,3}\) in 2 min 40 s with 400 MB$/,
    );
  });
});

describe('the curve of a forecast', () => {
  const { curve, bitsPerByte } = forecastOf();

  test('has about twelve steps, rising, and ends with the forecast itself', () => {
    expect(curve.length).toBeGreaterThanOrEqual(10);
    expect(curve.map(({ step }) => step)).toEqual([...new Set(curve.map(({ step }) => step))].sort((a, b) => a - b));
    expect(curve.at(-1)).toEqual({ step: 1500, bitsPerByte });
  });

  test('follows runs whose rate has not fallen yet: above the law, and down to it as it falls', () => {
    for (const { step, bitsPerByte: at } of curve) {
      const left = step <= 750 ? 1 : 1 - (step - 1 - 750) / 750;
      const law = lossOf(syntheticLaw, 3_900_000, effectiveAmount(step * 2048, 2_000_000));
      const expected = law * (1 + syntheticExcess * (step === 1500 ? 0 : left));
      expect(Math.abs(at.value / expected - 1), `step ${step}`).toBeLessThan(0.015);
      expect(at.interval95[0]).toBeLessThan(expected);
      expect(at.interval95[1]).toBeGreaterThan(expected);
    }
  });

  test('never lies above a model that gives all tokens the same probability', () => {
    const short = forecastOf({ numSteps: 20, numTokens: 20 * 2048 }).curve;
    const uniform = Math.log2(8192) / (680_000 / 161_000);
    for (const { bitsPerByte: at } of short.slice(0, -1)) expect(at.value).toBeLessThanOrEqual(uniform);
  });

  test('spreads what a decay is worth over a schedule that the ladder did not have', () => {
    const constant = forecastOf({ scheduleFactor: () => 1 });
    const excess = (constant.curve[4]?.bitsPerByte.value ?? 0) / (constant.curve.at(-1)?.bitsPerByte.value ?? 1);
    expect(excess).toBeGreaterThan(1);
    expect(constant.basis?.differences[0]?.cause).toBe('schedule');
  });
});

describe('a forecast without a law of its own', () => {
  const other = { name: 'letters', fingerprint: 'd'.repeat(64), bigramBitsPerByte: 1.51 * 1.2 };

  test('on another text is scaled by what a bigram model reaches, with a wider interval, and says so', () => {
    const known = forecastOf();
    const carried = forecastOf({ corpus: other });
    expect((carried.bitsPerByte?.value ?? 0) / (known.bitsPerByte?.value ?? 1)).toBeCloseTo(1.2, 6);
    expect(half(carried.bitsPerByte?.interval80)).toBeGreaterThan(0.1);
    expect(half(carried.bitsPerByte?.interval95)).toBeGreaterThan(0.2);
    expect(carried.basis?.differences[0]).toMatchObject({
      cause: 'data',
      text: expect.stringContaining('not on letters'),
    });
  });

  test('counts tokens that hold fewer bytes for less', () => {
    const same = forecastOf({ corpus: other });
    const small = forecastOf({ corpus: { ...other, bytesPerToken: 2 } });
    expect(small.bitsPerByte?.value).toBeGreaterThan(same.bitsPerByte?.value ?? 0);
  });

  test('on another text of which nothing is known says nothing, and why', () => {
    const unknown = forecastOf({ corpus: { ...other, bigramBitsPerByte: null } });
    expect(unknown).toMatchObject({ bitsPerByte: null, basis: null, curve: [] });
    expect(unknown.assumptions[0]).toMatch(/No ladder was measured on letters.* would take too long/);
    expect(forecastSentence(unknown)).toMatch(/^nothing can be said of the bits per byte; the run ends in 2 min 40 s/);
  });

  test('with another recipe takes the law of the same text, wider', () => {
    const changed = forecastOf({ recipe: { name: 'mine', sha256: 'e'.repeat(64) } });
    expect(changed.bitsPerByte?.value).toBe(forecastOf().bitsPerByte?.value);
    expect(half(changed.bitsPerByte?.interval80)).toBeGreaterThan(0.06);
    expect(changed.basis?.differences[0]).toMatchObject({
      cause: 'recipe',
      text: expect.stringContaining('not with mine'),
    });
  });

  test('prefers the text to the recipe, and of other texts the one that is as hard', () => {
    const far = syntheticLadder({ name: 'far', fingerprint: '1'.repeat(64), bigramBitsPerByte: 3 });
    const near = syntheticLadder({ name: 'near', fingerprint: '2'.repeat(64), bigramBitsPerByte: 1.9 });
    const otherRecipe = syntheticLadder({ name: 'gpt2-presidents', recipeSha256: '3'.repeat(64) });
    expect(forecastOf({}, [far, near, otherRecipe]).basis?.ladder).toBe('gpt2-presidents');
    expect(forecastOf({}, [far, near, otherRecipe, ladder]).basis?.ladder).toBe('baseline-presidents');
    expect(forecastOf({ corpus: other }, [far, near]).basis?.ladder).toBe('near');
  });

  test('where two texts were measured, its width is what such a transfer was found to be off by', () => {
    const scaled = { ...syntheticLaw, E: syntheticLaw.E * 1.3, A: syntheticLaw.A * 1.3, B: syntheticLaw.B * 1.3 };
    const twin = syntheticLadder({
      name: 'twin',
      fingerprint: '4'.repeat(64),
      law: scaled,
      bigramBitsPerByte: 1.51 * 1.3,
      seed: 2,
    });
    const off = syntheticLadder({
      name: 'off',
      fingerprint: '5'.repeat(64),
      law: scaled,
      bigramBitsPerByte: 1.51,
      seed: 2,
    });
    const width = (records: readonly LadderRecord[]) =>
      half(forecastOf({ corpus: other }, records).bitsPerByte?.interval80);
    expect(width([ladder, twin])).toBeLessThan(0.06);
    expect(width([ladder, off])).toBeGreaterThan(0.1);
    const told = (records: readonly LadderRecord[]) => forecastOf({ corpus: other }, records).assumptions.join(' ');
    expect(told([ladder])).toContain('was not measured yet: the interval has room for 13 % either way');
    expect(told([ladder, off])).toMatch(/a law missed by up to 3\d %/);
  });

  test('with no ladder at all has time and memory, and says what is missing', () => {
    const none = forecastOf({}, []);
    expect(none.durationMs.value).toBe(160_000);
    expect(none.peakMemoryBytes.value).toBe(400_000_000);
    expect(none.assumptions[0]).toContain('No ladder has been measured yet');
  });

  test('with a ladder of too few points says that it gives no law', () => {
    const short = { ...ladder, points: ladder.points.slice(0, 3) };
    expect(forecastOf({}, [short]).assumptions[0]).toMatch(/baseline-presidents gives no law: .*3 points/);
  });

  test('with a ladder of too few points beside one that is far enough goes by that one, and says so', () => {
    const begun = syntheticLadder({ name: 'begun', fingerprint: 'd'.repeat(64) });
    const short = { ...begun, points: begun.points.slice(0, 3) };
    // On its own text, and on a third one, where its law is missing among those that are held against each other.
    for (const fingerprint of ['d', 'e']) {
      const { basis, assumptions } = forecastOf({ corpus: { ...other, fingerprint: fingerprint.repeat(64) } }, [
        ladder,
        short,
      ]);
      expect(basis?.ladder).toBe('baseline-presidents');
      expect(/begun gives no law: .*3 points/.test(assumptions.join(' '))).toBe(fingerprint === 'd');
    }
  });
});

describe('what a run differs in from its ladder is registered with what theory says of it', () => {
  test('a schedule that falls less, with what that costs', () => {
    const [difference] = differencesOf({ scheduleFactor: () => 1 });
    expect(difference?.cause).toBe('schedule');
    expect(difference?.effect).toBeGreaterThan(0.6 * syntheticExcess);
    expect(difference?.effect).toBeLessThan(1.5 * syntheticExcess);
  });

  test('a learning rate four times as high costs more than one of twice', () => {
    const recipe = (ratio: number) => ({
      sha256: 'f'.repeat(64),
      learningRateRatios: new Map([['b'.repeat(64), new Map([['matrix', ratio]])]]),
    });
    const of = (ratio: number) =>
      differencesOf({ recipe: recipe(ratio) }).find(({ cause }) => cause === 'learning-rate');
    expect(of(4)?.effect).toBeCloseTo(4 * (of(2)?.effect ?? 0), 9);
    expect(of(4)?.text).toContain('4 times that of baseline');
    expect(of(1 / 4)?.text).toContain('1/4 of that of baseline');
    expect(of(1.01)).toBeUndefined();
  });

  test('a batch far from those of the ladder', () => {
    expect(causesOf({ batchTokens: 2048 * 16 })).toContain('batch');
    expect(causesOf({ batchTokens: 2048 / 8 })).toContain('batch');
    expect(causesOf({})).not.toContain('batch');
  });

  test('a text that is read more often than the ladder read its own', () => {
    const [repeated] = differencesOf({ uniqueTokens: 100_000 }).filter(({ cause }) => cause === 'repetition');
    expect(repeated?.text).toContain('31 times');
    expect(repeated?.text).toContain('beyond 16 times');
    expect(repeated?.effect).toBeGreaterThan(0);
    expect(causesOf({ uniqueTokens: 1e8 })).not.toContain('repetition');
  });

  test('once more over a text is no number of times, and compute a hair beyond the ladder is none', () => {
    const [first] = ladder.points;
    const unread = { ...ladder, corpus: { ...ladder.corpus, uniqueTokens: 1e9 } };
    const texts = (changes: SubjectChanges) =>
      (forecastOf(changes, [unread]).basis?.differences ?? []).map(({ text }) => text).join(' ');
    expect(texts({ uniqueTokens: 1500 * 2048 * 0.99 })).toContain(
      'The text is read once, in the ladder less than once',
    );
    const largest = Math.max(...ladder.points.map(({ flops }) => flops));
    expect(texts({ flops: 1.03 * largest })).not.toContain('the compute of the largest');
    expect(texts({ flops: 0.98 * (first?.flops ?? 0) })).not.toContain('the compute of the smallest');
    expect(texts({ flops: 1.5 * largest })).toContain('1.5 times the compute of the largest');
  });

  test('a run smaller than what the law was fitted to, though the ladder has trainings as small', () => {
    // The smallest of its trainings follow another law.
    const least = Math.min(...ladder.points.map(({ flops }) => flops));
    const largest = Math.max(...ladder.points.map(({ flops }) => flops));
    const bend = (flops: number) => Math.max(1, largest / 16 / flops) ** 0.3;
    const bent = {
      ...ladder,
      points: ladder.points.map((point) => ({ ...point, bitsPerByte: bend(point.flops) * point.bitsPerByte })),
    };
    const { basis } = forecastOf({ flops: 1.5 * least }, [bent]);
    expect(basis?.numPoints).toBeLessThan(ladder.points.length);
    expect(basis?.measured.flops[0]).toBeGreaterThan(1.5 * least);
    expect(basis?.differences.at(-1)?.text).toContain(
      'of the compute of the smallest training that the law was fitted to',
    );
  });

  test('a mixture of texts', () => {
    expect(differencesOf({ corpus: { isMixture: true } })[0]?.text).toContain('trains on a mixture');
  });
});

describe('time and memory', () => {
  test('are surer where the time of a step was measured, and surest where the clock ends the run', () => {
    const width = (time: Partial<ReturnType<typeof smallSubject>['time']>) =>
      half(forecastOf({ time }).durationMs.interval80);
    const [budget, measured, estimated, guessed] = [
      width({ isBudget: true, limitMs: 160_000 }),
      width({ source: 'measured' }),
      width({ source: 'estimated' }),
      width({ source: 'guessed' }),
    ];
    expect(budget).toBeLessThan(measured);
    expect(measured).toBeLessThan(estimated);
    expect(estimated).toBeLessThan(guessed);
  });

  test('a run that ends with its time: its length is uncertain instead, which the loss has room for', () => {
    const fixed = forecastOf();
    const budget = forecastOf({ time: { isBudget: true, limitMs: 160_000 } });
    expect(budget.durationMs.value).toBe(160_000);
    expect(half(budget.bitsPerByte?.interval80)).toBeGreaterThan(half(fixed.bitsPerByte?.interval80));
    expect(forecastNotes(budget).join(' ')).toContain('room for a machine that is faster or slower');
  });

  test('a run whose text ends before its time is not said to end with its time', () => {
    const [whole, part] = [160_000, 400_000].map((limitMs) => forecastOf({ time: { isBudget: true, limitMs } }));
    expect(whole?.assumptions.at(-1)).toContain('the run ends with its time');
    expect(part?.assumptions.at(-1)).toContain('the machine is taken to stay as busy as it was');
    expect(part?.durationMs).toEqual(forecastOf().durationMs);
  });

  test('a loss that is measured on a part of the documents has a wider interval', () => {
    const part = forecastOf({ evaluation: { numDocuments: 50 } });
    expect(half(part.bitsPerByte?.interval80)).toBeGreaterThan(half(forecastOf().bitsPerByte?.interval80) + 0.01);
  });
});
