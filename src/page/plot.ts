import { type Axis, type PlacedAxis, placeAxis } from './axis.ts';
import { element, type Markup } from './markup.ts';
import { textWidth } from './text-width.ts';

/** A picture of data that `figure` puts on a page, drawn at any width so that text stays legible on a phone. */
export interface Plot {
  readonly title: string;
  /** What can be seen, in a sentence, for those who do not see it. */
  readonly description: string;
  readonly legend: readonly LegendEntry[];
  /** Are the series named beside their lines in a wide drawing? */
  readonly hasDirectLabels: boolean;
  /** The numbers behind it; none where every one of them is written into the picture. */
  readonly numbers: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] } | undefined;
  /** An SVG of this many pixels in width. */
  draw(width: number): Drawing;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly contents: Markup;
}

export interface LegendEntry {
  readonly name: string;
  readonly tone: Tone;
  readonly symbol: 'line' | 'point';
}

/** A colour of the palette by its number, or one that steps back. */
export type Tone = number | 'quiet';

export const toneClass = (tone: Tone): string => (tone === 'quiet' ? 'quiet' : `s${tone % 6}`);

/** A vertical line with a name: a median, a limit, the step at which something began. */
export interface Mark {
  readonly at: number;
  readonly label: string;
}

/** Drawings at least this wide have room for labels beside the data. */
export const isWide = (width: number): boolean => width >= 560;

export interface Frame {
  readonly x: PlacedAxis;
  readonly y: PlacedAxis;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly height: number;
  /** Grid, ticks and labels: what lies behind the data. */
  readonly backdrop: Markup;
  /** Marks and the base line: what lies over them. */
  readonly overlay: Markup;
}

/** Lays out axes, grid and marks for a drawing of this width. */
export function frame(
  width: number,
  { x, y, marks, rightMargin = 0 }: PlacedFrame & { readonly marks: readonly Mark[]; readonly rightMargin?: number },
): Frame {
  const height = isWide(width) ? 320 : 260;
  // Every mark has a row of text for itself.
  const top = 26 + marks.length * 16;
  const bottom = height - 46;
  const placedY = placeAxis(y.axis, y.values, { from: bottom, to: top, maxTicks: isWide(width) ? 7 : 5 });
  const left = Math.ceil(Math.max(...placedY.ticks.map(({ text }) => textWidth(text)), 12)) + 10;
  const right = width - Math.max(14, rightMargin);
  const placedX = placeAxis(x.axis, x.values, {
    from: left,
    to: right,
    maxTicks: Math.max(2, Math.floor((right - left) / (isWide(width) ? 76 : 62))),
    toTicks: x.toTicks ?? false,
  });
  return {
    x: placedX,
    y: placedY,
    left,
    right,
    top,
    bottom,
    height,
    backdrop: [
      horizontalGrid(placedY, left, right),
      element('text', { x: 0, y: 12 }, placedY.label),
      ticksBelow(placedX, { bottom, right, width }),
      element('text', { x: (left + right) / 2, y: height - 6, class: 'middle' }, placedX.label),
    ],
    overlay: [
      element('line', { x1: left, x2: right, y1: bottom, y2: bottom, class: 'base' }),
      drawMarks(marks, placedX, { top, bottom, width }),
    ],
  };
}

interface PlacedFrame {
  readonly x: { readonly axis: Axis; readonly values: Iterable<number>; readonly toTicks?: boolean };
  readonly y: { readonly axis: Axis; readonly values: Iterable<number> };
}

export function horizontalGrid(axis: PlacedAxis, left: number, right: number): Markup {
  return axis.ticks.map(({ value, text }) => {
    const y = axis.place(value);
    return [
      element('line', { x1: left, x2: right, y1: y, y2: y, class: 'grid' }),
      element('text', { x: left - 8, y: y + 4, class: 'end' }, text),
    ];
  });
}

function ticksBelow(
  axis: PlacedAxis,
  { bottom, right, width }: { bottom: number; right: number; width: number },
): Markup {
  let end = Number.NEGATIVE_INFINITY;
  return axis.ticks.map(({ value, text }) => {
    const x = axis.place(value);
    const half = textWidth(text) / 2;
    // The last label moves inward rather than over the edge.
    const middle = Math.min(x, Math.max(right, width) - half);
    const line = element('line', { x1: x, x2: x, y1: bottom, y2: bottom + 5, class: 'base' });
    if (middle - half < end + 6) return line;
    end = middle + half;
    return [line, element('text', { x: middle, y: bottom + 19, class: 'middle' }, text)];
  });
}

function drawMarks(
  marks: readonly Mark[],
  axis: PlacedAxis,
  { top, bottom, width }: { top: number; bottom: number; width: number },
): Markup {
  return marks.map(({ at, label }, index) => {
    const x = axis.place(at);
    if (Number.isNaN(x)) return [];
    const y = top - 6 - 16 * (marks.length - 1 - index);
    const isLeft = x + 6 + textWidth(label) > width;
    return [
      element('line', { x1: x, x2: x, y1: y - 9, y2: bottom, class: 'mark' }),
      element('text', { x: isLeft ? x - 5 : x + 5, y, class: isLeft ? 'end strong' : 'strong' }, label),
    ];
  });
}
