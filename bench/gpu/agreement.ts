import type { GpuRecord, MeasuredTurn, Seen } from './record.ts';

/** How far a row may lie from ours: losses in nats, gradient norms relative to ours. */
export interface Tolerance {
  readonly loss: number;
  readonly norm: number;
}

/** In bfloat16, over the first steps: other orders of summing, and AdamW makes of the sign of a small gradient a whole step. */
export const bfloat16Tolerance: Tolerance = { loss: 0.01, norm: 0.03 };
/** Of the small model in float32. */
export const float32Tolerance: Tolerance = { loss: 2e-5, norm: 2e-4 };

/** How far two rows lie apart at most. NaN where a number is not finite or missing. */
export interface Distance {
  readonly loss: number;
  readonly norm: number;
}

export function distanceOf(one: Seen, other: Seen): Distance {
  const greatest = (
    a: readonly (number | null)[],
    b: readonly (number | null)[],
    difference: (x: number, y: number) => number,
  ): number => {
    if (a.length !== b.length || a.length === 0) return Number.NaN;
    // With NaN among them the greatest is NaN.
    return Math.max(...a.map((x, i) => difference(x ?? Number.NaN, b[i] ?? Number.NaN)));
  };
  return {
    loss: greatest(one.losses, other.losses, (x, y) => Math.abs(x - y)),
    norm: greatest(one.gradientNorms, other.gradientNorms, (x, y) => Math.abs(x - y) / Math.abs(y)),
  };
}

export const isWithin = ({ loss, norm }: Distance, tolerance: Tolerance): boolean =>
  loss <= tolerance.loss && norm <= tolerance.norm;

/** A row that computes what ours does, or does not. */
export interface Agreement {
  readonly steps: Distance;
  /** Of the small model in float32; undefined where it was not run. */
  readonly check: Distance | undefined;
  readonly isRight: boolean;
}

/** The turns of one model that were measured, by row. */
export function measuredTurns({ turns }: GpuRecord, model: string): Map<string, MeasuredTurn[]> {
  const found = new Map<string, MeasuredTurn[]>();
  for (const turn of turns) {
    if (turn.model !== model || !('burstMs' in turn.result)) continue;
    found.set(turn.row, [...(found.get(turn.row) ?? []), turn.result]);
  }
  return found;
}

/** Holds every row of one model against the first of ours that was measured, in the order of the record. */
export function agreements(record: GpuRecord, model: string): Map<string, Agreement> {
  const turns = measuredTurns(record, model);
  const firstOf = ([id]: readonly [string, unknown]) => (id.startsWith('ours') ? 0 : 1);
  const ours = [...turns].toSorted((a, b) => firstOf(a) - firstOf(b)).map(([, found]) => found);
  const reference = ours[0]?.[0];
  const checked = ours.flatMap((found) => found.flatMap(({ check }) => check ?? []))[0];
  const result = new Map<string, Agreement>();
  for (const [id, found] of turns) {
    const checks = found.flatMap(({ check }) => (check && checked ? [distanceOf(check, checked)] : []));
    const steps = found.map((turn) => distanceOf(turn, reference ?? turn));
    const worst = (distances: readonly Distance[]): Distance => ({
      loss: Math.max(...distances.map(({ loss }) => loss)),
      norm: Math.max(...distances.map(({ norm }) => norm)),
    });
    const check = checks.length === 0 ? undefined : worst(checks);
    const isRight =
      isWithin(worst(steps), bfloat16Tolerance) && (check === undefined || isWithin(check, float32Tolerance));
    result.set(id, { steps: worst(steps), check, isRight });
  }
  return result;
}
