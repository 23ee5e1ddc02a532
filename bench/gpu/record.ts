import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { GroundworkError } from '../../src/core/index.ts';

const count = z.int().min(0);
/** null where it was not finite. */
const numbers = z.array(z.number().nullable());
const seen = z.object({ losses: numbers, gradientNorms: numbers });

const measured = z.object({
  microBatchSize: count,
  /** Sizes that were tried before and did not fit. */
  tooLarge: z.array(count),
  loadMs: z.number(),
  /** Of frameworks that compile ahead; the others do so in the first step. */
  compileMs: z.number().nullable(),
  firstStepMs: z.number(),
  /** Mean time of a step in each burst. */
  burstMs: z.array(z.number()).min(1),
  losses: numbers,
  gradientNorms: numbers,
  /** The small model in float32; null where it was not run. */
  check: seen.nullable(),
  peakBytes: z.number().nullable(),
  plannedBytes: z.number().nullable(),
  versions: z.record(z.string(), z.string()),
  device: z.object({ name: z.string(), memoryBytes: z.number().nullable() }),
});
const unavailable = z.object({ unavailable: z.string() });
const failed = z.object({ failed: z.string() });

const webgpuSchema = z.union([
  z.object({ skipped: z.string() }),
  z.object({
    model: z.string(),
    /** How far its losses lie from those on the processor at most, in nats. */
    deviation: z.number().nullable(),
    isRight: z.boolean(),
    stepMs: z.number(),
    tokensPerSecond: z.number(),
    flopsPerSecond: z.number(),
  }),
]);
/** What the WebGPU provider of ONNX Runtime did on this device. */
export type WebgpuOutcome = z.infer<typeof webgpuSchema>;

/** What `run.py` writes, and what is added to it here. */
const recordSchema = z.object({
  benchmark: z.literal('gpu'),
  format: z.literal(1),
  device: z.enum(['gpu', 'cpu']),
  driver: z.string().nullable(),
  platform: z.string(),
  settings: z.looseObject({}),
  models: z.array(
    z.object({
      id: z.string(),
      recipe: z.string(),
      size: z.object({ vocabularySize: count, contextLength: count, numLayers: count, width: count }),
      batchSize: count,
      precision: z.string(),
      numParameters: count,
      numMatmulParameters: count,
      flopPerToken: z.number(),
      tokensPerStep: count,
    }),
  ),
  rows: z.array(z.object({ id: z.string(), label: z.string() })),
  turns: z.array(
    z.object({ model: z.string(), row: z.string(), round: count, result: z.union([measured, unavailable, failed]) }),
  ),
  /** False where the time was up before all turns were done. */
  isComplete: z.boolean(),
  webgpu: webgpuSchema.optional(),
});

export type GpuRecord = z.infer<typeof recordSchema>;
export type RecordedModel = GpuRecord['models'][number];
export type MeasuredTurn = z.infer<typeof measured>;
export type Seen = z.infer<typeof seen>;

/**
 * Reads a record from a file: of a run that is over, or that was stopped.
 *
 * @throws GroundworkError `file-access` if it cannot be read, `usage` if it is no record
 */
export function readRecord(path: string): GpuRecord {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GroundworkError('file-access', `${path} cannot be read: ${(cause as Error).message}`, {
      hint: 'Name the JSON file that run.py or npm run bench -- gpu wrote.',
      cause,
    });
  }
  const parsed = recordSchema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GroundworkError(
    'usage',
    `${path} is no record of this benchmark: ${issue?.path.join('.')}: ${issue?.message}`,
    {
      hint: 'Name the JSON file that run.py or npm run bench -- gpu wrote.',
    },
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses it.
    return undefined;
  }
}
