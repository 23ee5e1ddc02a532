import { z } from 'zod';

/** A finished training, as a scaling law sees it. */
export interface LawPoint {
  /** N, under one convention for all points of a fit. */
  readonly numParameters: number;
  /** D, tokens that were trained on, repeated ones counted each time unless said otherwise. */
  readonly numTokens: number;
  /** Loss at the end, in one unit for all points of a fit (nats per token, bits per byte). */
  readonly loss: number;
}

/** Schema of a law of Hoffmann et al. 2022 (2203.15556, equation 2): L(N, D) = E + A·N^(−alpha) + B·D^(−beta). */
export const scalingLawSchema = z.strictObject({
  /** What no model of this kind gets below on this text. */
  E: z.number().min(0),
  A: z.number().min(0),
  alpha: z.number().positive(),
  B: z.number().min(0),
  beta: z.number().positive(),
});

/** L(N, D) = E + A·N^(−alpha) + B·D^(−beta), in the unit and the convention of parameters that it was fitted in. */
export type ScalingLaw = Readonly<z.infer<typeof scalingLawSchema>>;

/**
 * A law without its E, for searches and differences: beside E the two other terms can be so small that their sum with it has neither
 * slope nor digits left.
 */
export function withoutFloor(law: ScalingLaw): ScalingLaw {
  return { ...law, E: 0 };
}

/** The loss that a law gives for N parameters and D tokens. */
export function lossOf({ E, A, alpha, B, beta }: ScalingLaw, numParameters: number, numTokens: number): number {
  return E + A * numParameters ** -alpha + B * numTokens ** -beta;
}
