import type { InferenceSession } from 'onnxruntime-common';
import { GroundworkError } from '../../core/index.ts';
import type { Provider, RuntimeOptions } from './runtime.ts';

/** @throws GroundworkError `usage` unless the number of threads is a whole number from 1 */
export function checkThreads(numThreads: number): number {
  if (Number.isInteger(numThreads) && numThreads >= 1) return numThreads;
  throw new GroundworkError('usage', `numThreads is ${numThreads}, expected a whole number from 1`, {
    hint: 'Leave it out to use all processors.',
  });
}

/**
 * The settings of ONNX Runtime, each chosen by measurement (docs/notebook.md, "Memory").
 *
 * - Graph optimization off: our lowering already has the forms that it would find, loading is faster, and the graph that
 *   runs is the one that we reasoned about.
 * - Memory arena on: without it every large tensor is mapped and touched anew in each step.
 * - Memory pattern off: with it the second step allocates everything a second time, in one block.
 * - No spinning behind a step: threads that wait for more work would take a processor from the next session for some tens of
 *   milliseconds, when a run goes from training to evaluation and back.
 */
export function sessionOptions(
  provider: Provider,
  numThreads: number,
  stateOutputs: readonly string[],
  options: RuntimeOptions,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    graphOptimizationLevel: 'disabled',
    enableCpuMemArena: true,
    enableMemPattern: false,
    executionMode: 'sequential',
    // On WebGPU the processor has nothing to compute.
    intraOpNumThreads: provider === 'webgpu' ? 1 : numThreads,
    interOpNumThreads: 1,
    // Errors come back as exceptions; warnings about what we do on purpose would only disturb.
    logSeverityLevel: 4,
    ...(provider === 'webgpu'
      ? {
          preferredOutputLocation: Object.fromEntries(stateOutputs.map((name) => [name, 'gpu-buffer' as const])),
          extra: { session: { disable_cpu_ep_fallback: '1' } },
        }
      : {}),
    ...(provider === 'cpu' ? { extra: { session: { force_spinning_stop: '1' } } } : {}),
    ...options.sessionOptions,
  };
}
