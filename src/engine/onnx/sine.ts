import type { GraphBuilder } from './builder.ts';
import type { OnnxValue } from './graph.ts';

/**
 * Sine and cosine from arithmetic alone. WGSL allows its own an absolute error of 2⁻¹¹ inside [−π, π] and any error
 * outside, and software Vulkan makes use of that. Tables made of constants never come here: they are folded.
 */

/** π as a sum of floats, the first two so short that their products with small integers are exact (Cody & Waite 1980). */
const partsOfPi = [3.140625, 9.675025939941406e-4, 1.50995799e-7] as const;

/** 1/3!, 1/5!, …, 1/11! with their signs. What is left out is below 6e-8 in [−π/2, π/2]. */
const coefficients = [-1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800] as const;

/** sin x or cos x: x less a multiple of π, then the series, then the sign that the multiple stands for. */
export function sineOf(builder: GraphBuilder, x: OnnxValue, kind: 'sin' | 'cos'): OnnxValue {
  const { shape, dtype } = x;
  const node = (opType: string, ...operands: (OnnxValue | number)[]) =>
    builder.node(
      opType,
      operands.map((operand) => (typeof operand === 'number' ? builder.floats([], [operand]) : operand)),
      shape,
      dtype,
    );
  const turns = node('Mul', x, 1 / Math.PI);
  // For the sine the nearest multiple of π; for the cosine the nearest odd multiple of π/2.
  const multiple = node('Floor', kind === 'sin' ? node('Add', turns, 0.5) : turns);
  const centre = kind === 'sin' ? multiple : node('Add', multiple, 0.5);
  const rest = partsOfPi.reduce<OnnxValue>((r, part) => node('Sub', r, node('Mul', centre, part)), x);
  const square = node('Mul', rest, rest);
  const [highest, ...others] = [...coefficients].reverse();
  const series = [...others, 1].reduce<OnnxValue | number>(
    (sum, coefficient) => node('Add', node('Mul', square, sum), coefficient),
    highest ?? 0,
  );
  const magnitude = node('Mul', rest, series);
  // (−1)ᵏ = 1 − 4 · (the fraction of k/2); beside an odd multiple of π/2, cos x = −(−1)ᵏ sin(rest).
  const half = node('Mul', multiple, 0.5);
  const fraction = node('Sub', half, node('Floor', half));
  const sign = kind === 'sin' ? node('Sub', 1, node('Mul', fraction, 4)) : node('Sub', node('Mul', fraction, 4), 1);
  return node('Mul', magnitude, sign);
}
