// engine/: runs Programs. `referenceEngine` is right and slow; `onnxEngine` runs on cpu, webgpu and wasm; the one on JAX is in node.ts.
import type { Engine } from './engine.ts';
import { onnxEngineOn } from './onnx/onnx-engine.ts';
import type { OnnxRuntime, Provider, RuntimeOptions } from './onnx/runtime.ts';
import { loadRuntime } from './onnx/runtime-node.ts';

/**
 * An engine on ONNX Runtime.
 *
 * @param provider `cpu` (default), `webgpu` or `wasm`
 * @throws GroundworkError `provider-unavailable`
 */
export async function onnxEngine(
  provider: Provider = 'cpu',
  options: RuntimeOptions = {},
): Promise<Engine & { readonly runtime: OnnxRuntime }> {
  return onnxEngineOn(await loadRuntime(provider, options));
}

export type {
  ArraySpec,
  Engine,
  EngineHost,
  EngineProbe,
  MemoryEstimate,
  NumericData,
  Session,
  StepParts,
} from './engine.ts';
export { type EmitOptions, emitProgram, emitTrainingStep, jaxNames } from './jax/emit/index.ts';
export { type Provider, providers, type RuntimeOptions } from './onnx/runtime.ts';
export { type ProbeOptions, probe } from './probe.ts';
export { referenceEngine } from './reference/reference-engine.ts';
