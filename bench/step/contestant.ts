import { type Burst, burstLength, isDisturbed, runBurst, runQuietBurst } from './burst.ts';
import { runGate } from './gate.ts';
import { type GemmShape, nameGemm } from './models.ts';
import { type BurstRecord, type Measurement, type Opening, type Outcome, summarize } from './outcome.ts';
import { PeerFailure, PeerProcess } from './peer-process.ts';
import type { RowPlan, RowSpec } from './rows.ts';
import { median } from './statistics.ts';

/** What to start for a row, or why nothing can be started. */
export type RowCommand = { readonly command: string; readonly args: readonly string[] } | { readonly absent: string };

/** A row while it is measured: its process, which waits between its turns, and what is known so far. */
export class Contestant {
  readonly spec: RowSpec;
  readonly plan: RowPlan;
  private readonly bursts: BurstRecord[] = [];
  private readonly productMs = new Map<string, number[]>();
  private peer: PeerProcess | undefined;
  private opening: Opening | undefined;
  private stepMs = 0;
  private peakBytes = 0;
  private ending: Outcome | undefined;

  constructor(spec: RowSpec, plan: RowPlan) {
    this.spec = spec;
    this.plan = plan;
    if (plan.kind === 'skip') this.ending = { kind: 'none', reason: plan.reason };
  }

  /** The losses of the first steps, if it got that far. */
  get losses(): readonly (number | null)[] | undefined {
    return this.opening?.losses;
  }

  /** Starts the process and runs the first steps. */
  async open(command: RowCommand, timeoutMs: number): Promise<void> {
    if (this.ending) return;
    if ('absent' in command) {
      this.ending = { kind: 'none', reason: command.absent };
      return;
    }
    await this.guarded(async () => {
      this.peer = await PeerProcess.start({ ...command, timeoutMs });
      const { opening, stepMs } = await runGate(this.peer);
      this.opening = opening;
      this.stepMs = stepMs;
    });
  }

  /** Takes the row out: its losses are wrong. */
  async disqualify(): Promise<void> {
    this.ending = { kind: 'failed', losses: this.losses ?? [] };
    await this.close();
  }

  /** True if it takes part in this round (from 0). */
  takesPart(round: number): boolean {
    return this.peer !== undefined && this.ending === undefined && (this.plan.kind === 'full' || round === 0);
  }

  /** Its turn: some steps in one go, again while others disturb it. */
  async takeTurn(round: number): Promise<BurstRecord | undefined> {
    const { peer } = this;
    if (!peer) return undefined;
    const isFull = this.plan.kind === 'full';
    const count = isFull ? burstLength(this.stepMs) : 2;
    return this.guarded(async () => {
      const { burst, attempts } = await runQuietBurst(() => runBurst(peer, count), isFull ? 3 : 0);
      return this.record(round, burst, attempts);
    });
  }

  async close(): Promise<void> {
    const { peer } = this;
    this.peer = undefined;
    await peer?.close();
  }

  /** What became of it; to be asked when the rounds are over. */
  outcome(shapes: readonly GemmShape[]): Outcome {
    if (this.ending) return this.ending;
    if (!this.opening || this.bursts.length === 0) return { kind: 'none', reason: 'was not measured' };
    const measurement = summarize(this.opening, this.bursts, this.peakBytes);
    return this.spec.kind === 'gemm' ? this.bestProduct(shapes, measurement) : { kind: 'measured', measurement };
  }

  private bestProduct(shapes: readonly GemmShape[], measurement: Measurement): Outcome {
    const rates = shapes.flatMap((shape) => {
      const times = this.productMs.get(nameGemm(shape));
      return times
        ? [{ product: nameGemm(shape), gflops: (2 * shape.m * shape.n * shape.k) / median(times) / 1e6 }]
        : [];
    });
    const [best] = rates.sort((x, y) => y.gflops - x.gflops);
    return best ? { kind: 'gemm', ...best, measurement } : { kind: 'none', reason: 'no product was measured' };
  }

  private record(round: number, burst: Burst, attempts: number): BurstRecord {
    const { answer, othersCores, loadAverage } = burst;
    for (const [name, times] of Object.entries(answer.productMs ?? {})) {
      this.productMs.set(name, [...(this.productMs.get(name) ?? []), ...times]);
    }
    this.peakBytes = Math.max(this.peakBytes, answer.peakBytes);
    const { stepMs, cpuSeconds } = answer;
    const record = { round, stepMs, cpuSeconds, othersCores, loadAverage, attempts, isDisturbed: isDisturbed(burst) };
    this.bursts.push(record);
    // The gate may have been slowed down by others; the next burst need not be short for that.
    this.stepMs = Math.min(this.stepMs, median(stepMs));
    return record;
  }

  /** A peer that fails ends its own row only. */
  private async guarded<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof PeerFailure)) throw error;
      this.ending = { kind: 'none', reason: error.message };
      await this.close();
      return undefined;
    }
  }
}
