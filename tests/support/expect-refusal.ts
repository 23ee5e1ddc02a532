import { expect } from 'vitest';
import { type ErrorCode, GroundworkError } from '../../src/core/index.ts';

/** The `GroundworkError` that `body` throws; anything else it does fails the test. Every such error tells what to do. */
export function refusalOf(body: () => unknown): GroundworkError {
  try {
    body();
  } catch (error) {
    return asRefusal(error);
  }
  return expect.fail('nothing was refused');
}

/** The same for work that ends later. */
export async function lateRefusalOf(work: Promise<unknown>): Promise<GroundworkError> {
  let error: unknown;
  try {
    await work;
  } catch (thrown) {
    error = thrown;
  }
  return error === undefined ? expect.fail('nothing was refused') : asRefusal(error);
}

/** Checks code and scope of a refusal. */
export function expectRefusal(error: GroundworkError, code: ErrorCode, scope?: string): void {
  expect(error.code, error.message).toBe(code);
  expect(error.scope).toBe(scope);
}

function asRefusal(error: unknown): GroundworkError {
  if (!(error instanceof GroundworkError)) throw error;
  expect(error.hint.trim(), error.message).not.toBe('');
  if (error.scope !== undefined) expect(error.message).toContain(error.scope);
  return error;
}
