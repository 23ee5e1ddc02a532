import type { FileSystem, JsonValue } from '../core/index.ts';
import { writeDurably } from '../core/node.ts';
import type { Batches } from '../data/index.ts';
import type { Session } from '../engine/index.ts';

/** What a run that stopped by itself leaves behind, so that a person can find out why. */
export interface Diagnosis {
  /** Steps done. */
  readonly step: number;
  readonly reason: string;
  readonly seed: number;
  /** The last steps, as the Program gave them. */
  readonly lastSteps: readonly { readonly step: number; readonly loss: number; readonly gradientNorm: number }[];
  /** Step of the newest checkpoint, if there is one. */
  readonly lastCheckpoint: number | undefined;
}

/**
 * Writes `diagnostics/step-N.json` into a run's folder: what happened in the last steps, the rows of their batches, and norm, largest
 * value and count of non-finite numbers of every tensor.
 *
 * @returns its path inside the folder
 */
export async function writeDiagnosis(
  fs: FileSystem,
  folder: string,
  session: Session,
  batches: Batches,
  diagnosis: Diagnosis,
): Promise<string> {
  const tensors: Record<string, JsonValue> = {};
  for (const name of Object.keys(session.program.state)) tensors[name] = statisticsOf(await session.get(name));
  const record = {
    format: 'groundwork-diagnosis',
    version: 1,
    step: diagnosis.step,
    reason: diagnosis.reason,
    seed: diagnosis.seed,
    lastCheckpoint: diagnosis.lastCheckpoint ?? null,
    steps: diagnosis.lastSteps.map(({ step, loss, gradientNorm }) => ({
      step,
      loss: numberText(loss),
      gradientNorm: numberText(gradientNorm),
      // The batch of the n-th step is that of step n − 1, counted from 0.
      rows: rowsOf(batches, step - 1),
    })),
    tensors,
  };
  const path = `diagnostics/step-${String(diagnosis.step).padStart(8, '0')}.json`;
  fs.makeFolder(`${folder}/diagnostics`);
  writeDurably(fs, `${folder}/${path}`, [new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`)]);
  return path;
}

function rowsOf(batches: Batches, step: number): JsonValue {
  const batch = batches.batch(step);
  return Array.from({ length: batch.batchSize }, (_, i) => ({
    dataset: batches.sources[batch.datasets[i] as number]?.name ?? '',
    row: batch.rows[i] as number,
    epoch: batch.epochs[i] as number,
  }));
}

function statisticsOf(data: ArrayLike<number>): JsonValue {
  let squares = 0;
  let largest = 0;
  let numNonFinite = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!Number.isFinite(value)) numNonFinite += 1;
    else {
      squares += value * value;
      largest = Math.max(largest, Math.abs(value));
    }
  }
  return { norm: Math.sqrt(squares), largest, numNonFinite, size: data.length };
}

/** JSON has no NaN and no infinities. */
const numberText = (value: number): JsonValue => (Number.isFinite(value) ? value : String(value));
