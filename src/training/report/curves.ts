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
  // All points may lie at one place, where nothing was trained on.
  const extent = warp(shown.at(-1)?.[0] ?? 1) - low || 1;
  const means: [number, number][] = [];
  const band: [number, number, number][] = [];
  let part: number[] = [];
  shown.forEach(([x, y], index) => {
    part.push(y);
    const partOf = (at: number | undefined) =>
      at === undefined ? -1 : Math.min(maxPoints - 1, Math.floor(((warp(at) - low) / extent) * maxPoints));
    if (partOf(shown[index + 1]?.[0]) === partOf(x)) return;
    const { count, sum, least, greatest } = summary(part);
    part = [];
    means.push([x, count === 0 ? Number.NaN : sum / count]);
    if (count > 0) band.push([x, least, greatest]);
  });
  return { points: means, band };
}

/** Of the numbers that are finite, however many there are. */
function summary(values: readonly number[]) {
  let [count, sum, least, greatest] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    count += 1;
    sum += value;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return { count, sum, least, greatest };
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
  const { least } = summary([...values, ...(band ?? []).map(([, low]) => low)]);
  const { greatest } = summary(later);
  return [least, greatest > usual + 2 * (usual - least) ? usual + 0.25 * (usual - least) : greatest];
}
