import { describe, expect, test } from 'vitest';
import { assert } from '../../../src/core/index.ts';
import { carriedLaw, forecastRun, lossOf, prospectsOf } from '../../../src/theory/index.ts';
import { type SubjectChanges, smallSubject } from './small-subject.ts';
import { syntheticLadder } from './synthetic-ladder.ts';

const records = [syntheticLadder({ noise: 1e-6 })];
const subjectLaws = new Map();
const prospects = (changes: SubjectChanges = {}) => {
  const subject = smallSubject({ uniqueTokens: 1e12, ...changes });
  const options = { records, laws: subjectLaws };
  const { bitsPerByte } = forecastRun(subject, { ...options, registeredAt: '2026-11-23T15:00:00.000Z' });
  const carried = carriedLaw(subject, options);
  assert(!('reason' in carried) && bitsPerByte !== null, 'there is a law');
  return { subject, carried, law: carried.ladder.predictor.fit.law, found: prospectsOf(subject, carried, bitsPerByte) };
};

describe('what compute could buy', () => {
  const { subject, law, found } = prospects();

  test('the optimum is the closed form of Hoffmann et al., with the cost of the run', () => {
    const { A, alpha, B, beta } = law;
    const product = subject.parameters.matmul * subject.numTokens;
    const best = ((alpha * A) / (beta * B)) ** (1 / (alpha + beta)) * product ** (beta / (alpha + beta));
    expect(found.optimum.numParameters / best).toBeCloseTo(1, 4);
    expect(found.optimum.bitsPerByte.value).toBeCloseTo(lossOf(law, best, product / best), 9);
    expect(found.optimum.numParameters * found.optimum.numTokens).toBeCloseTo(product, -3);
  });

  test('no other split of the same compute is better, and the deadweight is what the choice wastes', () => {
    const { chosen, optimum, deadweight } = found;
    expect(optimum.bitsPerByte.value).toBeLessThanOrEqual(chosen.bitsPerByte.value);
    expect(deadweight).toBeGreaterThan(0);
    // A search over cheaper runs, independent of the root that was found.
    const product = subject.parameters.matmul * subject.numTokens * (1 - deadweight);
    let least = Number.POSITIVE_INFINITY;
    for (let log = 10; log < 20; log += 0.002)
      least = Math.min(least, lossOf(law, Math.exp(log), product / Math.exp(log)));
    expect(least / chosen.bitsPerByte.value).toBeCloseTo(1, 5);
  });

  test('more compute buys less loss, over a wider interval', () => {
    const [twice, tenfold] = found.more;
    expect(found.more.map(({ factor }) => factor)).toEqual([2, 10]);
    expect(twice?.bitsPerByte.value).toBeLessThan(found.optimum.bitsPerByte.value);
    expect(tenfold?.bitsPerByte.value).toBeLessThan(twice?.bitsPerByte.value ?? 0);
    const width = (range: readonly [number, number] = [0, 0]) => range[1] - range[0];
    expect(width(tenfold?.bitsPerByte.interval80)).toBeGreaterThanOrEqual(width(found.optimum.bitsPerByte.interval80));
  });

  test('the frontier goes from the smallest training of the ladder to the largest that is asked about, and falls', () => {
    const { frontier } = found;
    expect(frontier[0]?.flops).toBeCloseTo(Math.min(...(records[0]?.points ?? []).map(({ flops }) => flops)), -3);
    expect(frontier.at(-1)?.factor).toBeCloseTo(10, 6);
    for (let i = 1; i < frontier.length; i++) {
      expect(frontier[i]?.bitsPerByte.value).toBeLessThan(frontier[i - 1]?.bitsPerByte.value ?? 0);
    }
  });

  test('a small text is read sixteen times at most: more compute then goes into size', () => {
    const { found: limited } = prospects({ uniqueTokens: 300_000 });
    for (const { epochs } of limited.more) expect(epochs).toBeLessThanOrEqual(16 * 1.0001);
    expect(limited.more[1]?.numParameters).toBeGreaterThan(found.more[1]?.numParameters ?? 0);
  });
});
