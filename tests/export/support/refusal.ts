import { expect } from 'vitest';
import type { ErrorCode } from '../../../src/core/index.ts';
import { lateRefusalOf, refusalOf } from '../../support/expect-refusal.ts';

/** Expects work to be refused with a code, in words that hold `message`. */
export async function expectRefused(
  work: Promise<unknown> | (() => unknown),
  code: ErrorCode,
  message: string,
): Promise<void> {
  const error = typeof work === 'function' ? refusalOf(work) : await lateRefusalOf(work);
  expect(error.message).toContain(message);
  expect(error.code).toBe(code);
}
