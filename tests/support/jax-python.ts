import { describe } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { findJaxPython } from '../../src/engine/index.ts';

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
