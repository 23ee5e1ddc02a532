/** A curve as it is drawn: means over equal parts of its range and, where they hide something, the spread within them. */
export interface Curve {
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Least and greatest of each part; absent where every point is drawn. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
}

/** Points that a curve is drawn through at the most: a page a thousand pixels wide shows no more. */
const maxPoints = 400;

/**
 * Thins a curve out: up to 400 points stay as they are, more are put together in at most 400 parts, of equal width on the axis
 * of x. A part that holds nothing finite breaks the curve.
 *
 * @param points in the order of x
 */
export function thinned(points: readonly (readonly [number, number])[], scale: 'linear' | 'log' = 'linear'): Curve {
  const shown = scale === 'log' ? points.filter(([x]) => x > 0) : points;
  if (shown.length <= maxPoints) return { points: shown };
  const warp = scale === 'log' ? Math.log : (x: number) => x;
  const low = warp(shown[0]?.[0] ?? 0);
  const high = warp(shown.at(-1)?.[0] ?? 1);
  const means: [number, number][] = [];
  const band: [number, number, number][] = [];
  let part: number[] = [];
  shown.forEach(([x, y], index) => {
    part.push(y);
    const partOf = (at: number | undefined) =>
      at === undefined ? -1 : Math.min(maxPoints - 1, Math.floor(((warp(at) - low) / (high - low)) * maxPoints));
    if (partOf(shown[index + 1]?.[0]) === partOf(x)) return;
    const values = part.filter(Number.isFinite);
    part = [];
    means.push([x, values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length]);
    if (values.length > 0) band.push([x, Math.min(...values), Math.max(...values)]);
  });
  return { points: means, band };
}

/**
 * The range in which a curve that falls from a height can be read: up to its greatest value after the first hundredth, so
 * that neither the first steps nor a spike press the rest flat. Undefined for a curve without numbers.
 */
export function readableRange({ points, band }: Curve): readonly [number, number] | undefined {
  const values = points.map(([, y]) => y).filter(Number.isFinite);
  if (values.length === 0) return undefined;
  const later = values.slice(Math.floor(values.length / 100));
  const sorted = [...later].sort((a, b) => a - b);
  // A spike is a part far above what nearly all of the others reach.
  const usual = sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0;
  const least = Math.min(...values, ...(band ?? []).map(([, low]) => low));
  const greatest = Math.max(...later);
  return [least, greatest > usual + 2 * (usual - least) ? usual + 0.25 * (usual - least) : greatest];
}
