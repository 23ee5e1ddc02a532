import { assert, randomStream } from '../../core/index.ts';

/** A shuffled order of 0 … size − 1 that takes no memory: the place of any one number is computed on its own. */
export interface Permutation {
  readonly size: number;
  /** What stands at a place. */
  at(place: number): number;
  /** The place at which a number stands: the inverse of `at`. */
  placeOf(value: number): number;
}

/** Six rounds; four already pass for random by the tests of mixing, the rest is distance. */
const numRounds = 6;
/** The smallest half: below, there are too few round functions for all orders of a few numbers to be reached. */
const minHalfBits = 4;
const maxHalfBits = 25;

/**
 * A permutation by a Feistel network (Luby & Rackoff 1988) whose round function is the finaliser of MurmurHash3 (Appleby)
 * over the right half and a key: (left, right) → (right, left ^ f(right ^ key)). A network permutes a power of four; the
 * numbers beyond `size` are skipped by applying it again until the result lies inside (cycle-walking, Black & Rogaway 2002),
 * four times at most on average for sizes above 64.
 *
 * The finaliser makes every bit depend on every other; a multiplication alone would not, since its low bits never see the high
 * ones.
 *
 * @param size 0 … 2⁵⁰
 * @param seed any integer that JavaScript holds exactly
 * @param name what is shuffled; with the seed it chooses the order
 */
export function permutation(size: number, seed: number, name: string): Permutation {
  assert(Number.isInteger(size) && size >= 0 && size <= 2 ** (2 * maxHalfBits), `cannot permute ${size} numbers`);
  let halfBits = minHalfBits;
  while (4 ** halfBits < size) halfBits++;
  const half = 2 ** halfBits;
  const mask = half - 1;
  const random = randomStream(seed, name);
  const keys = Int32Array.from({ length: numRounds }, () => random.nextUint32());

  const forward = (value: number): number => {
    let left = Math.floor(value / half);
    let right = value - left * half;
    for (let round = 0; round < numRounds; round++) {
      const next = left ^ (finalise(right ^ (keys[round] as number)) & mask);
      left = right;
      right = next;
    }
    return left * half + right;
  };
  const backward = (value: number): number => {
    let left = Math.floor(value / half);
    let right = value - left * half;
    for (let round = numRounds - 1; round >= 0; round--) {
      const before = right ^ (finalise(left ^ (keys[round] as number)) & mask);
      right = left;
      left = before;
    }
    return left * half + right;
  };
  const check = (value: number): void => {
    // The message is made only where it is wanted: this runs once per row of a batch.
    if (!(value >= 0 && value < size)) assert(false, `${value} is not in 0 … ${size - 1}`);
  };
  return {
    size,
    at: (place) => {
      check(place);
      let value = forward(place);
      while (value >= size) value = forward(value);
      return value;
    },
    placeOf: (value) => {
      check(value);
      let place = backward(value);
      while (place >= size) place = backward(place);
      return place;
    },
  };
}

/** The finaliser of MurmurHash3: a bijection of 32 bits in which each bit of the input flips each of the output half the time. */
function finalise(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
