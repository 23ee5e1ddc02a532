import { formatCompact, formatNumber } from './quantity.ts';

/** Significant digits that ticks are rounded to. */
const mostDigits = 12;

/** One axis of a plot, as its maker describes it. */
export interface Axis {
  /** What is measured, with its unit: `bits per byte`. */
  readonly label: string;
  readonly scale?: 'linear' | 'log';
  /** How ticks are written: numbers as they are, with decimal prefixes (from 10,000 on), as bytes, or as percentages. */
  readonly format?: 'number' | 'compact' | 'bytes' | 'percent';
  /** The least range to show; data beyond it widens the axis. A linear axis of counts wants `[0, 0]`. */
  readonly atLeast?: readonly [number, number];
  /** The most range to show; what lies beyond is drawn at the edge, so that one spike does not press the rest flat. */
  readonly atMost?: readonly [number, number];
}

/** An axis that knows where values stand. */
export interface PlacedAxis {
  readonly label: string;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
  /** The position of a value in the plot, in pixels; `NaN` for one that the axis cannot show. */
  place(value: number): number;
}

/** Can the axis show this value? A logarithm wants it positive. */
export function isShown(axis: Axis, value: number): boolean {
  return Number.isFinite(value) && (axis.scale !== 'log' || value > 0);
}

/**
 * Lays an axis over the values between two positions. A linear one is widened to whole ticks if `toTicks`.
 *
 * @param from pixel of the least value
 * @param to pixel of the greatest; may be smaller than `from`, as on a vertical axis
 * @param maxTicks the most ticks to write
 */
export function placeAxis(
  axis: Axis,
  values: Iterable<number>,
  { from, to, maxTicks, toTicks = true }: { from: number; to: number; maxTicks: number; toTicks?: boolean },
): PlacedAxis {
  const isLog = axis.scale === 'log';
  let [low, high] = range(axis, values);
  if (!isLog && toTicks) {
    const step = stepFor(low, high, maxTicks);
    low = Math.floor(low / step + 1e-9) * step;
    high = Math.ceil(high / step - 1e-9) * step;
  }
  const warp = isLog ? Math.log : (value: number) => value;
  const ticks = isLog ? logTicks(low, high, maxTicks) : linearTicks(low, high, maxTicks);
  const write = tickFormat(axis, ticks);
  return {
    label: axis.label,
    ticks: ticks.map((value) => ({ value, text: write(value) })),
    place(value) {
      if (!isShown(axis, value)) return Number.NaN;
      const shown = axis.atMost === undefined ? value : Math.min(high, Math.max(low, value));
      return from + ((warp(shown) - warp(low)) / (warp(high) - warp(low))) * (to - from);
    },
  };
}

/** The whole range to show, never empty. */
function range(axis: Axis, values: Iterable<number>): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const [least, most] = axis.atMost ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const given of [...values, ...(axis.atLeast ?? [])]) {
    if (!isShown(axis, given)) continue;
    const value = Math.min(most, Math.max(least, given));
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return axis.scale === 'log' ? [1, 10] : [0, 1];
  // Values that differ in their last bits only are one value, and so are those with no room for ticks between them.
  const isWide = high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high));
  if (isWide && (axis.scale === 'log' || high - low >= 1e-300)) return [low, high];
  if (axis.scale === 'log') return [low / 2, high * 2];
  if (Math.max(Math.abs(low), Math.abs(high)) < 1e-300) return [0, 1];
  return low === 0 ? [0, 1] : low > 0 ? [0, high] : [low, 0];
}

/** The least of 1, 2 and 5 times a power of ten that is no smaller than a step. */
export function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step) + 1e-9);
  const factor = [1, 2, 5, 10].find((one) => one * power >= step * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** The least round step with at most so many ticks between two values. */
function stepFor(low: number, high: number, maxTicks: number): number {
  let step = roundStep((high - low) / maxTicks);
  while (numTicks(low, high, step) > maxTicks) step = roundStep(step * 1.5);
  return step;
}

const numTicks = (low: number, high: number, step: number): number =>
  Math.floor(high / step + 1e-9) - Math.ceil(low / step - 1e-9) + 1;

function linearTicks(low: number, high: number, maxTicks: number): readonly number[] {
  const step = stepFor(low, high, maxTicks);
  const first = Math.ceil(low / step - 1e-9);
  // Multiplied and rounded, not summed up: 3 × 0.1 is to be 0.3.
  return Array.from({ length: numTicks(low, high, step) }, (_, index) =>
    Number(((first + index) * step).toPrecision(mostDigits)),
  );
}

/** Powers of ten, every second or third of them where there is no room, with 2 and 5 between them where there is. */
function logTicks(low: number, high: number, maxTicks: number): readonly number[] {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const within = (value: number) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  for (const factors of [
    [1, 2, 5],
    [1, 3],
  ]) {
    const ticks: number[] = [];
    for (let power = first; power <= last; power++) {
      for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
    }
    const shown = ticks.filter(within);
    if (shown.length > maxTicks) continue;
    // Less than half a decade: ticks of equal steps say more.
    return shown.length >= 3 ? shown : linearTicks(low, high, maxTicks);
  }
  const powers = Array.from({ length: last - first + 1 }, (_, index) => first + index).filter((power) =>
    within(Number(`1e${power}`)),
  );
  const stride = Math.ceil(powers.length / maxTicks);
  return powers.filter((power) => power % stride === 0).map((power) => Number(`1e${power}`));
}

function tickFormat(axis: Axis, ticks: readonly number[]): (value: number) => string {
  switch (axis.format ?? 'number') {
    case 'bytes':
      return distinct(ticks, (value, digits) => formatCompact(value, 'B', digits));
    case 'compact':
      return distinct(ticks, (value, digits) => formatCompact(value, '', digits));
    case 'percent': {
      const write = sameDecimals(ticks.map((value) => value * 100));
      return (value) => `${write(value * 100)} %`;
    }
    case 'number':
      return axis.scale === 'log' ? distinct(ticks, formatNumber) : sameDecimals(ticks);
  }
}

/** With as few significant digits, three or more, as tell all ticks apart. */
function distinct(
  ticks: readonly number[],
  format: (value: number, significantDigits: number) => string,
): (value: number) => string {
  const withDigits = (digits: number) => (value: number) => trimmed(format(value, digits));
  for (let digits = 3; digits < mostDigits; digits++) {
    const write = withDigits(digits);
    if (new Set(ticks.map(write)).size === ticks.length) return write;
  }
  return withDigits(mostDigits);
}

/** All ticks of a linear axis with as many decimals as their step needs. */
function sameDecimals(ticks: readonly number[]): (value: number) => string {
  const step = ticks.length < 2 ? Math.abs(ticks[0] ?? 1) || 1 : Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  // Fine steps around 0 are powers of ten; around other values they are written out, as long as anyone would read that.
  const greatest = Math.max(...ticks.map(Math.abs));
  if (decimals > 15 || (decimals > 5 && greatest < step * 100)) return distinct(ticks, formatNumber);
  return (value) => {
    const text = value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    return /^-[0.]+$/.test(text) ? text.slice(1) : text;
  };
}

/** `1.00 kB` → `1 kB`, `1.50 M` → `1.5 M`, `1.00×10⁶` → `10⁶`. */
function trimmed(text: string): string {
  return text
    .replace(/(\.\d*?)0+(?=$| |×)/, '$1')
    .replace(/\.(?=$| |×)/, '')
    .replace(/^1×/, '');
}
