import { describe, expect, test } from 'vitest';
import { randomStream } from '../../src/core/index.ts';
import {
  afterSkippedStep,
  afterStep,
  averageLoss,
  causeToStop,
  emptyLossHistory,
  type LossHistory,
} from '../../src/training/divergence.ts';

const numSteps = 1000;

/** The history after some losses, and the step at which the policy would have stopped. */
function follow(losses: readonly number[], start: LossHistory = emptyLossHistory) {
  let history = start;
  for (const [i, loss] of losses.entries()) {
    history = Number.isFinite(loss) ? afterStep(history, loss) : afterSkippedStep(history);
    if (causeToStop(history, numSteps) !== undefined) return { history, stoppedAt: i };
  }
  return { history, stoppedAt: undefined };
}

/** A loss that falls from ln 8192 to about 4 and scatters as batches do. */
function healthy(length: number, seed = 1): number[] {
  const random = randomStream(seed, 'losses');
  return Array.from({ length }, (_, i) => 4 + 5 * Math.exp(-i / 60) + 0.2 * random.nextNormal());
}

describe('a loss that is not finite', () => {
  test('once or twice in a row does not stop a run, three times does', () => {
    expect(follow([5, Number.NaN, 5, Number.NaN, Number.POSITIVE_INFINITY, 5]).stoppedAt).toBeUndefined();
    const { history, stoppedAt } = follow([5, Number.NaN, Number.NaN, Number.NaN]);
    expect(stoppedAt).toBe(3);
    expect(causeToStop(history, numSteps)).toContain('3 steps in a row');
  });

  test('leaves no number that is not finite in the history', () => {
    const { history } = follow([5, Number.NaN, 4, Number.POSITIVE_INFINITY, 3]);
    for (const value of Object.values(history)) expect(value === null || Number.isFinite(value)).toBe(true);
    expect(averageLoss(history)).toBeCloseTo(averageLoss(follow([5, 4, 3]).history) ?? 0, 12);
  });
});

describe('a finite loss', () => {
  test('that falls with noise never stops a run', () => {
    for (let seed = 0; seed < 20; seed++) expect(follow(healthy(1000, seed)).stoppedAt).toBeUndefined();
  });

  test('that jumps by four nats for ten steps and comes back does not stop it', () => {
    const losses = healthy(600).map((loss, i) => (i >= 300 && i < 310 ? loss + 4 : loss));
    expect(follow(losses).stoppedAt).toBeUndefined();
  });

  test('that loses most of what was learned and stays there stops it within a hundred steps', () => {
    const losses = healthy(600).map((loss, i) => (i >= 300 ? loss + 4 : loss));
    const { stoppedAt, history } = follow(losses);
    expect(stoppedAt).toBeGreaterThan(330);
    expect(stoppedAt).toBeLessThan(400);
    expect(causeToStop(history, numSteps)).toMatch(/far above its best \([78]\.\d+ now, 4\.\d+ at best\)/);
  });

  test('that rises from the first step on stops it', () => {
    const losses = Array.from({ length: 300 }, (_, i) => 9 + 0.05 * i);
    expect(follow(losses).stoppedAt).toBeLessThan(120);
  });

  test('that never moves does not stop it', () => {
    expect(follow(Array.from({ length: 500 }, () => 9.01)).stoppedAt).toBeUndefined();
  });
});

test('a history that went through JSON goes on to the same bits', () => {
  const losses = healthy(200);
  const whole = follow(losses).history;
  const half = JSON.parse(JSON.stringify(follow(losses.slice(0, 77)).history)) as LossHistory;
  expect(follow(losses.slice(77), half).history).toEqual(whole);
});
