import fc from 'fast-check';
import { randomStream } from '../../../src/core/index.ts';
import { type LawPoint, lossOf, type ScalingLaw } from '../../../src/theory/scaling-law.ts';

/** Laws like those that have been published: the middle of the design has both terms between 0.3 and 3, and a floor or none. */
export const generatedLaw: fc.Arbitrary<ScalingLaw> = fc
  .record({
    E: fc.double({ min: 0.3, max: 4, noNaN: true }),
    sizeTerm: fc.double({ min: 0.3, max: 3, noNaN: true }),
    tokenTerm: fc.double({ min: 0.3, max: 3, noNaN: true }),
    alpha: fc.double({ min: 0.15, max: 0.7, noNaN: true }),
    beta: fc.double({ min: 0.15, max: 0.7, noNaN: true }),
  })
  .map(({ E, sizeTerm, tokenTerm, alpha, beta }) => ({
    E,
    A: sizeTerm * 1e7 ** alpha,
    alpha,
    B: tokenTerm * 3e8 ** beta,
    beta,
  }));

/** Five sizes from 1 to 100 M, each with five durations from 10 M to 10 G tokens, with the losses of a law. */
export function designPoints(law: ScalingLaw): LawPoint[] {
  return [1e6, 3e6, 1e7, 3e7, 1e8].flatMap((numParameters) =>
    [1e7, 6e7, 3e8, 2e9, 1e10].map((numTokens) => {
      return { numParameters, numTokens, loss: lossOf(law, numParameters, numTokens) };
    }),
  );
}

/** The points with losses off by a normal deviation of so many parts of one. */
export function withNoise(points: readonly LawPoint[], deviation: number, seed: number): LawPoint[] {
  const stream = randomStream(seed, 'test.noise');
  return points.map((point) => ({ ...point, loss: point.loss * Math.exp(deviation * stream.nextNormal()) }));
}
