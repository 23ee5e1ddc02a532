import { acceleratorOfDriver } from '../../src/theory/accelerators/accelerator.ts';
import { median } from '../step/statistics.ts';
import { type Agreement, agreements, type Distance, measuredTurns } from './agreement.ts';
import type { GpuRecord, MeasuredTurn, RecordedModel, WebgpuOutcome } from './record.ts';

/** What the issue asks for. */
export const targetUtilization = 0.45;

/** A row of a table that was measured. */
export interface RowSummary {
  readonly id: string;
  readonly label: string;
  readonly microBatchSize: number;
  /** Median over the bursts of all rounds. */
  readonly stepMs: number;
  readonly leastMs: number;
  readonly tokensPerSecond: number;
  readonly flopsPerSecond: number;
  /** Model FLOPs utilisation; undefined for a device that the table does not have. */
  readonly utilization: number | undefined;
  readonly peakBytes: number | undefined;
  /** Compiling and the first step: in the first round, and where compiled code was kept; undefined after one round. */
  readonly coldMs: number;
  readonly warmMs: number | undefined;
  readonly agreement: Agreement;
}

/** Floating-point operations a second of a device in bfloat16, dense, as its vendor tells; undefined for one not in the table. */
function peakOf(deviceName: string): number | undefined {
  return acceleratorOfDriver(deviceName)?.peakFlops.bfloat16;
}

/** Medians of every row of a model that was measured, in the order of the record. */
export function summariesOf(record: GpuRecord, model: RecordedModel): RowSummary[] {
  const turns = measuredTurns(record, model.id);
  const agreed = agreements(record, model.id);
  return record.rows.flatMap(({ id, label }) => {
    const found = turns.get(id);
    const agreement = agreed.get(id);
    const first = found?.[0];
    if (found === undefined || agreement === undefined || first === undefined) return [];
    const bursts = found.flatMap(({ burstMs }) => burstMs);
    const stepMs = median(bursts);
    const flopsPerSecond = (model.flopPerToken * model.tokensPerStep * 1e3) / stepMs;
    const peak = peakOf(first.device.name);
    const starts = found.map(({ compileMs, firstStepMs }) => (compileMs ?? 0) + firstStepMs);
    const peaks = found.flatMap(({ peakBytes }) => peakBytes ?? []);
    return {
      id,
      label,
      microBatchSize: first.microBatchSize,
      stepMs,
      leastMs: Math.min(...bursts),
      tokensPerSecond: (1e3 * model.tokensPerStep) / stepMs,
      flopsPerSecond,
      utilization: peak === undefined ? undefined : flopsPerSecond / peak,
      // Of the turn that needed least: where code is compiled, kernels are tried out in device memory too.
      peakBytes: peaks.length === 0 ? undefined : Math.min(...peaks),
      coldMs: starts[0] ?? 0,
      warmMs: starts.length < 2 ? undefined : median(starts.slice(1)),
      agreement,
    };
  });
}

/** The whole result for a person: a table for each model, what follows from it, and the WebGPU provider. */
export function reportOf(record: GpuRecord): string {
  const parts = record.models.map((model) => {
    const summaries = summariesOf(record, model);
    const rest = facts(record, model, summaries);
    return [titleOf(model), tableOf(record, model, summaries), rest.map((line) => `- ${line}`).join('\n')].join('\n\n');
  });
  const unfinished = record.isComplete ? [] : ['The time was up before all turns were done.'];
  const webgpu = record.webgpu === undefined ? 'WebGPU: not run here' : webgpuLine(record.webgpu);
  return [...parts, [machineLine(record), webgpu, ...unfinished].join('\n')].join('\n\n');
}

function titleOf({ id, size, numParameters, flopPerToken, tokensPerStep, precision }: RecordedModel): string {
  return (
    `${id}: ${size.numLayers} layers of width ${size.width}, vocabulary ${size.vocabularySize}, context ${size.contextLength}, ` +
    `${(numParameters / 1e6).toFixed(1)} M parameters, ${precision}, ${tokensPerStep} tokens a step, ` +
    `${(flopPerToken / 1e9).toFixed(3)} GFLOP a token (6·N + 12·L·H·K·T)`
  );
}

const columns = [
  'row',
  'micro',
  'ms/step median (least)',
  'tokens/s',
  'TFLOP/s',
  'MFU',
  'peak GB',
  'first step s',
  'agrees',
];

