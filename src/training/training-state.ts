import { z } from 'zod';
import { GroundworkError, type JsonValue } from '../core/index.ts';
import { emptyLossHistory, lossHistorySchema } from './divergence.ts';
import { paceSchema, reschedulingSchema } from './pace.ts';

/** What a run knows besides its tensors: `training.json` of a checkpoint. */
export const trainingStateSchema = z.strictObject({
  version: z.literal(1),
  /** Tokens that were trained on. */
  tokens: z.int().min(0),
  losses: lossHistorySchema,
  pace: paceSchema,
  /** How the run ends, once that was fixed; null before, and where the plan says it. */
  rescheduling: reschedulingSchema.nullable(),
});
export type TrainingState = z.infer<typeof trainingStateSchema>;

export const firstTrainingState: TrainingState = {
  version: 1,
  tokens: 0,
  losses: emptyLossHistory,
  pace: {
    elapsedMs: 0,
    stepsMs: 0,
    numTimedSteps: 0,
    otherMs: 0,
    evaluationMs: 0,
    numEvaluatedDocuments: 0,
  },
  rescheduling: null,
};

/** @throws `invalid-checkpoint` for what another version wrote */
export function parseTrainingState(value: JsonValue, folder: string): TrainingState {
  const parsed = trainingStateSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GroundworkError(
    'invalid-checkpoint',
    `the training state of ${folder} cannot be read: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`,
    { hint: 'It was written by another version of Groundwork: go on with that version.' },
  );
}
