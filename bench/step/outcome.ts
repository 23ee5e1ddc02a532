import type { Ready } from './protocol.ts';
import type { RowSpec } from './rows.ts';
import { least, median, total } from './statistics.ts';

/** What became of a row. */
export type Outcome =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  /** The fastest matrix product of the runtime; no training step. */
  | { readonly kind: 'gemm'; readonly product: string; readonly gflops: number; readonly measurement: Measurement }
  /** It computed something else than ours on the CPU: no speed is told. */
  | { readonly kind: 'failed'; readonly losses: readonly (number | null)[] }
  /** It is not installed, was not to be run, crashed, or was too slow. */
  | { readonly kind: 'none'; readonly reason: string };

/** A row with its outcome. */
export interface RowResult {
  readonly spec: RowSpec;
  readonly note: string | undefined;
  readonly outcome: Outcome;
}

/** One burst of a row, as it goes into the record. */
export interface BurstRecord {
  readonly round: number;
  readonly stepMs: readonly number[];
  readonly cpuSeconds: number;
  readonly othersCores: number | undefined;
  readonly loadAverage: number;
  readonly attempts: number;
  readonly isDisturbed: boolean;
}

/** What is known of a row when the rounds are over. */
export interface Measurement {
  readonly versions: Ready['versions'];
  readonly threads: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly numSteps: number;
  readonly cpuSecondsPerStep: number;
  /** Processor time over wall time: how many cores a step keeps busy. */
  readonly cpuPerWall: number;
  /** From the start of the peer's code to readiness; frameworks that compile lazily do so in the first step instead. */
  readonly loadMs: number;
  /** Rows of ours: tracing, lowering and making the session. */
  readonly traceToSessionMs: number | undefined;
  readonly firstStepMs: number;
  readonly firstStepOverMedian: number;
  /** From the start of the process to the first loss. */
  readonly firstLossMs: number;
  readonly peakBytes: number;
  readonly losses: readonly (number | null)[];
  readonly numDisturbed: number;
  readonly bursts: readonly BurstRecord[];
}

/** What was seen of a row before the rounds. */
export interface Opening {
  readonly ready: Ready;
  readonly firstStepMs: number;
  readonly firstLossMs: number;
  readonly losses: readonly (number | null)[];
}

/** Medians over all steps of all bursts. */
export function summarize(opening: Opening, bursts: readonly BurstRecord[], peakBytes: number): Measurement {
  const stepMs = bursts.flatMap((burst) => burst.stepMs);
  const cpuSeconds = total(bursts.map((burst) => burst.cpuSeconds));
  const medianMs = median(stepMs);
  return {
    versions: opening.ready.versions,
    threads: opening.ready.threads,
    medianMs,
    minMs: least(stepMs),
    numSteps: stepMs.length,
    cpuSecondsPerStep: cpuSeconds / stepMs.length,
    cpuPerWall: (1000 * cpuSeconds) / total(stepMs),
    loadMs: opening.ready.loadMs,
    traceToSessionMs: opening.ready.traceToSessionMs,
    firstStepMs: opening.firstStepMs,
    firstStepOverMedian: opening.firstStepMs / medianMs,
    firstLossMs: opening.firstLossMs,
    peakBytes,
    losses: opening.losses,
    numDisturbed: bursts.filter(({ isDisturbed }) => isDisturbed).length,
    bursts,
  };
}
