import { expect, test } from 'vitest';
import { outcomeOfRun } from '../../../src/training/forecast/run-outcome.ts';
import type { RunEvent } from '../../../src/training/index.ts';

const step = (number: number, durationMs: number, isApplied = true): RunEvent => ({
  type: 'step',
  step: number,
  loss: 3,
  gradientNorm: 1,
  isApplied,
  scheduleFactor: 1,
  tokens: 64 * number,
  durationMs,
  elapsedMs: 0,
});
const result = { step: 6, tokens: 384, bitsPerByte: 2, numDocuments: 3, numValidationDocuments: 9 };
const costs = { durationMs: 5000, peakMemoryBytes: 1e6 };

test('what a run did is told over all its sessions: steps without the first of each, skips, what it went on with', () => {
  const message = 'goes on with another recipe, as allowed: optimizer.groups.1.learningRate is 0.004, expected 0.003';
  const events: RunEvent[] = [
    { type: 'started' },
    step(1, 900),
    step(2, 100),
    step(3, 110, false),
    { type: 'warning', step: 3, message: 'step 3 was skipped: its loss is NaN' },
    { type: 'stopped', step: 3, signal: 'SIGINT' },
    { type: 'resumed', step: 3 },
    { type: 'warning', step: 3, message },
    step(4, 800),
    step(5, 120),
    step(6, 130),
  ];
  expect(outcomeOfRun(result, events, costs)).toEqual({
    bitsPerByte: 2,
    numDocuments: 3,
    numValidationDocuments: 9,
    durationMs: 5000,
    peakMemoryBytes: 1e6,
    numSteps: 6,
    numTokens: 384,
    numSkipped: 1,
    medianStepMs: 110,
    fastStepMs: 100,
    changes: [`it ${message}`],
  });
});

test('of a session without a step the memory is not told: the peak was in one before it', () => {
  const events: RunEvent[] = [{ type: 'started' }, step(6, 900), { type: 'resumed', step: 6 }];
  expect(outcomeOfRun(result, events, costs).peakMemoryBytes).toBeNull();
});

test('of too few steps no pace is told', () => {
  expect(
    outcomeOfRun(result, [{ type: 'started' }, step(1, 900), step(2, 100)], { ...costs, peakMemoryBytes: null }),
  ).toMatchObject({
    medianStepMs: null,
    fastStepMs: null,
    peakMemoryBytes: null,
  });
});
