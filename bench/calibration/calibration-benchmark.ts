import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GroundworkError } from '../../src/core/index.ts';
import {
  type BackTestForecast,
  backTest,
  calibrate,
  coverageOf,
  type IntervalCalibration,
  type IntervalForecast,
  intervalKinds,
  leaveOneOutIntervals,
  shippedCalibration,
} from '../../src/theory/index.ts';
import { ownLadders, publicTables } from './tables.ts';

const usage = `npm run bench -- calibration [flags]

Forecasts the past on public tables of scaling-law runs and on the ladders of this project: how wide intervals have to be, and
how often those of each kind hold what happened. Says last whether the numbers shipped in src/theory are those measured, and
prints the measured ones where they are not.

  --tables FOLDER   where the public tables lie (default: ../shared/theory-data beside the checkout)
  --laws FOLDER     where the records of ladders lie (default: laws in the checkout)
  --resamples N     laws in the bootstrap of each fit; 0 leaves bootstraps out (default: 100)
  --json FILE       also write every forecast to FILE
  --help            this text`;

const checkout = new URL('../../', import.meta.url);
const options = {
  tables: { type: 'string', default: fileURLToPath(new URL('../shared/theory-data/', checkout)) },
  laws: { type: 'string', default: fileURLToPath(new URL('laws/', checkout)) },
  resamples: { type: 'string', default: '100' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Bounds of the factors that errors are listed by; the last is open. */
const factorBounds = [1, 1.001, 2, 4, 10.5, 30, 100, Number.POSITIVE_INFINITY] as const;

/** `bench calibration`: prints coverage by table and pooled, and the numbers to ship. */
export async function runCalibrationBenchmark(args: readonly string[]): Promise<void> {
  const values = read(args);
  if (values.help) return print(usage);
  const numResamples = Number(values.resamples);
  if (!Number.isInteger(numResamples) || numResamples < 0) {
    throw refusal(`--resamples is "${values.resamples}", expected a whole number`);
  }
  const tables = [...publicTables(values.tables), ...ownLadders(values.laws)];
  if (tables.length < 2) throw refusal(`there are ${tables.length} tables in ${values.tables} and ${values.laws}`);
  const forecasts = tables.flatMap((table) => {
    const startMs = performance.now();
    const own = backTest(table, { numResamples });
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    process.stderr.write(`${table.name}: ${table.points.length} points, ${own.length} forecasts, ${seconds} s\n`);
    return own;
  });
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(forecasts));
  reportErrors(forecasts);
  for (const leftOut of ['table', 'source'] as const) {
    const scored = leaveOneOutIntervals(forecasts, leftOut);
    reportCoverage(`all forecasts, calibrated on every other ${leftOut}`, scored);
    if (leftOut === 'table') reportParts(scored);
  }
  reportShipped(calibrate(forecasts, { source: sourceOf(forecasts) }));
}

/** Errors by extrapolation factor, as in the literature: of all forecasts alike. */
function reportErrors(forecasts: readonly BackTestForecast[]): void {
  print('\nfactor         forecasts  tables   |error| %: median   p80    p90    p95');
  for (const [low, high] of factorRanges()) {
    const own = forecasts.filter(({ factor }) => low <= factor && factor < high);
    const errors = own.map(({ logError }) => 100 * Math.abs(logError)).sort((a, b) => a - b);
    const at = (level: number): string =>
      (errors[Math.floor(level * errors.length)] ?? Number.NaN).toFixed(2).padStart(6);
    const numTables = new Set(own.map(({ table }) => table)).size;
    const counts = `${String(own.length).padStart(9)}  ${String(numTables).padStart(6)}`;
    print(`${rangeName(low, high).padEnd(14)} ${counts}             ${[0.5, 0.8, 0.9, 0.95].map(at).join(' ')}`);
  }
}

/** Coverage of tables, and of ranges of factors. */
function reportParts(scored: readonly IntervalForecast[]): void {
  for (const [low, high] of factorRanges()) {
    const own = scored.filter(({ factor }) => low <= factor && factor < high);
    if (own.length > 0) reportCoverage(`factor ${rangeName(low, high)}`, own);
  }
  for (const table of new Set(scored.map((forecast) => forecast.table))) {
    const own = scored.filter((forecast) => forecast.table === table);
    const split = own.filter(({ fit }) => fit.endsWith('up to C/10'));
    const error = split.reduce((sum, { logError }) => sum + Math.abs(logError), 0) / split.length;
    const note = split.length > 0 ? `; fitted up to C/10, mean |error| of the rest ${(100 * error).toFixed(2)} %` : '';
    reportCoverage(`${table}${note}`, own);
    if (split.length > 0) reportCoverage(`${table}, fitted up to C/10`, split);
  }
}

function reportCoverage(title: string, scored: readonly IntervalForecast[]): void {
  print(`\n${title}: ${scored.length} forecasts`);
  for (const kind of intervalKinds) {
    const coverage = coverageOf(scored, kind);
    if (!coverage) continue;
    const { covered80, covered95, byTable80, byTable95, medianHalfWidth80, medianHalfWidth95 } = coverage;
    const percent = (part: number): string => `${(100 * part).toFixed(1).padStart(5)} %`;
    print(
      `  ${kind.padEnd(14)} 80: ${percent(covered80)} of forecasts ${percent(byTable80)} of tables, half width ${percent(medianHalfWidth80)}` +
        `   95: ${percent(covered95)} ${percent(byTable95)} half width ${percent(medianHalfWidth95)}`,
    );
  }
}

/** Says whether the numbers shipped are those measured, to the three digits that they are shipped with. */
function reportShipped(measured: IntervalCalibration): void {
  const rounded = {
    ...measured,
    quantile80: threeDigits(measured.quantile80),
    quantile95: threeDigits(measured.quantile95),
  };
  if (JSON.stringify(rounded) === JSON.stringify(shippedCalibration)) {
    print('\nThe shipped calibration is what was measured.');
    return;
  }
  print('\nThe shipped calibration is not what was measured, which is:');
  print(JSON.stringify(rounded, null, 2));
}

const threeDigits = (values: readonly number[]): number[] => values.map((value) => Number(value.toPrecision(3)));

function sourceOf(forecasts: readonly BackTestForecast[]): string {
  const numTables = new Set(forecasts.map(({ table }) => table)).size;
  const sources = [...new Set(forecasts.map(({ source }) => source))].join(', ');
  return `${forecasts.length} forecasts of finished trainings in ${numTables} tables (${sources})`;
}

const factorRanges = (): [number, number][] =>
  factorBounds.slice(0, -1).map((low, i) => [low, factorBounds[i + 1] ?? Number.POSITIVE_INFINITY]);

const rangeName = (low: number, high: number): string =>
  high === 1.001 ? '1 (inside)' : `${Math.round(low)} to ${Number.isFinite(high) ? Math.round(high) : 'more'}`;

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw refusal(error instanceof Error ? error.message : String(error));
  }
}

const refusal = (message: string): GroundworkError =>
  new GroundworkError('usage', message, { hint: 'See npm run bench -- calibration --help.' });

const print = (line: string): void => void process.stdout.write(`${line}\n`);
