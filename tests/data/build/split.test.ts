import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { chooseValidation } from '../../../src/data/build/split.ts';

const kept = () => true;
const keysOf = (groups: readonly number[]) => {
  const keys = new Uint32Array(2 * groups.length);
  for (const [i, group] of groups.entries()) {
    const random = randomStream(group, 'group');
    keys[2 * i] = random.nextUint32();
    keys[2 * i + 1] = random.nextUint32();
  }
  return keys;
};
const choose = (groups: readonly number[], options = {}) =>
  chooseValidation(
    { groupKeys: keysOf(groups), numBytes: new Uint32Array(groups.length).fill(100), isKept: kept },
    { fraction: 0.1, maximumBytes: 2 ** 30, ...options },
  );

describe('the split', () => {
  test('keeps groups together, and leaves something on both sides', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { minLength: 2, maxLength: 100 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (groups, fraction) => {
          fc.pre(new Set(groups).size > 1);
          const sides = choose(groups, { fraction });
          for (const [i, group] of groups.entries()) expect(sides[i]).toBe(sides[groups.indexOf(group)]);
          expect(new Set(sides)).toEqual(new Set([0, 1]));
        },
      ),
    );
  });

  test('takes about the fraction that was asked for', () => {
    const sides = choose(Array.from({ length: 20_000 }, (_, i) => i));
    const share = sides.reduce((sum, one) => sum + one, 0) / sides.length;
    // Five standard deviations of a binomial share.
    expect(Math.abs(share - 0.1)).toBeLessThan(5 * Math.sqrt((0.1 * 0.9) / 20_000));
  });

  test('leaves every document where it was when others come', () => {
    const before = choose(Array.from({ length: 1000 }, (_, i) => i));
    const after = choose(Array.from({ length: 3000 }, (_, i) => i));
    expect([...after.subarray(0, 1000)]).toEqual([...before]);
  });

  test('takes no more bytes than it may, and what it takes does not change with the maximum', () => {
    const groups = Array.from({ length: 20_000 }, (_, i) => i);
    const bytesOf = (sides: Uint8Array) => 100 * sides.reduce((sum, one) => sum + one, 0);
    const small = choose(groups, { maximumBytes: 50_050 });
    const large = choose(groups, { maximumBytes: 100_000 });
    expect(bytesOf(small)).toBe(50_000);
    expect(bytesOf(large)).toBe(100_000);
    expect(small.every((one, i) => one <= (large[i] ?? 0))).toBe(true);
  });

  test('passes over a group that is larger than the maximum, and takes none where none fits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { minLength: 2, maxLength: 60 }),
        fc.integer({ min: 1, max: 3000 }),
        (groups, maximumBytes) => {
          const sides = choose(groups, { maximumBytes });
          const bytes = 100 * sides.reduce((sum, one) => sum + one, 0);
          expect(bytes).toBeLessThanOrEqual(maximumBytes);
          const numGroups = new Set(groups).size;
          // At least two groups may be held out, of which at least one has no more than the mean size.
          if (numGroups > 2 && (100 * groups.length) / 2 <= maximumBytes) expect(bytes).toBeGreaterThan(0);
        },
      ),
    );
    expect([...choose([1, 1, 2, 2], { maximumBytes: 150 })]).toEqual([0, 0, 0, 0]);
  });

  test('is all zeros where there is one group, or none', () => {
    expect([...choose([5, 5, 5])]).toEqual([0, 0, 0]);
    expect([...choose([])]).toEqual([]);
  });

  test('passes over documents that are gone', () => {
    const groups = [1, 2, 3, 4];
    const input = { groupKeys: keysOf(groups), numBytes: new Uint32Array(4).fill(9), isKept: (i: number) => i !== 2 };
    expect(chooseValidation(input, { fraction: 0.99, maximumBytes: 2 ** 30 })[2]).toBe(0);
  });
});
