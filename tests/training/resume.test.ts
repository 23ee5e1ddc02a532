import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import {
  openRun,
  type RunDataset,
  type RunEvent,
  resumeRun,
  type StartRunOptions,
  startRun,
} from '../../src/training/index.ts';
import { runsEverything } from '../support/full-tests.ts';
import {
  checkpointBytes,
  closeDatasets,
  lastingEvents,
  poisonedSteps,
  smallDatasets,
  smallRun,
} from './support/small-training.ts';

let root: string;
let datasets: RunDataset[];
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'resume-'));
  datasets = smallDatasets(root);
});
afterAll(() => {
  closeDatasets(datasets);
  rmSync(root, { recursive: true });
});

/** The small run with a batch at step 7 whose loss is NaN, so that its history holds a skipped step. */
async function options(name: string, numThreads: number): Promise<StartRunOptions> {
  const engine = poisonedSteps(await onnxEngine('cpu', { numThreads }), datasets, new Map([[7, Number.NaN]]));
  return smallRun(join(root, name), datasets, { engine });
}

/** Runs until `step` steps are done, stops there, and tells the code of the error. */
async function stopAfter(
  step: number,
  begin: (signal: AbortSignal, onEvent: (event: RunEvent) => void) => Promise<unknown>,
) {
  const controller = new AbortController();
  if (step === 0) controller.abort('SIGTERM');
  const error = await begin(controller.signal, (event) => {
    if (event.type === 'step' && event.step === step) controller.abort('SIGTERM');
  }).catch((thrown: unknown) => thrown);
  return error instanceof GroundworkError ? error.code : error;
}

/** Before anything, after the skipped step, at a sample; with full tests, after every step. */
const someSteps = { 1: [0, 7, 9], 2: [12] };

for (const numThreads of [1, 2] as const) {
  describe(`a run of 20 steps with ${numThreads === 1 ? 'one thread' : 'two threads'}`, () => {
    let expectedEvents: unknown[];
    let expectedBytes: string[];
    beforeAll(async () => {
      const { folder, step } = await startRun(await options(`whole-${numThreads}`, numThreads));
      expect(step).toBe(20);
      expectedEvents = lastingEvents(openRun(nodeFileSystem, folder).events());
      expectedBytes = checkpointBytes(folder, 20);
    });

    test('holds a skipped step, evaluations and samples', () => {
      const types = (expectedEvents as RunEvent[]).map(({ type }) => type);
      expect(types.filter((type) => type === 'step')).toHaveLength(20);
      expect(types.filter((type) => type === 'evaluation')).toHaveLength(4);
      expect(types.filter((type) => type === 'sample').length).toBeGreaterThanOrEqual(3);
      expect(expectedEvents).toContainEqual(expect.objectContaining({ type: 'step', step: 7, isApplied: false }));
      expect(expectedEvents).toContainEqual(expect.objectContaining({ type: 'warning', step: 7 }));
    });

    const steps =
      runsEverything && numThreads === 1 ? Array.from({ length: 20 }, (_, step) => step) : someSteps[numThreads];
    test.each([...steps])('that is stopped after step %i goes on to the same losses, weights and log', async (step) => {
      const run = await options(`stopped-${numThreads}-${step}`, numThreads);
      const code = await stopAfter(step, (signal, onEvent) => startRun({ ...run, signal, onEvent }));
      expect(code).toBe('interrupted');
      expect(openRun(nodeFileSystem, run.folder).manifest.status).toBe('stopped');
      await resumeRun(await options(`stopped-${numThreads}-${step}`, numThreads));
      expect(lastingEvents(openRun(nodeFileSystem, run.folder).events())).toEqual(expectedEvents);
      expect(checkpointBytes(run.folder, 20)).toEqual(expectedBytes);
    });
  });
}

test('a run that is stopped twice ends as one that was not', async () => {
  const run = await options('twice', 1);
  await stopAfter(4, (signal, onEvent) => startRun({ ...run, signal, onEvent }));
  await stopAfter(12, (signal, onEvent) => resumeRun({ ...run, signal, onEvent }));
  await resumeRun(run);
  expect(checkpointBytes(run.folder, 20)).toEqual(checkpointBytes(join(root, 'whole-1'), 20));
});
