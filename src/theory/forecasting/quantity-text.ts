import { formatBytes, formatCount } from '../../page/index.ts';
import type { Estimate } from '../interval.ts';
import type { ForecastQuantity } from '../verdict.ts';

/** `840 ms`, `12 s`, `4 min 50 s`, `2 h 10 min`, `3 d 4 h`. */
export function durationText(durationMs: number): string {
  if (durationMs < 950) return `${Math.max(0, Math.round(durationMs))} ms`;
  if (durationMs < 9_950) return `${Number((durationMs / 1000).toFixed(1))} s`;
  const seconds = Math.round(durationMs / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Digits behind the point that an estimate deserves: two, and more where its interval of 80 % is narrower than they can show. */
export function digitsOf({ interval80: [low, high] }: Estimate): number {
  return Math.min(6, Math.max(2, Math.ceil(-Math.log10(Math.max(1e-6, (high - low) / 2)))));
}

/** A quantity of a forecast with its unit; bits per byte with so many digits. */
export function quantityText(quantity: ForecastQuantity, value: number, digits = 4): string {
  switch (quantity) {
    case 'bitsPerByte':
      return `${value.toFixed(digits)} bits per byte`;
    case 'durationMs':
      return durationText(value);
    case 'peakMemoryBytes':
      return formatBytes(value);
  }
}

/** `between 1.29 and 1.33`, in the unit of the quantity. */
export function rangeText(quantity: ForecastQuantity, [low, high]: readonly [number, number], digits = 4): string {
  if (quantity === 'bitsPerByte') return `between ${low.toFixed(digits)} and ${high.toFixed(digits)}`;
  return `between ${quantityText(quantity, low)} and ${quantityText(quantity, high)}`;
}

/** A share as a percentage without its sign: `0.3 %`, `12 %`. */
export function percentText(share: number): string {
  const value = Math.abs(100 * share);
  if (value > 0 && value < 0.05) return 'less than 0.1 %';
  return `${value.toFixed(value < 9.95 ? 1 : 0)} %`;
}

/** `1 step was`, `750 steps were`. */
export const stepsText = (count: number): string => `${formatCount(count)} ${count === 1 ? 'step was' : 'steps were'}`;

/** A factor: `1.5`, `12`. */
export function factorText(value: number): string {
  return value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value).toString();
}
