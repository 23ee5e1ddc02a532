import type { Comparison } from './comparison.ts';
import { gateTolerance, greatestDeviation } from './gate.ts';
import { flopPerStep, models, tokensPerStep } from './models.ts';
import type { Measurement, RowResult } from './outcome.ts';

const columns = [
  'row',
  'threads',
  'ms/step median (min)',
  'tokens/s',
  'GFLOP/s',
  '÷ Gemm',
  'CPU s/step',
  'load ms',
  'first step ms',
  'peak MB',
  'loss check',
] as const;

type Cells = readonly string[];

/** Model GFLOP/s of a measured row, or the rate of the product of a row of Gemm. */
export function rateOf({ outcome }: RowResult, comparison: Comparison): number | undefined {
  if (outcome.kind === 'gemm') return outcome.gflops;
  if (outcome.kind !== 'measured') return undefined;
  return flopPerStep(models[comparison.model]) / outcome.measurement.medianMs / 1e6;
}

/**
 * The best Gemm rate of the runtime with at most as many threads: where a second thread makes a product slower, as on
 * two halves of one core, the yardstick is still the better of the two.
 */
export function gemmRate(comparison: Comparison, threads: number): number | undefined {
  const rates = comparison.rows.flatMap(({ spec, outcome }) =>
    outcome.kind === 'gemm' && spec.threads <= threads ? [outcome.gflops] : [],
  );
  return rates.length === 0 ? undefined : Math.max(...rates);
}

/** The table of one model, in Markdown that reads well as plain text too. */
export function formatTable(comparison: Comparison): string {
  const rows = comparison.rows.map((row) => cellsOf(row, comparison));
  // A row without numbers says why behind its name, and does not make columns wide.
  const whole = rows.filter((cells) => cells.length === columns.length);
  const widths = columns.map((title, i) =>
    Math.max(title.length, ...(i < 2 ? rows : whole).map((cells) => cells[i]?.length ?? 0)),
  );
  const line = (cells: Cells): string => {
    const padded = cells.map((cell, i) => {
      const isText = i === 0 || cells.length < columns.length;
      return isText ? cell.padEnd(i < 2 ? (widths[i] ?? 0) : 0) : cell.padStart(widths[i] ?? 0);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(columns), rule, ...rows.map(line)].join('\n');
}

function cellsOf(row: RowResult, comparison: Comparison): Cells {
  const { spec, note, outcome } = row;
  const label = note === undefined ? spec.label : `${spec.label} (${note})`;
  const threads = String(spec.threads);
  if (outcome.kind === 'none') return [label, threads, outcome.reason];
  if (outcome.kind === 'failed') {
    return [label, threads, `FAILED, losses ${outcome.losses.map((loss) => loss?.toFixed(4) ?? 'NaN').join(' ')}`];
  }
  const { measurement } = outcome;
  const rate = rateOf(row, comparison);
  const best = gemmRate(comparison, measurement.threads);
  const ratio = rate === undefined || best === undefined ? '–' : (rate / best).toFixed(2);
  const start = [rounded(measurement.loadMs), rounded(measurement.firstStepMs), rounded(measurement.peakBytes / 1e6)];
  if (outcome.kind === 'gemm') {
    const peak = start[2] ?? '';
    return [
      `${label}, ${outcome.product}${disturbance(measurement)}`,
      threads,
      '–',
      '–',
      rounded(outcome.gflops),
      ratio,
      '–',
      '–',
      '–',
      peak,
      '–',
    ];
  }
  const deviation = greatestDeviation(measurement.losses, comparison.referenceLosses);
  return [
    `${label}${disturbance(measurement)}`,
    String(measurement.threads),
    `${milliseconds(measurement.medianMs)} (${milliseconds(measurement.minMs)})`,
    rounded((1000 * tokensPerStep(models[comparison.model])) / measurement.medianMs),
    (rate ?? Number.NaN).toFixed(1),
    ratio,
    measurement.cpuSecondsPerStep.toFixed(3),
    ...start,
    deviation <= gateTolerance ? `ok, ${deviation.toExponential(0)}` : 'wrong',
  ];
}

/** A mark for each burst during which others used the processor. */
function disturbance({ numDisturbed, bursts }: Measurement): string {
  return numDisturbed === 0 ? '' : ` [${numDisturbed} of ${bursts.length} bursts disturbed]`;
}

function milliseconds(value: number): string {
  return value < 1000 ? value.toFixed(1) : value.toFixed(0);
}

function rounded(value: number): string {
  return value.toFixed(0);
}
