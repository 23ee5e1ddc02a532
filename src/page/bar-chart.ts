import { assert } from '../core/index.ts';
import { type Axis, placeAxis } from './axis.ts';
import { element, type Markup } from './markup.ts';
import { type Drawing, frame, horizontalGrid, isWide, type Mark, type Plot, type Tone, toneClass } from './plot.ts';
import { formatBytes, formatCompact, formatCount, formatNumber, formatShare } from './quantity.ts';
import { fitText, textWidth } from './text-width.ts';

export interface Bar {
  readonly label: string;
  /** From 0. */
  readonly value: number;
  /** Written after the value, such as a share. */
  readonly note?: string;
  readonly tone?: Tone;
}

export interface BarChartOptions {
  readonly title: string;
  readonly description: string;
  /** Horizontal bars have room for long names; vertical ones show an order. */
  readonly direction: 'horizontal' | 'vertical';
  /** A linear axis from 0. */
  readonly value: Axis;
  readonly bars: readonly Bar[];
}

/**
 * One bar for each name, with its value written beside it.
 *
 * @throws an assertion for a value that is below 0 or not finite
 */
export function barChart(options: BarChartOptions): Plot {
  for (const { label, value } of options.bars) {
    assert(Number.isFinite(value) && value >= 0, `the bar ${label} has the length ${value}`);
  }
  const { title, description, direction } = options;
  return {
    title,
    description,
    legend: [],
    hasDirectLabels: false,
    numbers:
      direction === 'horizontal'
        ? undefined
        : {
            columns: ['', options.value.label],
            rows: options.bars.map(({ label, value, note }) => [
              label,
              withNote(formatValue(options.value, value), note),
            ]),
          },
    draw: (width) => (direction === 'horizontal' ? drawHorizontal(options, width) : drawVertical(options, width)),
  };
}

/** A value in full or, on axes that ask for it, with a prefix. */
function formatValue({ format }: Axis, value: number): string {
  switch (format ?? 'number') {
    case 'bytes':
      return formatBytes(value);
    case 'compact':
      return value < 100_000 && Number.isInteger(value) ? formatCount(value) : formatCompact(value);
    case 'percent':
      return formatShare(value);
    case 'number':
      return Number.isInteger(value) ? formatCount(value) : formatNumber(value);
  }
}

const withNote = (text: string, note: string | undefined): string => (note === undefined ? text : `${text} (${note})`);

/** Names stand left of the bars where there is room, above them on a phone. */
function drawHorizontal({ bars, value: axis }: BarChartOptions, width: number): Drawing {
  const isBeside = isWide(width);
  const texts = bars.map(({ value, note }) => withNote(formatValue(axis, value), note));
  const textRoom = Math.max(0, ...texts.map(textWidth)) + 10;
  const nameRoom = isBeside ? Math.min(width * 0.4, Math.max(0, ...bars.map(({ label }) => textWidth(label))) + 12) : 0;
  const pitch = isBeside ? 26 : 38;
  const thickness = isBeside ? 16 : 12;
  const maxLength = Math.max(20, width - nameRoom - textRoom);
  const greatest = Math.max(...bars.map(({ value }) => value), 0) || 1;
  const rows = bars.map(({ label, value, tone }, index): Markup => {
    const top = index * pitch;
    const barTop = isBeside ? top + 5 : top + 20;
    const length = (value / greatest) * maxLength;
    return [
      isBeside
        ? element('text', { x: nameRoom - 12, y: top + 17, class: 'end strong' }, fitText(label, nameRoom - 12))
        : element('text', { x: 0, y: top + 14, class: 'strong' }, fitText(label, width)),
      element(
        'rect',
        // A value above 0 is never invisible.
        {
          x: nameRoom,
          y: barTop,
          width: value > 0 ? Math.max(1, length) : 0,
          height: thickness,
          class: `bar ${toneClass(tone ?? 0)}`,
        },
        element('title', {}, `${label}: ${texts[index] ?? ''}`),
      ),
      element('text', { x: nameRoom + length + 7, y: barTop + thickness / 2 + 4 }, texts[index] ?? ''),
    ];
  });
  const height = Math.max(pitch, bars.length * pitch);
  const base = isBeside ? element('line', { x1: nameRoom, x2: nameRoom, y1: 2, y2: height - 2, class: 'base' }) : [];
  return { width, height: height + 2, contents: [rows, base] };
}

