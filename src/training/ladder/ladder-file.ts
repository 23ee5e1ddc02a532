import { z } from 'zod';
import { assert, type FileSystem, GroundworkError } from '../../core/index.ts';
import { writeDurably } from '../../core/node.ts';
import { ladderPointSchema } from '../../theory/index.ts';
import { problemText } from '../run/problem.ts';
import { type JsonObject, readSigned, signedText } from '../run/signed-json.ts';
import { ladderPlanSchema, ladderRequestSchema } from './ladder-plan.ts';

/** The name of the file in the folder of a ladder. */
export const ladderFile = 'ladder.json';

const kind = { format: 'groundwork-ladder-run', version: 1 } as const;
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Schema of a point that was trained, with what it took. */
const trainedPointSchema = ladderPointSchema.extend({
  /** Time of its own steps and evaluations; those of the trunk are shared, each length bears what it adds. */
  durationMs: z.number().min(0),
});
export type TrainedPoint = Readonly<z.infer<typeof trainedPointSchema>>;

/** Schema of a point that could not be trained to its end. */
const failedPointSchema = z.strictObject({
  rung: z.string().min(1),
  seed: z.int(),
  numSteps: z.int().min(1),
  reason: z.string(),
});
export type FailedPoint = Readonly<z.infer<typeof failedPointSchema>>;

/** Schema of `ladder.json`: what a ladder will do and what it has done so far. */
const ladderStateSchema = z.strictObject({
  format: z.literal(kind.format),
  version: z.literal(kind.version),
  name: z.string().min(1),
  createdAt: z.iso.datetime(),
  recipe: z.strictObject({
    name: z.string().min(1),
    /** The file that it was loaded from; null for one that ships with Groundwork. */
    file: z.string().nullable(),
    /** `recipeFingerprint` */
    sha256,
  }),
  dataset: z.strictObject({ folder: z.string().min(1), name: z.string().min(1), fingerprint: sha256 }),
  engine: z.strictObject({ provider: z.string().min(1), numThreads: z.int().min(1).nullable() }),
  environment: z.strictObject({ node: z.string(), platform: z.string(), cpu: z.string(), groundwork: z.string() }),
  request: ladderRequestSchema,
  plan: ladderPlanSchema,
  points: z.array(trainedPointSchema),
  failures: z.array(failedPointSchema),
});
/** What `ladder.json` holds. */
export type LadderState = Readonly<z.infer<typeof ladderStateSchema>>;

/** Writes `ladder.json` durably, in place of the one that is there. */
export function writeLadder(fs: FileSystem, folder: string, state: LadderState): void {
  const checked = ladderStateSchema.safeParse(state);
  const [issue] = checked.error?.issues ?? [];
  assert(checked.success, `the record of a ladder breaks its schema: ${issue?.path.join('.')}: ${issue?.message}`);
  writeDurably(fs, `${folder}/${ladderFile}`, [new TextEncoder().encode(signedText(state satisfies JsonObject))]);
}

/** Whether a ladder lies in a folder. */
export function isLadder(fs: FileSystem, folder: string): boolean {
  return fs.exists(`${folder}/${ladderFile}`);
}

/**
 * Reads and checks `ladder.json`.
 *
 * @throws `file-not-found` where there is none, `invalid-run` where it was changed or cut off
 */
export function readLadder(fs: FileSystem, folder: string): LadderState {
  if (!isLadder(fs, folder)) {
    throw new GroundworkError('file-not-found', `there is no ladder in ${folder}`, {
      hint: 'Train one: groundwork ladder',
    });
  }
  const read = readSigned(fs, folder, ladderFile, kind, ladderStateSchema);
  if ('value' in read) return read.value;
  throw new GroundworkError('invalid-run', `the ladder in ${folder} cannot be read: ${problemText(read.problem)}`, {
    hint: 'Restore the file, or begin a new ladder in another folder: --out FOLDER.',
  });
}
