import { GroundworkError } from '../../core/index.ts';
import { cpuDtypes, webgpuDtypes } from './provider-dtypes.ts';
import type { OnnxRuntime, Provider, RuntimeOptions } from './runtime.ts';
import { sessionOptions } from './session-options.ts';

/** ONNX Runtime for browsers: providers wasm and webgpu. */
export async function loadRuntime(provider: Provider, options: RuntimeOptions = {}): Promise<OnnxRuntime> {
  if (provider === 'cpu') {
    throw new GroundworkError('provider-unavailable', 'the provider cpu needs Node; a browser has wasm and webgpu', {
      hint: "Use the provider 'wasm'.",
    });
  }
  if (provider === 'webgpu' && !('gpu' in navigator)) {
    throw new GroundworkError('provider-unavailable', 'this browser has no WebGPU', {
      hint: "Use the provider 'wasm', or a current browser on a secure (https or localhost) page.",
    });
  }
  const ort = provider === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  // Threads need shared memory, which a page has only under the headers COOP same-origin and COEP require-corp.
  const numThreads = globalThis.crossOriginIsolated ? (options.numThreads ?? navigator.hardwareConcurrency) : 1;
  ort.env.wasm.numThreads = numThreads;
  return {
    provider,
    numThreads,
    version: ort.env.versions.web ?? ort.env.versions.common,
    device:
      provider === 'webgpu' ? 'WebGPU adapter of the browser' : `${navigator.hardwareConcurrency} cores, WebAssembly`,
    memoryBytes: undefined,
    dtypes: provider === 'webgpu' ? webgpuDtypes : cpuDtypes,
    Tensor: ort.Tensor,
    writesInPlace: false,
    hasDeviceMemory: provider === 'webgpu',
    create: (model, stateOutputs) =>
      ort.InferenceSession.create(model, sessionOptions(provider, numThreads, stateOutputs, options)),
  };
}
