import { describe, expect, test } from 'vitest';
import { busiestHabits, expectedGrowth, processGrowth, type RunSessions } from '../../src/training/process-memory.ts';

const megabyte = 1e6;
const fixed = 88 * megabyte;

/** A model of 10 MB: two moments for each parameter, 100 MB of values in a step, 60 MB in an evaluation. */
const sessions: RunSessions = {
  training: {
    stateBytes: 30 * megabyte,
    activationBytes: 90 * megabyte,
    peakBytes: (30 + 100 + 60) * megabyte,
    overheadBytes: 60 * megabyte,
  },
  evaluation: {
    stateBytes: 10 * megabyte,
    activationBytes: 50 * megabyte,
    peakBytes: (10 + 60 + 60) * megabyte,
    overheadBytes: 60 * megabyte,
  },
  parameterBytes: 10 * megabyte,
  contextLength: 50,
  vocabularySize: 1250,
  cache: { numLayers: 5, numGroups: 5, headWidth: 50 },
};
/** Parameters twice, keys and values twice, logits of a prompt. */
const generation = (2 * 10 + 2 * (2 * 4 * 5 * 5 * 50 * 50) * 1e-6 + 2 * 4 * 32 * 1250 * 1e-6) * megabyte;

/** What choosing the 64 tokens of a sample leaves: 36 bytes for each logit. */
const left = 64 * 36 * 1250;

describe('the growth of a process that trains', () => {
  test('is the sum of its sessions, of copies of the parameters and of arrays that wait to be freed', () => {
    // Training, evaluation, generation; taken over by both, at different steps; a checkpoint; one copy that waits, and what a sample leaves.
    const expected = fixed + 130e6 + 70e6 + generation + 2 * 10e6 + 30e6 + 10e6 + left;
    expect(processGrowth(sessions, busiestHabits)).toBe(Math.round(expected));
  });

  test('does not count the runtime once a session', () => {
    const heavier = { ...sessions.training, peakBytes: 1000 * megabyte, overheadBytes: 870 * megabyte };
    expect(processGrowth({ ...sessions, training: heavier }, busiestHabits)).toBe(
      processGrowth(sessions, busiestHabits),
    );
  });

  test('of samples that come with an evaluation needs one copy less', () => {
    const together = { ...busiestHabits, samplesAfterEvaluations: true };
    expect(processGrowth(sessions, busiestHabits) - processGrowth(sessions, together)).toBe(10e6);
  });

  test('of a run that evaluates and samples at its end alone has no older copies', () => {
    const quiet = { ...busiestHabits, evaluatesOnTheWay: false, samplesOnTheWay: false };
    expect(processGrowth(sessions, busiestHabits) - processGrowth(sessions, quiet)).toBe(20e6);
    const silent = { ...quiet, evaluates: false };
    expect(processGrowth(sessions, quiet) - processGrowth(sessions, silent)).toBe(70e6);
  });

  test('waits with no more than 64 MiB, however large the model', () => {
    const large = { ...sessions, parameterBytes: 1000 * megabyte };
    // Generation twice, copies twice; all else stays.
    const more = 4 * 990e6 + 64 * 2 ** 20 - 10e6 - left;
    expect(processGrowth(large, busiestHabits) - processGrowth(sessions, busiestHabits)).toBe(more);
  });

  test('of a model without a cache has no keys and values', () => {
    const { cache: _, ...plain } = sessions;
    expect(processGrowth(sessions, busiestHabits) - processGrowth(plain, busiestHabits)).toBe(
      2 * 2 * 4 * 5 * 5 * 50 * 50,
    );
  });
});

test('what is expected of a plan goes by how often it evaluates and samples', () => {
  const growth = (evaluationEvery: number, sampleEvery: number, numFinalDocuments = 10) =>
    expectedGrowth(sessions, {
      numSteps: 100,
      evaluation: { everySteps: evaluationEvery, numDocuments: 5, numFinalDocuments, batchSize: 8 },
      samples: { everySteps: sampleEvery, numTokens: 64, prompts: [] },
    });
  expect(growth(10, 25)).toBe(processGrowth(sessions, busiestHabits));
  expect(growth(10, 25) - growth(10, 10)).toBe(10e6);
  expect(growth(10, 25) - growth(0, 0)).toBe(20e6);
  // What would come after the end does not come.
  expect(growth(100, 200)).toBe(growth(0, 0));
  expect(growth(0, 0) - growth(0, 0, 0)).toBe(70e6);
});

test('a process of the engine counts in full', () => {
  const growth = processGrowth(sessions, busiestHabits);
  expect(processGrowth({ ...sessions, engineBytes: 400e6 }, busiestHabits) - growth).toBe(400e6);
});
