// page/: self-contained HTML pages with plots, for reports. They fetch nothing, need no JavaScript, and run nothing they show.
export type { Axis } from './axis.ts';
export {
  type Bar,
  type BarChartOptions,
  barChart,
  type HistogramOptions,
  histogram,
} from './bar-chart.ts';
export {
  type Column,
  code,
  details,
  figure,
  type KeyFigure,
  keyFigures,
  paragraph,
  sample,
  strong,
  subheading,
  type Table,
  table,
} from './content.ts';
export {
  type LinePlotOptions,
  linePlot,
  type PointGroup,
  type ScatterOptions,
  type Series,
  scatter,
} from './line-plot.ts';
export { type Attributes, element, type Markup, type MarkupElement, renderMarkup } from './markup.ts';
export { type PageOptions, page, type Section } from './page.ts';
export { picture } from './picture.ts';
export type { Mark, Plot, Tone } from './plot.ts';
export { formatBytes, formatCompact, formatCount, formatNumber, formatShare } from './quantity.ts';
