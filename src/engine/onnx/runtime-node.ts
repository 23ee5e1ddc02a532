import { availableParallelism, cpus, totalmem } from 'node:os';
import { GroundworkError } from '../../core/index.ts';
import { cpuDtypes, webgpuDtypes } from './provider-dtypes.ts';
import type { OnnxRuntime, Provider, RuntimeOptions } from './runtime.ts';
import { checkThreads, sessionOptions } from './session-options.ts';
import { fixWasmThreads } from './wasm-threads.ts';

/** ONNX Runtime for Node: providers cpu and webgpu by the native package, wasm by the web package. */
export async function loadRuntime(provider: Provider, options: RuntimeOptions = {}): Promise<OnnxRuntime> {
  if (options.numThreads !== undefined) checkThreads(options.numThreads);
  const common = {
    provider,
    memoryBytes: totalmem(),
    writesInPlace: provider === 'cpu',
    hasDeviceMemory: provider === 'webgpu',
  };
  const cpuName = cpus()[0]?.model.trim() ?? 'unknown processor';
  if (provider === 'wasm') {
    const ort = await import('onnxruntime-web');
    const numThreads = fixWasmThreads(ort.env, options.numThreads, availableParallelism());
    return {
      ...common,
      numThreads,
      version: ort.env.versions.web ?? ort.env.versions.common,
      device: `${cpuName}, WebAssembly`,
      dtypes: cpuDtypes,
      Tensor: ort.Tensor,
      create: (model) => ort.InferenceSession.create(model, sessionOptions(provider, numThreads, [], options)),
    };
  }
  const ort = await importNative();
  const numThreads = options.numThreads ?? availableParallelism();
  return {
    ...common,
    numThreads,
    version: ort.env.versions.node ?? ort.env.versions.common,
    device: provider === 'cpu' ? cpuName : 'WebGPU adapter of the system',
    dtypes: provider === 'cpu' ? cpuDtypes : webgpuDtypes,
    Tensor: ort.Tensor,
    create: (model, stateOutputs) =>
      ort.InferenceSession.create(model, sessionOptions(provider, numThreads, stateOutputs, options)),
  };
}

async function importNative(): Promise<typeof import('onnxruntime-node')> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    throw new GroundworkError(
      'provider-unavailable',
      `onnxruntime-node has no binary for ${process.platform}-${process.arch}: ${(cause as Error).message}`,
      { hint: "Use the provider 'wasm', which runs on every platform.", cause },
    );
  }
}
