/** Values from `from` up to but not including `to`, and how many there are. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** How large the values of a set are. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  /** The value below or at which this percentage of the values lies (nearest rank). */
  readonly percentiles: readonly { readonly percent: number; readonly value: number }[];
  readonly bins: readonly Bin[];
}

export const percents = [0, 1, 5, 25, 50, 75, 95, 99, 100];

/**
 * Percentiles and bins of values; the values are sorted in place.
 *
 * @param binsOf the bins for a least and a greatest value: `growingBins` or `evenBins`
 */
export function distributionOf(
  values: Float64Array,
  binsOf: (least: number, greatest: number) => readonly number[],
): Distribution {
  if (values.length === 0) return { count: 0, mean: 0, percentiles: [], bins: [] };
  values.sort();
  const count = values.length;
  const at = (index: number) => values[Math.min(count - 1, Math.max(0, index))] as number;
  const edges = binsOf(at(0), at(count - 1));
  const counts = new Array<number>(edges.length - 1).fill(0);
  let bin = 0;
  let sum = 0;
  for (const value of values) {
    while (bin < counts.length - 1 && value >= (edges[bin + 1] as number)) bin++;
    counts[bin] = (counts[bin] as number) + 1;
    sum += value;
  }
  return {
    count,
    mean: sum / count,
    percentiles: percents.map((percent) => ({ percent, value: at(Math.ceil((percent / 100) * count) - 1) })),
    bins: counts.map((number, index) => ({
      from: edges[index] as number,
      to: edges[index + 1] as number,
      count: number,
    })),
  };
}

/** The most bins of a histogram of lengths. */
const maxLengthBins = 20;

/**
 * Bins for whole numbers that all grow by one factor: 2 or, where so few bins hold all values, its second or fourth root,
 * with edges rounded to whole numbers. 0 stands with 1.
 */
export function growingBins(least: number, greatest: number): readonly number[] {
  let edges: readonly number[] = [];
  for (const perDoubling of [4, 2, 1]) {
    const edge = (index: number) => Math.round(2 ** (index / perDoubling));
    let first = Math.floor(Math.log2(Math.max(1, least)) * perDoubling);
    while (edge(first) > Math.max(1, least)) first--;
    let last = first + 1;
    // Beyond the first edge too, where all values are 0: roots of 2 round to 1 several times.
    while (edge(last) <= Math.max(greatest, edge(first))) last++;
    edges = [...new Set(Array.from({ length: last - first + 1 }, (_, index) => edge(first + index)))];
    if (edges.length <= maxLengthBins + 1) break;
  }
  return edges;
}

/** Bins of one round width (1, 2 or 5 times a power of ten), 15 to 40 of them. */
export function evenBins(least: number, greatest: number): readonly number[] {
  const width = (greatest - least) / 40 || 1e-3;
  const power = 10 ** Math.floor(Math.log10(width));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= width) ?? 10) * power;
  const first = Math.floor(least / step);
  const last = Math.floor(greatest / step);
  return Array.from({ length: last - first + 2 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}
