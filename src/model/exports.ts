/** Where a trained model can be taken to. */
export const exportTargets = ['huggingFace', 'gguf', 'onnx'] as const;
export type ExportTarget = (typeof exportTargets)[number];

/** For each target, true or the options that stand in its way, in words that a person reads. */
export type ExportSupport = { readonly [target in ExportTarget]: true | readonly string[] };