function tableOf(record: GpuRecord, model: RecordedModel, summaries: readonly RowSummary[]): string {
  const rows = record.rows.map(({ id, label }): readonly string[] => {
    const summary = summaries.find((one) => one.id === id);
    return summary === undefined ? [label, faultOf(record, model, id)] : cellsOf(summary);
  });
  const whole = rows.filter((cells) => cells.length === columns.length);
  const widths = columns.map((title, i) =>
    Math.max(title.length, ...(i === 0 ? rows : whole).map((cells) => cells[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string => {
    const isWhole = cells.length === columns.length;
    const padded = cells.map((cell, i) => {
      if (i === 0) return cell.padEnd(widths[0] ?? 0);
      return isWhole ? cell.padStart(widths[i] ?? 0) : cell;
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(columns), rule, ...rows.map(line)].join('\n');
}

function cellsOf(row: RowSummary): readonly string[] {
  const { agreement } = row;
  if (!agreement.isRight) return [row.label, `FAILED: ${agreementText(agreement)}`];
  const seconds = (ms: number) => (ms / 1e3).toFixed(1);
  return [
    row.label,
    String(row.microBatchSize),
    `${row.stepMs.toFixed(1)} (${row.leastMs.toFixed(1)})`,
    row.tokensPerSecond.toFixed(0),
    (row.flopsPerSecond / 1e12).toFixed(2),
    row.utilization === undefined ? '–' : `${(100 * row.utilization).toFixed(1)} %`,
    row.peakBytes === undefined ? '–' : (row.peakBytes / 1e9).toFixed(2),
    row.warmMs === undefined ? seconds(row.coldMs) : `${seconds(row.coldMs)}, kept ${seconds(row.warmMs)}`,
    agreementText(agreement),
  ];
}

function agreementText({ steps, check }: Agreement): string {
  const text = ({ loss, norm }: Distance) => `${loss.toExponential(0)}/${norm.toExponential(0)}`;
  return check === undefined ? text(steps) : `${text(steps)}, small ${text(check)}`;
}

/** Why a row has no numbers. */
function faultOf({ turns }: GpuRecord, model: RecordedModel, row: string): string {
  const results = turns.flatMap((turn) => (turn.model === model.id && turn.row === row ? [turn.result] : []));
  for (const result of results) {
    if ('unavailable' in result) return `not run: ${result.unavailable}`;
    if ('failed' in result) return `FAILED: ${result.failed}`;
  }
  return 'not run';
}

/** What follows from the rows: ours at its best against the best of the others, the target, and what was not whole. */
function facts(record: GpuRecord, model: RecordedModel, summaries: readonly RowSummary[]): string[] {
  const right = summaries.filter(({ agreement }) => agreement.isRight);
  const best = (begin: string) =>
    right.filter(({ id }) => id.startsWith(begin)).toSorted((a, b) => a.stepMs - b.stepMs)[0];
  const ours = best('ours');
  const lines: string[] = [];
  if (ours === undefined) return ['nothing of ours was measured'];
  for (const begin of ['pytorch', 'plain-jax']) {
    const other = best(begin);
    if (other === undefined) continue;
    const ratio = other.stepMs / ours.stepMs;
    const memory =
      ours.peakBytes === undefined || other.peakBytes === undefined
        ? ''
        : `, ${(ours.peakBytes / other.peakBytes).toFixed(2)}× its memory`;
    lines.push(`${ratio.toFixed(3)}× the speed of ${other.label} (${ours.label})${memory}`);
  }
  if (ours.utilization !== undefined) {
    const isReached = ours.utilization >= targetUtilization ? 'reached' : 'missed';
    lines.push(
      `MFU ${(100 * ours.utilization).toFixed(1)} % (${ours.label}); the target of ${100 * targetUtilization} % is ${isReached}`,
    );
  }
  for (const { turn, label } of firstTurns(record, model)) {
    if (turn.tooLarge.length > 0) lines.push(`${label}: micro-batches of ${turn.tooLarge.join(', ')} rows did not fit`);
  }
  return lines;
}

function firstTurns(record: GpuRecord, model: RecordedModel): { turn: MeasuredTurn; label: string }[] {
  const turns = measuredTurns(record, model.id);
  return record.rows.flatMap(({ id, label }) => {
    const turn = turns.get(id)?.[0];
    return turn === undefined ? [] : [{ turn, label }];
  });
}

function machineLine({ driver, platform, turns }: GpuRecord): string {
  const versions: Record<string, string> = {};
  let device = 'no device';
  for (const { result } of turns) {
    if (!('burstMs' in result)) continue;
    Object.assign(versions, result.versions);
    device = result.device.name;
  }
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const peak = peakOf(device);
  const rate = peak === undefined ? 'no peak rate in the table' : `${(peak / 1e12).toFixed(1)} TFLOP/s in bfloat16`;
  return `${device} (${rate}), ${driver ?? platform}; ${names.join(', ')}`;
}

function webgpuLine(outcome: WebgpuOutcome): string {
  if ('skipped' in outcome) return `WebGPU of ONNX Runtime: not run: ${outcome.skipped}`;
  const { model, deviation, isRight, stepMs, tokensPerSecond, flopsPerSecond } = outcome;
  const apart =
    deviation === null ? 'losses that are not finite' : `${deviation.toExponential(1)} nats from the processor`;
  return (
    `WebGPU of ONNX Runtime, model ${model} of the step benchmark: ${isRight ? 'right' : 'WRONG'}, ${apart}; ${stepMs.toFixed(1)} ms a step, ` +
    `${tokensPerSecond.toFixed(0)} tokens/s, ${(flopsPerSecond / 1e9).toFixed(0)} GFLOP/s`
  );
}
