import { assert, canonicalJson, type JsonValue } from '../../core/index.ts';
import type { RunManifest } from './run-manifest.ts';

/** The parts of runs that are compared, as fields of `run.json`. */
const areas = {
  recipe: ['recipe', 'modelHash'],
  size: ['size'],
  data: ['datasets', 'batchesFingerprint', 'tokenizerFingerprint'],
  batch: ['batch'],
  length: ['numSteps', 'schedule'],
  optimizer: ['optimizer'],
  seed: ['seed'],
  engine: ['engine', 'programHash'],
  environment: ['environment'],
  result: ['status', 'result'],
} as const satisfies { readonly [area: string]: readonly (keyof RunManifest)[] };
export type ComparedArea = keyof typeof areas;
type ComparedField = (typeof areas)[ComparedArea][number];

/** A field in which runs differ. */
export interface RunDifference {
  readonly area: ComparedArea;
  /** Such as `optimizer.groups.0.learningRate`. */
  readonly field: string;
  /** One for each run; undefined where a run has no such field. */
  readonly values: readonly (JsonValue | undefined)[];
}

export interface RunComparison {
  readonly names: readonly string[];
  /**
   * Area by area: recipe, size, data, batch, length, optimizer, seed, engine, environment, result. Empty where the runs were to
   * do the same and reached the same; names, times and how long they took are not compared.
   */
  readonly differences: readonly RunDifference[];
  /** Whether all trained and were measured on the same data: only then do their bits per byte compare. */
  readonly isSameData: boolean;
  /** Of each run; null where it has no result. */
  readonly bitsPerByte: readonly (number | null)[];
  /** Bits per byte of each run less those of the first; null where either has none. Negative is better. */
  readonly bitsPerByteDifference: readonly (number | null)[];
}

/** In what runs differ, field by field, and by how much in bits per byte. */
export function compareRuns(runs: readonly RunManifest[]): RunComparison {
  assert(runs.length >= 2, `found ${runs.length} runs to compare, expected at least two`);
  const differences: RunDifference[] = [];
  for (const area of Object.keys(areas) as ComparedArea[]) {
    for (const key of areas[area]) {
      collect(
        area,
        key,
        runs.map((run) => fieldOf(run, key)),
        differences,
      );
    }
  }
  const bitsPerByte = runs.map(({ result }) => result?.bitsPerByte ?? null);
  const [first = null] = bitsPerByte;
  const dataOf = (run: RunManifest) =>
    canonicalJson(run.datasets.map(({ fingerprint, weight }) => [fingerprint, weight]));
  return {
    names: runs.map(({ name }) => name),
    differences,
    isSameData: new Set(runs.map(dataOf)).size === 1,
    bitsPerByte,
    bitsPerByteDifference: bitsPerByte.map((value) => (value === null || first === null ? null : value - first)),
  };
}

/** What is compared of a run. */
function fieldOf(run: RunManifest, key: ComparedField): JsonValue | undefined {
  if (key === 'result') return resultOf(run);
  return key === 'batch' ? { precision: 'float32', ...run.batch } : run[key];
}

/** What a run reached; how long it took is no difference between runs. */
function resultOf({ result }: RunManifest): JsonValue {
  if (result === null) return null;
  const { durationMs: _, ...reached } = result;
  return reached;
}

function collect(
  area: ComparedArea,
  field: string,
  values: readonly (JsonValue | undefined)[],
  differences: RunDifference[],
): void {
  const texts = values.map((value) => (value === undefined ? undefined : canonicalJson(value)));
  if (new Set(texts).size === 1) return;
  if (!values.every(isContainer) || new Set(values.map(Array.isArray)).size > 1) {
    differences.push({ area, field, values });
    return;
  }
  const entries = values.map((value) => new Map<string, JsonValue>(Object.entries(value)));
  for (const key of new Set(entries.flatMap((entry) => [...entry.keys()]))) {
    collect(
      area,
      `${field}.${key}`,
      entries.map((entry) => entry.get(key)),
      differences,
    );
  }
}

function isContainer(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null;
}
