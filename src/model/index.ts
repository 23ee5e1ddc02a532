// model/: the GPT family, built from tensor/: layers, options, scaling rules, and where each option can be exported to.
export { type ExportSupport, type ExportTarget, exportTargets } from './exports.ts';
export {
  type AttendOptions,
  type CacheShape,
  type Initialization,
  type Model,
  type ParameterRole,
  type ParameterSpec,
  parameterRoles,
  type Sequence,
  type Tensors,
} from './model.ts';
