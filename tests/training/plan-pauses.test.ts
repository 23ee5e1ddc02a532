import { describe, expect, test } from 'vitest';
import { type PauseQuestion, planPauses } from '../../src/training/plan-pauses.ts';

/** 1,000 steps of 100 ms, evaluated on 40 documents of a quarter of a batch each; a checkpoint of next to nothing. */
const question: PauseQuestion = {
  text: { vocabularySize: 256, uniqueTokens: 1e6, numValidationDocuments: 40, numValidationTokens: 4000 },
  budget: { kind: 'steps', numSteps: 1000 },
  msPerStep: 100,
  batchTokens: 512,
  contextLength: 128,
  numSteps: 1000,
  evaluationBatchSize: 8,
  numBatchesOf: (numDocuments) => Math.ceil(numDocuments / 4),
  numFinalSamples: 1,
  checkpointBytes: 0,
  measured: { loadMs: 5000, readMs: 3, refreshMs: 7, batchMs: 20, sampleMs: 200 },
};
/** Neither on the way. */
const atTheEnd = { evaluationEverySteps: 0, sampleEverySteps: 0, checkpointEverySteps: 1000 };
const otherMs = (request: object, changes: Partial<PauseQuestion> = {}) =>
  planPauses({ ...atTheEnd, ...request }, { ...question, ...changes }).otherMs;

describe('the time of pauses', () => {
  test('at the end is that of new parameters, all batches, the samples and a checkpoint', () => {
    const { otherMs, finalMs, closingMs } = planPauses(atTheEnd, question);
    expect(finalMs - closingMs).toBe(10 * 20);
    expect(closingMs).toBe(3 + 7 + 200 + 30);
    expect(otherMs).toBe(finalMs);
    const three = planPauses(atTheEnd, { ...question, numFinalSamples: 3 });
    expect(three.finalMs - finalMs).toBe(2 * 200);
  });

  test('counts an evaluation by its batches, also one that is not full, and the new parameters', () => {
    const request = { evaluationEverySteps: 100, numEvaluationDocuments: 9 };
    expect(otherMs(request) - otherMs({})).toBe(9 * (3 * 20 + 3 + 7));
  });

  test('counts a sample with new parameters, which it shares with an evaluation of the same step', () => {
    expect(otherMs({ sampleEverySteps: 250 }) - otherMs({})).toBe(3 * (200 + 3 + 7));
    const evaluated = { evaluationEverySteps: 100, numEvaluationDocuments: 4 };
    // Of the steps 250, 500 and 750 one is evaluated as well.
    expect(otherMs({ ...evaluated, sampleEverySteps: 250 }) - otherMs(evaluated)).toBe(3 * 200 + 2 * (3 + 7));
  });

  test('counts a checkpoint by its bytes', () => {
    const larger = otherMs({}, { checkpointBytes: 450e6 }) - otherMs({});
    expect(larger).toBeCloseTo(1000, 6);
    expect(otherMs({ checkpointEverySteps: 300 }) - otherMs({})).toBeCloseTo(3 * 30, 6);
  });

  test('without a measurement takes a batch for a third of its steps', () => {
    const { finalMs, closingMs } = planPauses(atTheEnd, { ...question, measured: undefined });
    // A step has 4 rows, a batch of an evaluation 8.
    expect(finalMs - closingMs).toBeCloseTo((10 * 2 * 100) / 3, 6);
  });
});
