import type { Env } from 'onnxruntime-common';
import { GroundworkError } from '../../core/index.ts';

/** By runtime: the package for WebGPU and the one for WebAssembly each have threads of their own. */
const fixed = new WeakMap<Env, number>();

/**
 * Sets how many threads WebAssembly uses. The runtime starts them with the first session of the process or page and keeps
 * them; a number that is asked for later would be ignored without a word, so another one is refused.
 *
 * @param chosen the number asked for; if it was left out, what is there already, else `numCores`
 * @returns the number in force
 * @throws GroundworkError `provider-unavailable`
 */
export function fixWasmThreads(env: Env, chosen: number | undefined, numCores: number): number {
  const inForce = fixed.get(env);
  if (inForce !== undefined && chosen !== undefined && chosen !== inForce) {
    throw new GroundworkError(
      'provider-unavailable',
      `WebAssembly runs with ${inForce} threads here since its first engine, and ${chosen} were asked for`,
      { hint: 'Give every engine of this process or page the same number of threads, or start another process.' },
    );
  }
  const numThreads = inForce ?? chosen ?? numCores;
  fixed.set(env, numThreads);
  env.wasm.numThreads = numThreads;
  return numThreads;
}
