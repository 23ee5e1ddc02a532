import { z } from 'zod';
import { scheduleSchema } from '../optimizer/index.ts';

/** The file of a bundle that says what it holds: what `runner.py` reads first. */
export const bundleFile = 'bundle.json';
/** The folder of a bundle in which its run lies. */
export const bundledRunFolder = 'run';

const count = z.int().min(0);
const positive = z.int().min(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
/** A path inside the bundle, with `/` between its parts. */
const inside = z.string().regex(/^(?![/.])(?!.*\/\.)[^\\]+$/, 'expected a path inside the bundle');

/** A file of the bundle as it was written. */
const fileSchema = z.strictObject({ path: inside, sizeBytes: count, sha256 });

/** A shard of the training part of a dataset; both paths lie in the dataset's folder. */
const shardSchema = z.strictObject({
  /** The tokens, little-endian, of the dataset's `tokenType`. */
  tokens: z.string().min(1),
  /** Per document two little-endian uint32: the end of its tokens in the shard, and its length in bytes of text. */
  documents: z.string().min(1),
  numTokens: count,
  numDocuments: count,
});

/**
 * The packing of the rows of an epoch, where documents are packed: one little-endian file, without gaps,
 *
 * - `starts`: uint64 [numPieces], where each piece begins in the training part;
 * - `lengths`: uint32 [numPieces], its tokens;
 * - `firstPiece`: uint32 [numRows + 1]: row r holds the pieces firstPiece[r] … firstPiece[r + 1] − 1, one segment each.
 */
const rowsSchema = z.strictObject({ file: fileSchema, numRows: positive, numPieces: positive });

const datasetSchema = z.strictObject({
  name: z.string().min(1),
  /** Where it lies: in the bundle (relative to it), or an absolute path at which every process finds it. */
  folder: z.string().min(1),
  fingerprint: sha256,
  /** SHA-256 that the dataset's manifest states of its own contents. */
  manifestSha256: sha256,
  /** Its share of the rows, up to a factor that all have in common. */
  weight: z.number().positive(),
  /** Of 1,024 rows in a row, how many are its own; 1,024 where it is the only one. */
  rowsPerBlock: z.int().min(0).max(1024),
  tokenType: z.enum(['uint16', 'uint32']),
  beginToken: count,
  /** Tokens of its training part: the sum over the shards. */
  numTokens: positive,
  /** Rows of an epoch. */
  numRows: positive,
  shards: z.array(shardSchema).min(1),
  /** null where the text is a stream. */
  rows: rowsSchema.nullable(),
});

/**
 * The rows of an evaluation, in the order in which they are read: each file is [numRows, contextLength], row-major, little-endian. Rows
 * are filled up with padding (weight 0) to whole batches.
 */
const evaluationRowsSchema = z.strictObject({
  numRows: positive,
  /** Places with a weight other than 0: tokens that are predicted. */
  numTokens: count,
  /** Bytes of text of the documents: bits per byte = Σ weight · loss / (ln 2 · numBytes), summed in float64. */
  numBytes: positive,
  numDocuments: positive,
  /** int32 */
  tokens: fileSchema,
  /** int32 */
  targets: fileSchema,
  /** float32, 0 or 1 */
  weights: fileSchema,
});

const evaluationSchema = z.strictObject({
  /** Rows of a batch of `evaluate.py`. */
  batchSize: positive,
  contextLength: positive,
  /** Steps from one evaluation to the next; 0: only at the end. */
  everySteps: count,
  /** Documents of the validation part, for the events. */
  numValidationDocuments: count,
  /** On the way; null where `everySteps` is 0. */
  onTheWay: evaluationRowsSchema.nullable(),
  /** At the end; null where there is nothing to measure on. */
  final: evaluationRowsSchema.nullable(),
});

/** How the devices are laid out: `data` × `fsdp` × `model` = all devices. One of the first two may be null: as many as there are. */
const meshSchema = z
  .strictObject({
    /** Copies of the model, each with rows of its own. */
    data: positive.nullable(),
    /** Devices among which parameters and optimizer of a copy are shared out; each has rows of its own. */
    fsdp: positive.nullable(),
    /** Devices that share each matrix product. */
    model: positive,
  })
  .refine(({ data, fsdp }) => data !== null || fsdp !== null, 'expected at most one axis without a number');

/** Schema of `bundle.json`, but for its signature: all that the Python runner has to know. */
export const bundleSchema = z.strictObject({
  format: z.literal('groundwork-bundle'),
  version: z.literal(1),
  /** The name of the run. */
  name: z.string().min(1),
  createdBy: z.strictObject({ groundwork: z.string() }),
  seed: z.int(),
  /** Steps of the whole run. The schedule's factor is that of `scheduleFactor(schedule, step, numSteps)`, unless the `training.json` of the checkpoint holds a `rescheduling`. */
  numSteps: positive,
  schedule: scheduleSchema,
  batch: z.strictObject({
    /** Rows of a step. */
    batchSize: positive,
    /** Rows of a micro-batch, over all devices: those of `step.py`, which may be others than those of the run's plan. */
    microBatchSize: positive,
    contextLength: positive,
    packing: z.enum(['stream', 'documents']),
    /** The step has an input `segments`. */
    documentMask: z.boolean(),
    precision: z.enum(['float32', 'bfloat16']),
    recompute: z.boolean(),
  }),
  datasets: z.array(datasetSchema).min(1),
  /** What the manifests of checkpoints state. */
  fingerprints: z.strictObject({ program: sha256, tokenizer: sha256, batches: sha256 }),
  evaluation: evaluationSchema,
  checkpoints: z.strictObject({
    /** Time between checkpoints; null: by steps alone. */
    everyMs: z.number().min(0).nullable(),
    /** Steps between checkpoints; null: by time alone. */
    everySteps: positive.nullable(),
    /** How many of the newest are kept. */
    keep: z.int().min(2),
  }),
  mesh: meshSchema,
  /** What it was planned for, for people and for messages; it runs on others as well. */
  devices: z.strictObject({
    numNodes: positive,
    /** On each node. */
    numDevices: positive,
    /** A device of the table of accelerators; null where none was named. */
    kind: z.string().min(1).nullable(),
    /** Whether the registered forecast of time and memory is of these devices: it is not of a run that began elsewhere. */
    areForetold: z.boolean(),
  }),
  /** Floating-point operations of a step. */
  flopsPerStep: z.number().positive(),
  /** The run, as a folder inside the bundle, and what of it must not change. */
  run: z.strictObject({
    folder: z.literal(bundledRunFolder),
    createdAt: z.iso.datetime(),
    recipeSha256: sha256,
    /** Of `forecast.json`; null for a run of before there were forecasts. */
    forecastSha256: sha256.nullable(),
    /** The step of the checkpoint that it goes on from. */
    step: count,
  }),
  /** Versions of JAX that it runs with, as pip writes them. */
  jax: z.string().min(1),
  /** The files that the training depends on, but for those of the run and of the datasets. Files for schedulers and pip may be changed. */
  files: z.array(fileSchema),
});

/** What `bundle.json` holds. */
export type BundleManifest = z.infer<typeof bundleSchema>;
export type BundledFile = z.infer<typeof fileSchema>;
export type BundledDataset = z.infer<typeof datasetSchema>;
export type BundledEvaluation = z.infer<typeof evaluationSchema>;
export type BundledEvaluationRows = z.infer<typeof evaluationRowsSchema>;
export type Mesh = z.infer<typeof meshSchema>;

/** The file of a bundle in which `runner.py` says, at the end of each session, what no file of the run has room for. */
export const outcomeFile = 'outcome.json';

/** Schema of `outcome.json`: JSON, not signed. */
export const outcomeSchema = z.strictObject({
  format: z.literal('groundwork-outcome'),
  version: z.literal(1),
  /** The most memory that one device held in the last session, in bytes; null where the device does not tell. */
  peakMemoryBytes: count.nullable(),
  /** What a device calls itself, such as `NVIDIA H100 80GB HBM3`. */
  device: z.string(),
  numDevices: positive,
  numProcesses: positive,
});
export type BundleOutcome = z.infer<typeof outcomeSchema>;
