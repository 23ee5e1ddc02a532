/** How far two loss curves lie apart. */
export interface CurveDistance {
  /** √mean((a − b)²) of the losses, each averaged over a window of steps, in nats. */
  readonly rootMeanSquare: number;
  /** Mean of a − b over the last tenth of the steps, in nats. */
  readonly atEnd: number;
}

/**
 * The distance between two curves of equal length. Steps are averaged over a window, since the noise of single batches is
 * common to two runs with one data order and not common to two with others.
 */
export function curveDistance(a: readonly number[], b: readonly number[], window = 20): CurveDistance {
  if (a.length !== b.length || a.length === 0) throw new RangeError(`curves of ${a.length} and ${b.length} steps`);
  const [x, y] = [smoothed(a, window), smoothed(b, window)];
  const squares = x.map((value, i) => (value - (y[i] ?? 0)) ** 2);
  const tail = Math.max(1, Math.floor(a.length / 10));
  const end = a.slice(-tail).map((value, i) => value - (b[b.length - tail + i] ?? 0));
  return { rootMeanSquare: Math.sqrt(mean(squares)), atEnd: mean(end) };
}

/** Means of consecutive windows. */
function smoothed(values: readonly number[], window: number): number[] {
  const width = Math.min(window, values.length);
  return Array.from({ length: Math.floor(values.length / width) }, (_, i) =>
    mean(values.slice(i * width, (i + 1) * width)),
  );
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
