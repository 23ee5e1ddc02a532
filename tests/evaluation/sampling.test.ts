import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyTemperature,
  argMaxOf,
  drawToken,
  keepMinP,
  keepTopK,
  keepTopP,
  penalizeRepetition,
  probabilitiesOf,
  type SamplingOptions,
  sampleToken,
} from '../../src/evaluation/sampling.ts';
import { slowDraw, slowMinP, slowPenalty, slowTopK, slowTopP } from './slow-samplers.ts';

/** Scores as a model gives them, with ties (multiples of 1/8): all much alike, or some far ahead. */
const scoresOf = (maxLength: number) =>
  fc
    .constantFrom(3, 20, 80)
    .chain((range) => fc.array(fc.integer({ min: -range, max: range }), { minLength: 1, maxLength }))
    .map((eighths) => Float32Array.from(eighths, (eighth) => eighth / 8));
const share = fc.double({ min: 0.001, max: 1, noNaN: true });

const changed = (scores: Float32Array, change: (scores: Float32Array) => void): number[] => {
  const copy = scores.slice();
  change(copy);
  return [...copy];
};

describe('each filter equals its plain definition', () => {
  test('top-k, ties included', () => {
    fc.assert(
      fc.property(scoresOf(200), fc.integer({ min: 1, max: 220 }), (scores, k) => {
        expect(changed(scores, (copy) => keepTopK(copy, k))).toEqual(slowTopK([...scores], k));
      }),
    );
  });

  test('top-k beyond the size at which it sorts instead', () => {
    const scores = Float32Array.from({ length: 5000 }, (_, i) => (i * 7919) % 5003);
    for (const k of [1023, 1024, 1025, 4999, 5000]) {
      expect(changed(scores, (copy) => keepTopK(copy, k))).toEqual(slowTopK([...scores], k));
    }
  });

  test('top-p', () => {
    fc.assert(
      fc.property(scoresOf(200), share, (scores, p) => {
        expect(changed(scores, (copy) => keepTopP(copy, p))).toEqual(slowTopP([...scores], p));
      }),
      { numRuns: 500 },
    );
  });

  test('min-p', () => {
    fc.assert(
      fc.property(scoresOf(200), share, (scores, p) => {
        expect(changed(scores, (copy) => keepMinP(copy, p))).toEqual(slowMinP([...scores], p));
      }),
    );
  });

  test('repetition penalty, once for each token', () => {
    const text = fc.array(fc.nat(9), { maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 10, maxLength: 10 }),
        text,
        fc.constantFrom(0.5, 1, 2, 4),
        (scores, tokens, penalty) => {
          const fast = changed(Float32Array.from(scores), (copy) => penalizeRepetition(copy, tokens, penalty));
          // −0 and 0 are one score.
          expect(fast.map((score) => score + 0)).toEqual(
            slowPenalty(scores, tokens, penalty).map((score) => score + 0),
          );
        },
      ),
    );
  });

  test('the draw', () => {
    fc.assert(
      fc.property(scoresOf(50), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (scores, uniform) => {
        expect(drawToken(scores, uniform)).toBe(slowDraw([...scores], uniform));
      }),
    );
  });

  test('temperature divides, up to a constant that probabilities do not see', () => {
    fc.assert(
      fc.property(scoresOf(50), fc.double({ min: 0.1, max: 5, noNaN: true }), (scores, temperature) => {
        const scaled = scores.slice();
        applyTemperature(scaled, temperature);
        const expected = probabilitiesOf(Float32Array.from(scores, (score) => score / temperature));
        probabilitiesOf(scaled).forEach((probability, i) => {
          expect(probability).toBeCloseTo(expected[i] as number, 5);
        });
      }),
    );
  });
});

