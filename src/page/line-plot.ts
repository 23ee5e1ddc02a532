import { type Axis, isShown, type PlacedAxis } from './axis.ts';
import { element, type Markup } from './markup.ts';
import { type Drawing, type Frame, frame, isWide, type Mark, type Plot, type Tone, toneClass } from './plot.ts';
import { formatNumber } from './quantity.ts';
import { textWidth } from './text-width.ts';

/** A line through points, with a band around it if its uncertainty or spread is known. */
export interface Series {
  readonly name: string;
  /** `[x, y]`, in the order of x. A point that an axis cannot show (`NaN`, or 0 on a logarithm) breaks the line. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** `[x, low, high]`, in the order of x. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
  /** By default the number of the series. */
  readonly tone?: Tone;
}

export interface LinePlotOptions {
  readonly title: string;
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly marks?: readonly Mark[];
}

/** Lines over an axis: losses over steps, counts over ranks, a fitted law with its interval. */
export function linePlot(options: LinePlotOptions): Plot {
  return planePlot({ ...options, lines: options.series, groups: [] });
}

/** Points that belong together. */
export interface PointGroup {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly label?: string }[];
  readonly tone?: Tone;
}

export interface ScatterOptions {
  readonly title: string;
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly groups: readonly PointGroup[];
  /** Lines through the points, such as a fit. */
  readonly lines?: readonly Series[];
  readonly marks?: readonly Mark[];
}

/** Points on a plane, and lines through them. */
export function scatter(options: ScatterOptions): Plot {
  return planePlot({ ...options, lines: options.lines ?? [] });
}

interface Plane {
  readonly title: string;
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Series[];
  readonly groups: readonly PointGroup[];
  readonly marks?: readonly Mark[];
}

/** How many points of one series the table of a plot lists. */
const maxListed = 40;

function planePlot(plane: Plane): Plot {
  // A line through one group of points wears another colour than the points.
  const lines = plane.lines.map((series, index) => ({ ...series, tone: series.tone ?? plane.groups.length + index }));
  const groups = plane.groups.map((group, index) => ({ ...group, tone: group.tone ?? index }));
  const named = [
    ...groups.map(({ name, tone }) => ({ name, tone, symbol: 'point' as const })),
    ...lines.map(({ name, tone }) => ({ name, tone, symbol: 'line' as const })),
  ];
  const hasDirectLabels =
    groups.length === 0 && lines.length > 1 && lines.length <= 8 && lines.every(({ name }) => textWidth(name) <= 170);
  return {
    title: plane.title,
    description: plane.description,
    legend: named.length > 1 ? named : [],
    hasDirectLabels,
    numbers: {
      columns: ['Series', plane.x.label, plane.y.label, ...(lines.some(({ band }) => band) ? ['Low', 'High'] : [])],
      rows: [...groups.flatMap(groupRows), ...lines.flatMap(lineRows)],
    },
    draw: (width) => draw({ ...plane, lines, groups }, width, hasDirectLabels),
  };
}

type Toned<T> = T & { readonly tone: Tone };
type TonedPlane = Omit<Plane, 'lines' | 'groups'> & {
  readonly lines: readonly Toned<Series>[];
  readonly groups: readonly Toned<PointGroup>[];
};

function draw(plane: TonedPlane, width: number, hasDirectLabels: boolean): Drawing {
  const isLabelled = hasDirectLabels && isWide(width);
  const layout = frame(width, {
    ...valuesOf(plane),
    marks: plane.marks ?? [],
    rightMargin: isLabelled ? Math.max(...plane.lines.map(({ name }) => textWidth(name))) + 21 : 0,
  });
  const { x, y, height, backdrop, overlay } = layout;
  return {
    width,
    height,
    contents: [
      backdrop,
      plane.lines.map(({ band, tone }) =>
        element('path', { d: bandPath(band ?? [], x, y), class: `band ${toneClass(tone)}` }),
      ),
      plane.lines.map(({ points, tone }) =>
        element('path', { d: linePath(points, x, y), class: `line ${toneClass(tone)}` }),
      ),
      plane.groups.map((group) => drawPoints(group, plane, layout)),
      overlay,
      isLabelled ? directLabels(plane.lines, layout) : [],
    ],
  };
}

function valuesOf({ x, y, lines, groups }: TonedPlane): Omit<Parameters<typeof frame>[1], 'marks' | 'rightMargin'> {
  const pairs: (readonly [number, number])[] = [
    ...lines.flatMap(({ points }) => points),
    ...lines.flatMap(({ band }) => band ?? []).flatMap(([at, low, high]) => [[at, low] as const, [at, high] as const]),
    ...groups.flatMap(({ points }) => points.map((point) => [point.x, point.y] as const)),
  ].filter(([a, b]) => isShown(x, a) && isShown(y, b));
  return {
    x: { axis: x, values: pairs.map(([value]) => value), toTicks: groups.length > 0 },
    y: { axis: y, values: pairs.map(([, value]) => value) },
  };
}

