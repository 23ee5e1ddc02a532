// optimizer/: AdamW, Muon, clipping, skipping of steps that are not finite, schedules as data.
export {
  type AdamWGroup,
  adamWGroupSchema,
  type MuonGroup,
  muonGroupSchema,
  type OptimizerSpec,
  optimizerSchema,
} from './optimizer.ts';
export { type Schedule, scheduleSchema } from './schedule.ts';
