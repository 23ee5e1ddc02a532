import { assert } from './errors.ts';

/**
 * A stream of random numbers that is a pure function of its seed and name: two streams with other names are independent,
 * so adding one draw in one place never shifts the draws of another.
 */
export interface RandomStream {
  /** The next integer, uniform over 0 … 2³² − 1. */
  nextUint32(): number;
  /** The next number, uniform over [0, 1) with 53 random bits. */
  nextUniform(): number;
  /** The next number from the standard normal distribution. */
  nextNormal(): number;
  /** The next integer, uniform over 0 … limit − 1. */
  nextInteger(limit: number): number;
}

/**
 * A stream by the generator sfc32 (Doty-Humphrey, PractRand), seeded from `seed` and the UTF-16 code units of `name`
 * through a MurmurHash3-style mixer.
 *
 * @param seed any integer that JavaScript holds exactly
 * @param name what the numbers are for, such as `blocks.0.attention.query`
 */
export function randomStream(seed: number, name: string): RandomStream {
  assert(Number.isSafeInteger(seed), `seed ${seed} is not an integer`);
  let a = mix32(seed >>> 0, 0x9e3779b9);
  let b = mix32(Math.floor(seed / 2 ** 32) >>> 0, 0x243f6a88);
  let c = 0xb7e15162;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = mix32(a ^ unit, 0x85ebca6b);
    b = mix32(b ^ a, 0xc2b2ae35);
    c = mix32(c ^ b, 0x27d4eb2f);
  }
  let counter = 1;
  const nextUint32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // The first outputs still carry structure of the seed; the author of sfc32 discards twelve.
  for (let i = 0; i < 12; i++) nextUint32();

  const nextUniform = (): number => ((nextUint32() >>> 5) * 2 ** 26 + (nextUint32() >>> 6)) / 2 ** 53;
  return {
    nextUint32,
    nextUniform,
    // Box–Muller; 1 − u keeps the logarithm away from zero.
    nextNormal: () => Math.sqrt(-2 * Math.log(1 - nextUniform())) * Math.cos(2 * Math.PI * nextUniform()),
    nextInteger: (limit) => {
      assert(Number.isInteger(limit) && limit > 0 && limit <= 2 ** 32, `limit ${limit} is not in 1 … 2³²`);
      // Reject the incomplete last block so that every value is equally likely.
      const bound = Math.floor(2 ** 32 / limit) * limit;
      for (;;) {
        const value = nextUint32();
        if (value < bound) return value % limit;
      }
    },
  };
}

function mix32(value: number, salt: number): number {
  let h = (value + salt) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
