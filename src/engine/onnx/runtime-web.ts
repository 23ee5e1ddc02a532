import { GroundworkError } from '../../core/index.ts';
import { cpuDtypes, webgpuDtypes } from './provider-dtypes.ts';
import type { OnnxRuntime, Provider, RuntimeOptions } from './runtime.ts';
import { checkThreads, sessionOptions } from './session-options.ts';
import { fixWasmThreads } from './wasm-threads.ts';

/** ONNX Runtime for browsers: providers wasm and webgpu. */
export async function loadRuntime(provider: Provider, options: RuntimeOptions = {}): Promise<OnnxRuntime> {
  if (options.numThreads !== undefined) checkThreads(options.numThreads);
  if (provider === 'cpu') {
    throw new GroundworkError('provider-unavailable', 'the provider cpu needs Node; a browser has wasm and webgpu', {
      hint: "Use the provider 'wasm'.",
    });
  }
  if (provider === 'webgpu') await requireAdapter();
  const ort = provider === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  if (options.assetsUrl !== undefined) ort.env.wasm.wasmPaths = options.assetsUrl;
  // On WebGPU the threads of WebAssembly have nothing to do. They need shared memory, which a page has only under the
  // headers COOP same-origin and COEP require-corp.
  const isThreaded = provider === 'wasm' && globalThis.crossOriginIsolated;
  const numThreads = fixWasmThreads(ort.env, isThreaded ? options.numThreads : 1, navigator.hardwareConcurrency);
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

async function requireAdapter(): Promise<void> {
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: { requestAdapter(): Promise<unknown> } };
  if (await gpu?.requestAdapter()) return;
  const problem = gpu ? 'this browser has WebGPU, but found no graphics adapter' : 'this page has no WebGPU';
  throw new GroundworkError('provider-unavailable', problem, {
    hint: "Use the provider 'wasm', or a current browser with a graphics driver on a secure (https or localhost) page.",
  });
}
