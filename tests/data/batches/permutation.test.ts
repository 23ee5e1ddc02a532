import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { permutation } from '../../../src/data/batches/permutation.ts';

/** Counts, all zero. */
class Counts {
  readonly all: Float64Array;
  constructor(length: number) {
    this.all = new Float64Array(length);
  }
  add(cell: number): void {
    this.all[cell] = (this.all[cell] as number) + 1;
  }
}

/** Above this, χ² with `degrees` degrees of freedom lies about once in a million (Wilson & Hilferty 1931, z = 4.75). */
function chiSquareLimit(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + 4.75 * Math.sqrt(spread)) ** 3;
}

function chiSquare(counts: ArrayLike<number>, expected: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += ((counts[i] as number) - expected) ** 2 / expected;
  return sum;
}

const bit = (value: number, place: number): number => Math.floor(value / 2 ** place) % 2;

describe('permutation', () => {
  test('is a bijection for every size up to 5,000, and placeOf is its inverse', () => {
    const seen = new Int32Array(5000).fill(-1);
    for (let size = 0; size <= 5000; size++) {
      const { at, placeOf } = permutation(size, size, 'bijection');
      for (let i = 0; i < size; i++) {
        const value = at(i);
        if (!(value >= 0 && value < size) || seen[value] === size) expect.fail(`size ${size}: at(${i}) = ${value}`);
        seen[value] = size;
        // The inverse is as slow again: for every small size at every place, for the others at some.
        if ((size < 700 || i % 32 === 0) && placeOf(value) !== i)
          expect.fail(`size ${size}: not ${i} but ${placeOf(value)}`);
      }
    }
  });

  test('has an inverse at any size and place', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 50 }), fc.maxSafeInteger(), fc.nat(), (size, seed, place) => {
        const { at, placeOf } = permutation(size, seed, 'large');
        for (const i of [0, place % size, size - 1]) {
          const value = at(i);
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThan(size);
          expect(placeOf(value)).toBe(i);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('gives the orders that it has always given', () => {
    const order = (size: number, seed: number, name: string) => {
      const { at } = permutation(size, seed, name);
      return Array.from({ length: Math.min(size, 10) }, (_, i) => at(i));
    };
    expect(order(10, 0, '')).toEqual([6, 2, 4, 1, 5, 9, 3, 0, 8, 7]);
    expect(order(1000, 7, 'epoch-3')).toEqual([263, 968, 372, 843, 455, 720, 436, 116, 648, 11]);
    expect(order(2 ** 40, -1, 'large').slice(0, 4)).toEqual([388305303732, 587156402361, 638048865261, 308374338208]);
  });

  test('reaches all 24 orders of four numbers about equally often', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 24_000; seed++) {
      const { at } = permutation(4, seed, 'four');
      const order = [at(0), at(1), at(2), at(3)].join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquare([...counts.values()], 1000)).toBeLessThan(chiSquareLimit(23));
  });

  // Powers of four are the bare network, other sizes walk; 2^40 is beyond what 32 bits hold.
  for (const [size, numBits] of [
    [2 ** 12, 12],
    [2 ** 20, 20],
    [2 ** 19, 19],
    [2 ** 40, 40],
  ] as const) {
    test(`of 2^${numBits} numbers: each bit of a place tells nothing of any bit of the value, alone or flipped`, () => {
      const { at } = permutation(size, 11, 'mixing');
      const random = randomStream(5, 'places');
      const numSamples = Math.min(size / 2, Math.round(200_000 / numBits));
      // Per pair of bits (i of the place, j of the value): how often they are equal, and how often flipping i flips j.
      const equal = new Counts(numBits * numBits);
      const flipped = new Counts(numBits * numBits);
      for (let sample = 0; sample < numSamples; sample++) {
        const place = Math.floor(random.nextUniform() * size);
        const value = at(place);
        for (let i = 0; i < numBits; i++) {
          const placeBit = bit(place, i);
          const other = at(place + (placeBit === 0 ? 1 : -1) * 2 ** i);
          for (let j = 0; j < numBits; j++) {
            const valueBit = bit(value, j);
            if (valueBit === placeBit) equal.add(i * numBits + j);
            if (valueBit !== bit(other, j)) flipped.add(i * numBits + j);
          }
        }
      }
      // Two cells per table and one degree of freedom, numBits² tables: once in a million over all of them is z = 6.5.
      for (const { all: table } of [equal, flipped]) {
        for (let cell = 0; cell < table.length; cell++) {
          const counts = [table[cell] as number, numSamples - (table[cell] as number)];
          const [i, j] = [Math.floor(cell / numBits), cell % numBits];
          expect(chiSquare(counts, numSamples / 2), `bits ${i} → ${j}`).toBeLessThan(42);
        }
        expect(chiSquare(table, numSamples / 2) / 2).toBeLessThan(chiSquareLimit(table.length));
      }
    });
  }

  test('sends the low bits of both halves to all low bits equally often', () => {
    // What an affine round function fails: the two low bits of left and right take four of their sixteen ways only.
    const { at } = permutation(2 ** 20, 3, 'low bits');
    const counts = new Counts(16 * 16);
    const low = (value: number) => ((value >>> 10) & 3) * 4 + (value & 3);
    for (let i = 0; i < 2 ** 20; i++) counts.add(low(i) * 16 + low(at(i)));
    expect(chiSquare(counts.all, 2 ** 12)).toBeLessThan(chiSquareLimit(255));
  });

  test('moves numbers as far as a random order does, and neighbours away from each other', () => {
    const size = 100_000;
    const { at } = permutation(size, 1, 'displacement');
    let [displacement, gap, rising, fixed] = [0, 0, 0, 0];
    for (let i = 0; i < size; i++) {
      displacement += Math.abs(at(i) - i);
      if (at(i) === i) fixed++;
      if (i === 0) continue;
      gap += Math.abs(at(i) - at(i - 1));
      if (at(i) > at(i - 1)) rising++;
    }
    // Of two uniform numbers: mean distance 1/3, standard deviation √(1/18); five standard errors on either side.
    const bound = 5 * Math.sqrt(1 / 18 / size);
    expect(Math.abs(displacement / size / size - 1 / 3)).toBeLessThan(bound);
    expect(Math.abs(gap / size / size - 1 / 3)).toBeLessThan(1.5 * bound);
    expect(Math.abs(rising / size - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / size));
    expect(fixed).toBeLessThan(10);
  });

  test('gives unrelated orders for other seeds and names', () => {
    const size = 4096;
    const orders = [permutation(size, 1, 'a'), permutation(size, 2, 'a'), permutation(size, 1, 'b')];
    for (const first of orders) {
      for (const second of orders) {
        if (first === second) continue;
        const cells = new Counts(64);
        let same = 0;
        for (let i = 0; i < size; i++) {
          const [x, y] = [first.at(i), second.at(i)];
          if (x === y) same++;
          cells.add(Math.floor((8 * x) / size) * 8 + Math.floor((8 * y) / size));
        }
        expect(same).toBeLessThan(10);
        expect(chiSquare(cells.all, size / 64)).toBeLessThan(chiSquareLimit(63));
      }
    }
  });
});
