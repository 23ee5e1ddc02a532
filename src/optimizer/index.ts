// optimizer/: AdamW, Muon, clipping, skipping of steps that are not finite, schedules as data.
export { type AssignedParameter, assignParameters, type TrainedParameter } from './assignment.ts';
export {
  type AdamWGroup,
  adamWGroupSchema,
  type MuonGroup,
  muonGroupSchema,
  type OptimizerGroup,
  type OptimizerSpec,
  optimizerSchema,
} from './optimizer.ts';
export { numWarmupSteps, type Schedule, scheduleFactor, scheduleSchema } from './schedule.ts';
export { optimizerState, type Update, type UpdateArguments, updateParameters } from './update.ts';
