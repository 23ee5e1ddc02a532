import { z } from 'zod';
import { assert, errorCodes, type FileSystem, type JsonValue } from '../../core/index.ts';
import { writeDurably } from '../../core/node.ts';
import type { Packing } from '../../data/index.ts';
import { optimizerSchema, scheduleSchema } from '../../optimizer/index.ts';
import { precisions, type RecipeSize } from '../../recipe/index.ts';
import { type JsonObject, type ReadResult, readSigned, signedText } from './signed-json.ts';

export const manifestFile = 'run.json';
/** The file of a run that holds its tokenizer, as Hugging Face's `tokenizer.json`. */
export const runTokenizerFile = 'tokenizer.json';
/** The file of a run that says what its recipe was when it began, as canonical JSON. */
export const recipeContentFile = 'recipe.json';
/** The file of a run that says what it was expected to reach and cost, before its first step. */
export const forecastFile = 'forecast.json';
/** The file of a finished run that holds its forecast against what happened. */
export const verdictFile = 'verdict.json';
const kind = { format: 'groundwork-run', version: 1 } as const;

const count = z.int().min(0);
const positive = z.int().min(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
// Kept as it was parsed: copying it key by key would let a key `__proto__` act.
const json = z.custom<JsonValue>((value) => value !== undefined, 'expected JSON');

const sizeSchema = z.strictObject({
  vocabularySize: positive,
  contextLength: positive,
  numLayers: positive,
  width: positive,
}) satisfies z.ZodType<RecipeSize>;

/** What a run ended with. */
const resultSchema = z.strictObject({
  step: count,
  /** Tokens that were trained on. */
  tokens: count,
  /** null where there are no validation documents. */
  bitsPerByte: z.number().nullable(),
  /** Validation documents that it was measured on, spread evenly over all that there are. */
  numDocuments: count,
  numValidationDocuments: count,
  /** Of the last step, in nats per token; null where it was not finite. */
  loss: z.number().nullable(),
  /** All time of the run, over all resumes: loading, training, evaluations, samples and checkpoints. */
  durationMs: z.number().min(0),
});

/** Why a run failed, as the terminal said it. */
const failureSchema = z.strictObject({
  /** A code of `errorCodes`, or `internal` for a fault of ours. */
  code: z.union([z.enum(Object.keys(errorCodes) as [string, ...string[]]), z.literal('internal')]),
  message: z.string(),
  hint: z.string(),
  step: count,
});

/** Schema of `run.json`: everything that is needed to tell what a run is, and to do it again. */
export const runManifestSchema = z.strictObject({
  format: z.literal(kind.format),
  version: z.literal(kind.version),
  name: z.string().min(1),
  /** ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
  recipe: z.strictObject({
    name: z.string().min(1),
    /** Path of the recipe inside the run's folder; null for one that ships with Groundwork. */
    file: z.string().min(1).nullable(),
    options: json,
    /** Of its canonical description. */
    sha256,
  }),
  size: sizeSchema,
  /** SHA-256 of the training-step Program. */
  programHash: sha256,
  /** SHA-256 of what the model computes, whatever the batch. */
  modelHash: sha256,
  batch: z.strictObject({
    /** Rows of a step. */
    batchSize: positive,
    /** Rows that pass through the model at once. */
    microBatchSize: positive,
    contextLength: positive,
    packing: z.enum(['stream', 'documents'] satisfies Packing[]),
    documentMask: z.boolean(),
    /** What forward and backward pass compute in; absent: float32. */
    precision: z.enum(precisions).exactOptional(),
  }),
  datasets: z
    .array(
      z.strictObject({
        folder: z.string().min(1),
        name: z.string().min(1),
        fingerprint: sha256,
        weight: z.number().positive(),
      }),
    )
    .min(1),
  batchesFingerprint: sha256,
  tokenizerFingerprint: sha256,
  /** What it was before it was resumed with something else, as was allowed: checkpoints of that time are its own. */
  earlierFingerprints: z
    .array(z.strictObject({ program: sha256, tokenizer: sha256, batches: sha256 }))
    .min(1)
    .exactOptional(),
  seed: z.int(),
  numSteps: count,
  schedule: scheduleSchema,
  optimizer: optimizerSchema,
  engine: z.strictObject({
    provider: z.string().min(1),
    /** null: the engine's own choice. */
    numThreads: positive.nullable(),
    name: z.string().min(1),
    versions: json,
  }),
  environment: z.strictObject({ node: z.string(), platform: z.string(), cpu: z.string(), groundwork: z.string() }),
  /** The plan as it was printed. */
  plan: json,
  /** The arguments of the command that began the run. */
  command: z.array(z.string()),
  status: z.enum(['running', 'finished', 'stopped', 'failed']),
  failure: failureSchema.nullable(),
  result: resultSchema.nullable(),
  /** Of `forecast.json`, as it was registered; a run of before there were forecasts has none. */
  forecast: z.strictObject({ sha256 }).exactOptional(),
  /** Of `verdict.json`; only a finished run has one. */
  verdict: z.strictObject({ sha256 }).exactOptional(),
});

/** What `run.json` holds. */
export type RunManifest = z.infer<typeof runManifestSchema>;
export type RunStatus = RunManifest['status'];
export type RunResultRecord = z.infer<typeof resultSchema>;
export type RunFailure = z.infer<typeof failureSchema>;

/** Writes `run.json` durably, in place of the one that is there. */
export function writeRunManifest(fs: FileSystem, folder: string, manifest: RunManifest): void {
  const checked = runManifestSchema.safeParse(manifest);
  const [issue] = checked.error?.issues ?? [];
  assert(checked.success, `the manifest of a run breaks its schema: ${issue?.path.join('.')}: ${issue?.message}`);
  writeDurably(fs, `${folder}/${manifestFile}`, [new TextEncoder().encode(manifestText(manifest))]);
}

/** The text of `run.json`. */
export function manifestText(manifest: RunManifest): string {
  return signedText(manifest satisfies JsonObject);
}

/** Reads and checks `run.json`. */
export function readRunManifest(fs: FileSystem, folder: string): ReadResult<RunManifest> {
  return readSigned(fs, folder, manifestFile, kind, runManifestSchema);
}
