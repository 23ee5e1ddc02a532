// model/: the GPT family, built from tensor/: layers, options, scaling rules, and where each option can be exported to.
export {
  type ArchitectureMatch,
  type ExportSupport,
  type ExportTarget,
  exportsOf,
  exportTargets,
  nearestArchitecture,
} from './exports.ts';
export { gptModel } from './gpt.ts';
export {
  type GptConfig,
  type GptSettings,
  gptConfigSchema,
  gptSettings,
  isGated,
  type MlpKind,
  mlpKinds,
  windowOf,
} from './gpt-config.ts';
export {
  type AttendOptions,
  type CacheShape,
  type ForwardOptions,
  type Initialization,
  type Model,
  type ParameterRole,
  type ParameterSpec,
  parameterRoles,
  type Sequence,
  type Tensors,
} from './model.ts';
export {
  type CachedSequence,
  type CachedSequenceOptions,
  cachedSequence,
  causalSequence,
  documentSequence,
  type KeysAndValues,
  type PrefillSequence,
  prefillSequence,
} from './sequence.ts';
