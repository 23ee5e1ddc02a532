export interface ChartSize {
  /** Cells; each holds 2 × 4 dots. */
  readonly width: number;
  readonly height: number;
  /** The x at the right edge; the left edge is 0. */
  readonly end: number;
}

export interface Chart {
  /** One string a row, the uppermost first, each of `width` cells. */
  readonly rows: readonly string[];
  /** What the middles of the uppermost and the lowest dots stand for. */
  readonly top: number;
  readonly bottom: number;
}

// Bits of the dots of a cell, from U+2800 on: left column from the top, right column from the top.
const dotBits = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/**
 * A curve in dots of Braille. Of the points in one column of dots their mean is drawn. The steep beginning of a loss would
 * press the rest flat, so what lies above the curve's value after its first twentieth is drawn at the upper edge.
 *
 * @param points `[x, y]` with 0 ≤ x ≤ end, in the order of x
 */
export function brailleChart(points: readonly (readonly [number, number])[], { width, height, end }: ChartSize): Chart {
  const numColumns = width * 2;
  const numDots = height * 4;
  const means = columnMeans(points, numColumns, end);
  const known = means.filter((mean) => mean !== undefined);
  const bottom = Math.min(...known);
  const top = Math.max(bottom, ...known.slice(Math.floor(known.length / 20)));
  const cells = new Uint8Array(width * height);
  const place = (mean: number): number => {
    const share = top > bottom ? (Math.min(mean, top) - bottom) / (top - bottom) : 0.5;
    return Math.round((1 - share) * (numDots - 1));
  };
  let before: number | undefined;
  means.forEach((mean, column) => {
    if (mean === undefined) return;
    const dot = place(mean);
    // The line goes on from the column before, so that a steep part has no holes.
    const from = before === undefined || before === dot ? dot : before + Math.sign(dot - before);
    for (let y = Math.min(from, dot); y <= Math.max(from, dot); y++) {
      const cell = (y >> 2) * width + (column >> 1);
      cells[cell] = (cells[cell] ?? 0) | (dotBits[column & 1]?.[y & 3] ?? 0);
    }
    before = dot;
  });
  const rows = Array.from({ length: height }, (_, row) =>
    Array.from(cells.subarray(row * width, (row + 1) * width), (bits) =>
      bits === 0 ? ' ' : String.fromCharCode(0x2800 + bits),
    ).join(''),
  );
  return { rows, top, bottom };
}

/** The mean of the points in each column; one that holds none between two that do gets a value between theirs. */
function columnMeans(points: readonly (readonly [number, number])[], numColumns: number, end: number) {
  const sums = new Float64Array(numColumns);
  const counts = new Uint32Array(numColumns);
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) continue;
    const column = Math.min(numColumns - 1, Math.max(0, Math.floor((x / end) * numColumns)));
    sums[column] = (sums[column] ?? 0) + y;
    counts[column] = (counts[column] ?? 0) + 1;
  }
  const means = Array.from(sums, (sum, column) => (counts[column] ? sum / counts[column] : undefined));
  let last = -1;
  for (let column = 0; column < numColumns; column++) {
    const [here, there] = [means[column], means[last]];
    if (here === undefined) continue;
    for (let between = last + 1; there !== undefined && between < column; between++) {
      means[between] = there + ((here - there) * (between - last)) / (column - last);
    }
    last = column;
  }
  return means;
}
