import { z } from 'zod';

const range = z.tuple([z.number(), z.number()]);

/** Schema of a value with its intervals of 80 % and 95 %. */
export const estimateSchema = z.strictObject({
  value: z.number(),
  /** Where the truth lies four times in five. */
  interval80: range,
  /** Where the truth lies nineteen times in twenty. */
  interval95: range,
});

/** A value with its intervals of 80 % and 95 %, lower end first, in the unit of the value. */
export type Estimate = z.infer<typeof estimateSchema>;

/** Half the width of both intervals, of the logarithm of a value: 0.02 reaches from 2 % below to 2 % above. */
export interface Spread {
  readonly half80: number;
  readonly half95: number;
}

/** Of a normal distribution: where its intervals of 80 % and 95 % end, in standard deviations. */
export const normalQuantiles = { half80: 1.2815515655446004, half95: 1.959963984540054 } as const;

/** The spread of a quantity whose logarithm is normal with this standard deviation. */
export function normalSpread(deviation: number): Spread {
  return { half80: normalQuantiles.half80 * deviation, half95: normalQuantiles.half95 * deviation };
}

/** The spread of a product whose factors vary independently: half widths add as standard deviations do. */
export function combinedSpread(...spreads: readonly Spread[]): Spread {
  return {
    half80: Math.hypot(...spreads.map(({ half80 }) => half80)),
    half95: Math.hypot(...spreads.map(({ half95 }) => half95)),
  };
}

/** A positive value with the intervals of a spread around it: value · e^(± half). */
export function estimateAround(value: number, { half80, half95 }: Spread): Estimate {
  const around = (half: number): [number, number] => [value * Math.exp(-half), value * Math.exp(half)];
  return { value, interval80: around(half80), interval95: around(half95) };
}

/** An estimate of something positive whose intervals grow by another, independent spread: half widths of logarithms add as squares. */
export function widenedEstimate({ value, interval80, interval95 }: Estimate, { half80, half95 }: Spread): Estimate {
  const widened = ([low, high]: readonly [number, number], half: number): [number, number] => [
    value * Math.exp(-Math.hypot(Math.log(value / low), half)),
    value * Math.exp(Math.hypot(Math.log(high / value), half)),
  ];
  return { value, interval80: widened(interval80, half80), interval95: widened(interval95, half95) };
}

/** An estimate of the same quantity in another unit, or scaled by a factor. */
export function scaledEstimate({ value, interval80, interval95 }: Estimate, factor: number): Estimate {
  const scaled = ([low, high]: readonly [number, number]): [number, number] => [low * factor, high * factor];
  return { value: value * factor, interval80: scaled(interval80), interval95: scaled(interval95) };
}