function drawVertical({ bars, value: axis }: BarChartOptions, width: number): Drawing {
  const height = isWide(width) ? 300 : 250;
  const [top, bottom] = [30, height - 26];
  const y = placeAxis(
    { ...axis, atLeast: [0, axis.atLeast?.[1] ?? 0] },
    bars.map(({ value }) => value),
    {
      from: bottom,
      to: top,
      maxTicks: isWide(width) ? 6 : 5,
    },
  );
  const left = Math.ceil(Math.max(...y.ticks.map(({ text }) => textWidth(text)), 12)) + 10;
  const pitch = (width - left) / Math.max(1, bars.length);
  const widest = Math.max(0, ...bars.map(({ label }) => textWidth(label)));
  // Every second or third name where they would touch.
  const stride = Math.max(1, Math.ceil((Math.min(widest, 90) + 6) / pitch));
  const texts = bars.map(({ value }) => formatValue(axis, value));
  const hasValues = texts.every((text) => textWidth(text) + 2 <= pitch);
  const columns = bars.map(({ label, value, note, tone }, index): Markup => {
    const x = left + index * pitch;
    const at = y.place(value);
    const text = texts[index] ?? '';
    return [
      element(
        'rect',
        { x: x + pitch * 0.14, y: at, width: pitch * 0.72, height: bottom - at, class: `bar ${toneClass(tone ?? 0)}` },
        element('title', {}, `${label}: ${withNote(text, note)}`),
      ),
      hasValues ? element('text', { x: x + pitch / 2, y: at - 5, class: 'middle strong' }, text) : [],
      index % stride === 0
        ? element('text', { x: x + pitch / 2, y: bottom + 18, class: 'middle' }, fitText(label, pitch * stride - 4))
        : [],
    ];
  });
  return {
    width,
    height,
    contents: [
      horizontalGrid(y, left, width),
      element('text', { x: 0, y: 12 }, axis.label),
      columns,
      element('line', { x1: left, x2: width, y1: bottom, y2: bottom, class: 'base' }),
    ],
  };
}

export interface HistogramOptions {
  readonly title: string;
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  /** In order, each of the values `from` ≤ value < `to`. */
  readonly bins: readonly { readonly from: number; readonly to: number; readonly count: number }[];
  readonly marks?: readonly Mark[];
}

/**
 * How many values lie in each bin.
 *
 * @throws an assertion, when it is drawn, for a bin that its axes cannot show: not finite, or from 0 on a logarithm
 */
export function histogram({ title, description, x: xAxis, y: yAxis, bins, marks = [] }: HistogramOptions): Plot {
  return {
    title,
    description,
    legend: [],
    hasDirectLabels: false,
    numbers: {
      columns: [`${xAxis.label} from`, 'below', yAxis.label],
      rows: bins.map(({ from, to, count }) => [
        formatValue(xAxis, from),
        formatValue(xAxis, to),
        formatValue(yAxis, count),
      ]),
    },
    draw(width) {
      const { x, y, bottom, height, backdrop, overlay } = frame(width, {
        x: { axis: xAxis, values: bins.flatMap(({ from, to }) => [from, to]) },
        y: { axis: { ...yAxis, atLeast: [0, yAxis.atLeast?.[1] ?? 0] }, values: bins.map(({ count }) => count) },
        marks,
      });
      const bars = bins.map(({ from, to, count }) => {
        const [left, right, at] = [x.place(from), x.place(to), y.place(count)];
        const about = `${formatValue(xAxis, from)} to ${formatValue(xAxis, to)}: ${formatCount(count)}`;
        const size = { x: left + 0.5, y: at, width: Math.max(0.5, right - left - 1), height: bottom - at };
        return element('rect', { ...size, class: 'bar s0' }, element('title', {}, about));
      });
      return { width, height, contents: [backdrop, bars, overlay] };
    },
  };
}
