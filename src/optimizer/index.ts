// optimizer/: AdamW, Muon, clipping, skipping of steps that are not finite, schedules as data.
export { type AssignedParameter, assignParameters, type TrainedParameter } from './assignment.ts';
export {
  type AdamWGroup,
  type MuonGroup,
  type OptimizerGroup,
  type OptimizerSpec,
  optimizerSchema,
} from './optimizer.ts';
export { numDecaySteps, numWarmupSteps, type Schedule, scheduleFactor, scheduleSchema } from './schedule.ts';
export { optimizerState, type Update, type UpdateArguments, updateParameters } from './update.ts';