describe('sampling', () => {
  const logits = Float32Array.of(1, 3, 2, 3, -1);

  test('temperature 0 takes the first of the likeliest tokens, whatever the seed', () => {
    for (let seed = 0; seed < 20; seed++) expect(sampleToken(logits, [0], { temperature: 0, seed })).toBe(1);
    expect(argMaxOf(logits)).toBe(1);
  });

  test('a temperature near 0 draws among the likeliest and does not overflow', () => {
    const drawn = new Set(
      Array.from({ length: 100 }, (_, seed) => sampleToken(logits, [0], { temperature: 1e-40, seed })),
    );
    expect([...drawn].sort()).toEqual([1, 3]);
  });

  test('tokens are drawn as often as their probabilities say', () => {
    const counts = new Float64Array(5);
    const numDraws = 20_000;
    for (let seed = 0; seed < numDraws; seed++) {
      const token = sampleToken(logits, [0, 1], { seed });
      counts[token] = (counts[token] as number) + 1;
    }
    probabilitiesOf(logits).forEach((probability, token) => {
      const deviation = Math.sqrt((probability * (1 - probability)) / numDraws);
      expect(Math.abs((counts[token] as number) / numDraws - probability)).toBeLessThan(4.5 * deviation);
    });
  });

  test('the draw depends on seed, sample and position, and on nothing else', () => {
    const flat = new Float32Array(1000);
    const draw = (options: SamplingOptions, text: number[], sample: number) => sampleToken(flat, text, options, sample);
    const first = draw({ seed: 1 }, [4, 5], 0);
    expect(draw({ seed: 1 }, [7, 8], 0)).toBe(first);
    expect(draw({ seed: 2 }, [4, 5], 0)).not.toBe(first);
    expect(draw({ seed: 1 }, [4, 5], 1)).not.toBe(first);
    expect(draw({ seed: 1 }, [4, 5, 6], 0)).not.toBe(first);
  });

  test('the order is penalty, temperature, top-k, top-p, min-p', () => {
    // Token 0 leads until the penalty; at temperature 4 the rest is so flat that top-p keeps more than it would at 1.
    const scores = Float32Array.of(8, 3, 2.9, 2.8, 0);
    const options = { repetitionPenalty: 8, temperature: 4, topK: 4, topP: 0.5, minP: 0.98 };
    const drawn = new Set(Array.from({ length: 300 }, (_, seed) => sampleToken(scores, [0], { ...options, seed })));
    // Penalised: 1, 3, 2.9, 2.8, 0 → at temperature 4 top-k leaves 1, 2, 3 and 0; top-p 0.5 keeps 1 and 2 (0.285 + 0.278);
    // min-p 0.98 removes what is below e^(−0.02) of the first: 2 is at e^(−0.025).
    expect([...drawn]).toEqual([1]);
    const withoutMinP = { ...options, minP: 0 };
    const more = new Set(Array.from({ length: 300 }, (_, seed) => sampleToken(scores, [0], { ...withoutMinP, seed })));
    expect([...more].sort()).toEqual([1, 2]);
  });

  test('forbidden tokens are never drawn, also greedily', () => {
    expect(sampleToken(logits, [0], { temperature: 0, forbiddenTokens: [1, 3] })).toBe(2);
    for (let seed = 0; seed < 50; seed++) {
      expect([1, 3]).not.toContain(sampleToken(logits, [0], { seed, forbiddenTokens: [1, 3] }));
    }
  });

  test('logits are left as they were', () => {
    const before = [...logits];
    sampleToken(logits, [1], { temperature: 0.5, topK: 2, topP: 0.5, minP: 0.5, repetitionPenalty: 2 });
    expect([...logits]).toEqual(before);
  });

  test('logits that are no numbers end in an error and not in a token', () => {
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => sampleToken(Float32Array.of(1, broken, 2), [0], { temperature: 0 })).toThrow(/position 1/);
    }
    expect(() => sampleToken(Float32Array.of(1), [0], { forbiddenTokens: [0] })).toThrow(/no token can be chosen/);
  });
});
