import { describe, expect, test } from 'vitest';
import { assert, errorCodes, exitCodes, GroundworkError, present } from '../../src/core/index.ts';

describe('GroundworkError', () => {
  test('names the scope after the message', () => {
    const error = new GroundworkError('shape-mismatch', 'two shapes differ', {
      hint: 'Reshape.',
      scope: 'blocks.3.mlp',
    });
    expect(error.message).toBe('two shapes differ (in blocks.3.mlp)');
    expect(error.scope).toBe('blocks.3.mlp');
    expect(error.hint).toBe('Reshape.');
    expect(error.code).toBe('shape-mismatch');
    expect(error.name).toBe('GroundworkError');
    expect(error).toBeInstanceOf(Error);
  });

  test('leaves the message as it is at the top, where the scope is empty', () => {
    for (const scope of [{}, { scope: '' }]) {
      const error = new GroundworkError('usage', 'a flag is missing', { hint: 'Give it.', ...scope });
      expect(error.message).toBe('a flag is missing');
      expect(error.scope).toBeUndefined();
    }
  });

  test('keeps the cause, and has none where none was given', () => {
    const cause = new Error('below');
    expect(new GroundworkError('engine-failure', 'x', { hint: 'y', cause }).cause).toBe(cause);
    expect('cause' in new GroundworkError('engine-failure', 'x', { hint: 'y' })).toBe(false);
  });

  test('has the exit code of its code', () => {
    for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[]) {
      expect(new GroundworkError(code, 'x', { hint: 'y' }).exitCode).toBe(errorCodes[code]);
    }
  });
});

describe('exit codes', () => {
  test('are the documented numbers, for ever', () => {
    expect(exitCodes).toEqual({
      success: 0,
      internal: 1,
      usage: 2,
      program: 3,
      engine: 4,
      resources: 5,
      data: 6,
      interrupted: 7,
      diverged: 8,
    });
  });

  test('differ by kind of fault', () => {
    const codes = Object.values(exitCodes);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('are neither success nor a fault of ours for any error code', () => {
    const { success: _, internal: __, ...faults } = exitCodes;
    const kinds: number[] = Object.values(faults);
    for (const [code, exitCode] of Object.entries(errorCodes)) expect(kinds, code).toContain(exitCode);
  });

  test('belong to codes in kebab-case', () => {
    for (const code of Object.keys(errorCodes)) expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });
});

describe('assertions', () => {
  test('pass on what is true and present', () => {
    expect(() => assert(true, 'x')).not.toThrow();
    expect([present(0, 'zero'), present('', 'text'), present(false, 'flag')]).toEqual([0, '', false]);
  });

  test('stop with what was believed, as a fault of ours', () => {
    expect(() => assert(false, 'nodes are sorted')).toThrow('Groundwork is at fault: nodes are sorted');
    expect(() => present(undefined, 'node 3')).toThrow('node 3 is missing');
    expect(() => present(null, 'node 3')).toThrow('node 3 is missing');
    expect(() => assert(false, 'x')).not.toThrow(GroundworkError);
  });
});