/** A point in pixels, with its place among those of its series. */
interface PlacedPoint {
  readonly order: number;
  readonly x: number;
  readonly y: number;
}

/** What is drawn of the points in one column of pixels. */
interface Column {
  readonly at: number;
  readonly first: PlacedPoint;
  least: PlacedPoint;
  greatest: PlacedPoint;
  last: PlacedPoint;
}

/** A path through the points: of the many that fall on one column of pixels only the first, least, greatest and last. */
function linePath(points: Series['points'], x: PlacedAxis, y: PlacedAxis): string {
  const commands: string[] = [];
  let isDown = false;
  let column: Column | undefined;
  const flush = () => {
    if (!column) return;
    const { first, least, greatest, last } = column;
    for (const point of new Set([
      first,
      ...(least.order < greatest.order ? [least, greatest] : [greatest, least]),
      last,
    ])) {
      commands.push(`${isDown ? 'L' : 'M'}${point.x.toFixed(1)} ${point.y.toFixed(1)}`);
      isDown = true;
    }
    column = undefined;
  };
  for (const [order, [valueX, valueY]] of points.entries()) {
    const point = { order, x: x.place(valueX), y: y.place(valueY) };
    if (Number.isNaN(point.x) || Number.isNaN(point.y)) {
      flush();
      isDown = false;
      continue;
    }
    const at = Math.floor(point.x);
    if (column?.at !== at) flush();
    column ??= { at, first: point, least: point, greatest: point, last: point };
    if (point.y < column.least.y) column.least = point;
    if (point.y > column.greatest.y) column.greatest = point;
    column.last = point;
  }
  flush();
  return commands.join('');
}

function bandPath(band: NonNullable<Series['band']>, x: PlacedAxis, y: PlacedAxis): string {
  const shown = band
    .map(([at, low, high]) => [x.place(at), y.place(low), y.place(high)] as const)
    .filter((edge) => edge.every((value) => Number.isFinite(value)));
  if (shown.length < 2) return '';
  const upper = shown.map(([at, , high]) => `${at.toFixed(1)} ${high.toFixed(1)}`);
  const lower = shown.map(([at, low]) => `${at.toFixed(1)} ${low.toFixed(1)}`).reverse();
  return `M${[...upper, ...lower].join('L')}Z`;
}

function drawPoints(group: Toned<PointGroup>, plane: TonedPlane, { x, y }: Frame): Markup {
  return group.points.map((point) => {
    const [cx, cy] = [x.place(point.x), y.place(point.y)];
    if (Number.isNaN(cx) || Number.isNaN(cy)) return [];
    const name = point.label ?? group.name;
    const about = `${name}: ${plane.x.label} ${formatNumber(point.x)}, ${plane.y.label} ${formatNumber(point.y)}`;
    return element('circle', { cx, cy, r: 4, class: `point ${toneClass(group.tone)}` }, element('title', {}, about));
  });
}

/** The names of the lines beside their ends, pushed apart where they would overlap. */
function directLabels(lines: readonly Toned<Series>[], { x, y, right, top, bottom }: Frame): Markup {
  const gap = 15;
  const labels = lines
    .map(({ name, points, tone }) => {
      const last = points.findLast(([a, b]) => !Number.isNaN(x.place(a)) && !Number.isNaN(y.place(b)));
      return { name, tone, at: last ? y.place(last[1]) : bottom };
    })
    .sort((a, b) => a.at - b.at);
  let lowest = top - gap;
  for (const label of labels) {
    label.at = Math.max(label.at, lowest + gap);
    lowest = label.at;
  }
  let limit = bottom + gap;
  for (const label of labels.reverse()) {
    label.at = Math.min(label.at, limit - gap);
    limit = label.at;
  }
  return labels.map(({ name, tone, at }) => [
    element('circle', { cx: right + 11, cy: at, r: 4, class: `point ${toneClass(tone)}` }),
    element('text', { x: right + 19, y: at + 4, class: 'strong' }, name),
  ]);
}

function groupRows({ name, points }: PointGroup): string[][] {
  return points.map(({ x, y, label }) => [
    label === undefined ? name : `${name}: ${label}`,
    formatNumber(x, 4),
    formatNumber(y, 4),
  ]);
}

function lineRows({ name, points, band }: Series): string[][] {
  const stride = Math.max(1, (points.length - 1) / (maxListed - 1));
  const indices = Array.from({ length: Math.min(points.length, maxListed) }, (_, index) => Math.round(index * stride));
  return indices.map((index) => {
    const [x, y] = points[index] ?? [Number.NaN, Number.NaN];
    const edge = band?.find(([at]) => at === x);
    const edges = band ? [edge ? formatNumber(edge[1], 4) : '', edge ? formatNumber(edge[2], 4) : ''] : [];
    return [name, formatNumber(x, 4), formatNumber(y, 4), ...edges];
  });
}
