import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../src/core/index.ts';

const draw = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);

/** χ² of counts against a uniform distribution. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Above this, χ² with `degrees` degrees of freedom lies about once in a million (Wilson & Hilferty 1931, z = 4.75). */
function chiSquareLimit(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + 4.75 * Math.sqrt(spread)) ** 3;
}

describe('randomStream', () => {
  test('gives the numbers that it has always given', () => {
    const a = randomStream(0, '');
    expect(draw(4, a.nextUint32)).toEqual([3692204262, 2316695156, 102079742, 2584187001]);
    const b = randomStream(1234567890123, 'blocks.0.attention.query');
    expect(draw(4, b.nextUint32)).toEqual([672168823, 2445480925, 2067386159, 1687136391]);
    expect(draw(2, b.nextUniform)).toEqual([0.8122384606817474, 0.28268527033955226]);
    expect(draw(4, () => b.nextInteger(1000))).toEqual([337, 301, 579, 418]);
    // The logarithm and the cosine of another JavaScript engine may differ in the last bits.
    expect(b.nextNormal()).toBeCloseTo(0.4385388503912469, 12);
    expect(b.nextNormal()).toBeCloseTo(0.20761517114705302, 12);
    expect(draw(2, randomStream(-7, 'negative').nextUint32)).toEqual([2729033525, 1944100004]);
  });

  test('is a pure function of seed and name', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.string(), (seed, name) => {
        const [a, b] = [randomStream(seed, name), randomStream(seed, name)];
        expect(draw(8, a.nextUint32)).toEqual(draw(8, b.nextUint32));
      }),
    );
  });

  test('does not depend on what another stream of the same name has drawn', () => {
    const [a, b] = [randomStream(1, 'x'), randomStream(1, 'x')];
    const alone = draw(10, randomStream(1, 'x').nextUint32);
    expect(draw(10, () => [a.nextUint32(), b.nextUint32()])).toEqual(alone.map((value) => [value, value]));
  });

  test('differs as soon as seed or name differ', () => {
    const source = fc.tuple(fc.maxSafeInteger(), fc.string());
    fc.assert(
      fc.property(source, source, ([seed, name], [otherSeed, otherName]) => {
        fc.pre(seed !== otherSeed || name !== otherName);
        const [a, b] = [randomStream(seed, name), randomStream(otherSeed, otherName)];
        expect(draw(4, a.nextUint32)).not.toEqual(draw(4, b.nextUint32));
      }),
    );
    // Neighbours, the case that a weak mixer gets wrong: also seeds that differ in the upper half only.
    const seeds = [0, 1, 2, -1, -2, 2 ** 32, 2 ** 32 + 1, 2 ** 33, -(2 ** 32), Number.MAX_SAFE_INTEGER];
    const names = ['', 'a', 'b', 'aa', 'ab', 'ba', '\0', 'a\0', 'ā', '\u0100a'];
    const firsts = seeds.flatMap((seed) => names.map((name) => draw(3, randomStream(seed, name).nextUint32).join()));
    expect(new Set(firsts).size).toBe(seeds.length * names.length);
  });

  test('gives uncorrelated streams for neighbouring seeds and names', () => {
    const count = 20_000;
    const pairs: [string, string][] = [
      ['blocks.0', 'blocks.1'],
      ['a', 'b'],
    ];
    const streams = [
      ...pairs.map(([a, b]) => [randomStream(3, a), randomStream(3, b)] as const),
      [randomStream(3, 'same'), randomStream(4, 'same')] as const,
    ];
    for (const [a, b] of streams) {
      const products = draw(count, () => (a.nextUniform() - 0.5) * (b.nextUniform() - 0.5) * 12);
      const correlation = products.reduce((sum, x) => sum + x, 0) / count;
      // Five standard deviations of a correlation that is truly zero.
      expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(count));
    }
  });

  test('refuses a seed that is no integer', () => {
    for (const seed of [0.5, Number.NaN, 2 ** 53]) expect(() => randomStream(seed, 'x')).toThrow(/seed/);
  });

  test('gives every 32-bit word the same chance in its upper and lower bits', () => {
    const stream = randomStream(5, 'bits');
    const [upper, lower] = [new Array<number>(256).fill(0), new Array<number>(256).fill(0)];
    const count = (counts: number[], bin: number) => {
      counts[bin] = (counts[bin] ?? 0) + 1;
    };
    let numOutside = 0;
    for (let i = 0; i < 100_000; i++) {
      const word = stream.nextUint32();
      if (!Number.isInteger(word) || word < 0 || word >= 2 ** 32) numOutside += 1;
      count(upper, word >>> 24);
      count(lower, word & 255);
    }
    expect(numOutside).toBe(0);
    expect(chiSquare(upper)).toBeLessThan(chiSquareLimit(255));
    expect(chiSquare(lower)).toBeLessThan(chiSquareLimit(255));
  });

  test('gives uniform numbers in [0, 1), one as likely as the other, and the next independent of the last', () => {
    const stream = randomStream(6, 'uniform');
    const counts = new Array<number>(400).fill(0);
    let [last, numOutside] = [stream.nextUniform(), 0];
    for (let i = 0; i < 100_000; i++) {
      const next = stream.nextUniform();
      if (!(next >= 0 && next < 1)) numOutside += 1;
      const bin = Math.floor(last * 20) * 20 + Math.floor(next * 20);
      counts[bin] = (counts[bin] ?? 0) + 1;
      last = next;
    }
    expect(numOutside).toBe(0);
    expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(399));
  });

  test('uses all 53 bits of a uniform number', () => {
    const stream = randomStream(7, 'bits');
    const lastBits = draw(1000, () => (stream.nextUniform() * 2 ** 53) % 2);
    const numOdd = lastBits.reduce((sum, bit) => sum + bit, 0);
    expect(lastBits.every((bit) => bit === 0 || bit === 1)).toBe(true);
    expect(Math.abs(numOdd - 500)).toBeLessThan(5 * Math.sqrt(250));
  });

  test('gives integers below the limit, one as likely as the other', () => {
    for (const limit of [1, 2, 3, 7, 100]) {
      const stream = randomStream(8, `limit ${limit}`);
      const counts = new Array<number>(limit).fill(0);
      let numOutside = 0;
      for (let i = 0; i < 50_000; i++) {
        const value = stream.nextInteger(limit);
        if (!Number.isInteger(value) || value < 0 || value >= limit) numOutside += 1;
        counts[value] = (counts[value] ?? 0) + 1;
      }
      expect(numOutside).toBe(0);
      if (limit > 1) expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(limit - 1));
    }
  });

  test('favours no integer where the limit does not divide 2³²', () => {
    // Without rejection, the first of the three parts of 0 … 3 · 2³⁰ − 1 would come up twice as often as the others.
    const limit = 3 * 2 ** 30;
    const stream = randomStream(9, 'rejection');
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) {
      const third = Math.floor(stream.nextInteger(limit) / 2 ** 30);
      counts[third] = (counts[third] ?? 0) + 1;
    }
    expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(2));
  });

  test('takes every limit from 1 to 2³², and no other', () => {
    const stream = randomStream(10, 'limits');
    expect(stream.nextInteger(2 ** 32)).toBeLessThan(2 ** 32);
    for (const limit of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) {
      expect(() => stream.nextInteger(limit)).toThrow(/limit/);
    }
  });

  test('gives normal numbers with the moments and the tails of the standard normal distribution', () => {
    const count = 200_000;
    const values = draw(count, randomStream(11, 'normal').nextNormal);
    const moment = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / count;
    // Five standard deviations of each estimate: Var(xᵏ) is 1, 2, 15 and 96.
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / count));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / count));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
    const share = values.filter((x) => Math.abs(x) > 1.959964).length / count;
    expect(Math.abs(share - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / count));
    expect(values.every(Number.isFinite)).toBe(true);
  });
});
