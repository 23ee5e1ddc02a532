import { describe } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { findJaxPython } from '../../src/engine/node.ts';
import { runsEverything } from './full-tests.ts';

/** JAX on the processor, whatever else the machine has. */
export const onProcessor: NodeJS.ProcessEnv = { ...process.env, JAX_PLATFORMS: 'cpu' };
/** The same with machine code that is made in half the time and runs slower, where it runs only once. */
export const quicklyCompiled: NodeJS.ProcessEnv = { ...onProcessor, XLA_FLAGS: '--xla_backend_optimization_level=0' };
/** As people have it with the full tests, else quickly compiled. */
export const comparedEnvironment = runsEverything ? onProcessor : quicklyCompiled;

let found: string | undefined | null = null;

/** The Python with JAX that tests run, or undefined where there is none. */
export function jaxPython(): string | undefined {
  if (found !== null) return found;
  try {
    found = findJaxPython().command;
  } catch (error) {
    if (!(error instanceof GroundworkError && error.code === 'provider-unavailable')) throw error;
    found = undefined;
  }
  return found;
}

/** Declares tests that need JAX; where there is none they are skipped, and a note says so. */
export function describeWithJax(name: string, body: (python: string) => void): void {
  const python = jaxPython();
  if (python === undefined) {
    console.warn(`${name}: skipped: no Python with JAX (python/setup.sh installs it)`);
    describe.skip(name, () => body('python3'));
    return;
  }
  describe(name, () => body(python));
}
