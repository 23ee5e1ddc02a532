import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FileSystem, GroundworkError } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { type Engine, onnxEngine } from '../../src/engine/index.ts';
import { openRun, type RunDataset, type RunEvent, resumeRun, startRun, verifyRun } from '../../src/training/index.ts';
import {
  checkpointBytes,
  closeDatasets,
  poisonedSteps,
  quickPlan,
  smallDatasets,
  smallRun,
} from './support/small-training.ts';

let root: string;
let datasets: RunDataset[];
let engine: Engine;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'failure-'));
  datasets = smallDatasets(root);
  engine = await onnxEngine('cpu', { numThreads: 1 });
});
afterAll(() => {
  closeDatasets(datasets);
  rmSync(root, { recursive: true });
});

const plan = quickPlan({ numSteps: 12, checkpoints: { everySteps: 1, keep: 20 } });
const poison = (steps: readonly (readonly [number, number])[]) => poisonedSteps(engine, datasets, new Map(steps), plan);
const stepsOf = (events: readonly RunEvent[]) => events.flatMap((event) => (event.type === 'step' ? [event] : []));
const thrown = async (work: Promise<unknown>): Promise<GroundworkError> => {
  const error = await work.catch((fault: unknown) => fault);
  expect(error).toBeInstanceOf(GroundworkError);
  return error as GroundworkError;
};

describe.each([
  ['NaN', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
])('%s in a batch', (name, value) => {
  test('once: the step is skipped without changing a bit, and the losses after it are finite', async () => {
    const folder = join(root, `once-${name}`);
    await startRun(await smallRun(folder, datasets, { plan, engine: poison([[7, value]]) }));
    expect(checkpointBytes(folder, 7)).toEqual(checkpointBytes(folder, 6));
    expect(checkpointBytes(folder, 8)).not.toEqual(checkpointBytes(folder, 7));
    const events = openRun(nodeFileSystem, folder).events();
    const steps = stepsOf(events);
    expect(steps.map(({ isApplied }) => isApplied)).toEqual(plan12().map((step) => step !== 7));
    expect(
      steps.filter(({ loss, gradientNorm }) => !(Number.isFinite(loss) && Number.isFinite(gradientNorm))),
    ).toHaveLength(1);
    const warning = events.find((event) => event.type === 'warning' && event.step === 7);
    expect(warning).toMatchObject({ message: expect.stringContaining('step 7 was skipped') });
  });

  test('three times in a row: the run stops, says why, and publishes nothing that is not finite', async () => {
    const folder = join(root, `thrice-${name}`);
    const error = await thrown(
      startRun(await smallRun(folder, datasets, { plan, engine: poison([7, 8, 9].map((step) => [step, value])) })),
    );
    expect(error.code).toBe('diverged');
    expect(error.exitCode).toBe(8);
    expect(error.message).toContain('3 steps in a row');
    const { manifest } = openRun(nodeFileSystem, folder);
    expect(manifest.status).toBe('failed');
    expect(manifest.failure).toMatchObject({ code: 'diverged', step: 9, message: error.message, hint: error.hint });
    expect(verifyRun(nodeFileSystem, folder)).toEqual([]);
    expect(openRun(nodeFileSystem, folder).events().at(-1)).toMatchObject({
      type: 'failed',
      code: 'diverged',
      step: 9,
    });

    const diagnosis = JSON.parse(readFileSync(join(folder, 'diagnostics/step-00000009.json'), 'utf8'));
    expect(diagnosis).toMatchObject({ step: 9, seed: 5, lastCheckpoint: 8 });
    expect(diagnosis.steps.map(({ step }: { step: number }) => step)).toEqual([5, 6, 7, 8, 9]);
    expect(diagnosis.steps.at(-1).rows).toHaveLength(plan.batch.batchSize);
    expect(diagnosis.tensors.embedding).toMatchObject({ numNonFinite: 0, norm: expect.any(Number) });
  });
});

const plan12 = () => Array.from({ length: 12 }, (_, i) => i + 1);

test('numbers in the state itself that are not finite end the run, and its last good checkpoint stays', async () => {
  const folder = join(root, 'state');
  const broken: Engine = {
    ...engine,
    load: async (program) => {
      const session = await engine.load(program);
      if (!('scheduleFactor' in program.inputs)) return session;
      let numRuns = 0;
      return {
        program,
        set: (name, data) => session.set(name, data),
        get: (name) => session.get(name),
        close: () => session.close(),
        run: async (inputs) => {
          const outputs = await session.run(inputs);
          numRuns += 1;
          if (numRuns === 5) {
            const head = (await session.get('head')) as Float32Array;
            head[3] = Number.NaN;
            await session.set('head', head);
          }
          return outputs;
        },
      };
    },
  };
  const error = await thrown(startRun(await smallRun(folder, datasets, { plan, engine: broken })));
  expect(error.code).toBe('diverged');
  expect(error.message).toMatch(
    /stopped after step 5: head holds NaN at position 3 .* the last checkpoint is of step 4/,
  );
  const diagnosis = JSON.parse(readFileSync(join(folder, 'diagnostics/step-00000005.json'), 'utf8'));
  expect(diagnosis.tensors.head).toMatchObject({ numNonFinite: 1 });
  const run = openRun(nodeFileSystem, folder);
  expect(run.checkpoints()).toEqual([1, 2, 3, 4]);
  expect(verifyRun(nodeFileSystem, folder)).toEqual([]);
});

test('an engine that fails in the middle leaves a run that says so, and that goes on from its checkpoint', async () => {
  const folder = join(root, 'engine');
  const failing = poisonedSteps(engine, datasets, new Map([[6, -1]]), plan);
  const interrupted: Engine = {
    ...failing,
    load: async (program) => {
      const session = await engine.load(program);
      if (!('scheduleFactor' in program.inputs)) return session;
      let numRuns = 0;
      return Object.assign(Object.create(session) as typeof session, {
        program,
        get: (name: string) => session.get(name),
        set: (name: string, data: Float32Array) => session.set(name, data),
        close: () => session.close(),
        run: (inputs: Parameters<typeof session.run>[0]) => {
          numRuns += 1;
          if (numRuns < 6) return session.run(inputs);
          return Promise.reject(new GroundworkError('out-of-memory', 'no memory is left', { hint: 'Use less.' }));
        },
      });
    },
  };
  const run = await smallRun(folder, datasets, { plan });
  expect((await thrown(startRun({ ...run, engine: interrupted }))).code).toBe('out-of-memory');
  expect(openRun(nodeFileSystem, folder).manifest).toMatchObject({
    status: 'failed',
    failure: { code: 'out-of-memory', message: 'no memory is left', hint: 'Use less.', step: 5 },
  });
  const { step } = await resumeRun(run);
  expect(step).toBe(12);
  expect(openRun(nodeFileSystem, folder).manifest).toMatchObject({ status: 'finished', failure: null });
});

test('a disk that is full ends the run with the reason, and with room it goes on to the same weights', async () => {
  const whole = await smallRun(join(root, 'room'), datasets, { plan });
  await startRun(whole);
  const folder = join(root, 'full');
  let isFull = false;
  const fs: FileSystem = {
    ...nodeFileSystem,
    open: (path, mode) => {
      const file = nodeFileSystem.open(path, mode);
      if (mode === 'read') return file;
      return {
        ...file,
        write: (bytes) => {
          if (isFull && path.includes('checkpoints')) {
            throw new GroundworkError('disk-full', `${path} could not be written: the disk is full`, {
              hint: 'Make room.',
            });
          }
          file.write(bytes);
        },
      };
    },
  };
  const run = await smallRun(folder, datasets, {
    plan,
    fs,
    onEvent: (event) => {
      if (event.type === 'step' && event.step === 6) isFull = true;
    },
  });
  const error = await thrown(startRun(run));
  expect(error.code).toBe('disk-full');
  expect(openRun(nodeFileSystem, folder).manifest).toMatchObject({
    status: 'failed',
    failure: { code: 'disk-full', step: 6 },
  });
  expect(verifyRun(nodeFileSystem, folder)).toEqual([]);
  isFull = false;
  await resumeRun({ ...run, onEvent: () => undefined });
  expect(checkpointBytes(folder, 12)).toEqual(checkpointBytes(whole.folder, 12));
});

/** A file system on which some files cannot be written. */
const readOnly = (part: string): FileSystem => ({
  ...nodeFileSystem,
  open: (path, mode) => {
    if (mode !== 'read' && path.includes(part)) {
      throw new GroundworkError('disk-full', `${path} could not be written: the disk is full`, { hint: 'Make room.' });
    }
    return nodeFileSystem.open(path, mode);
  },
});

test('a diagnosis that cannot be written does not hide that the loss left, and going on says so', async () => {
  const folder = join(root, 'undiagnosed');
  const steps = [7, 8, 9].map((step) => [step, Number.NaN] as const);
  const run = await smallRun(folder, datasets, { plan, engine: poison(steps) });
  const error = await thrown(startRun({ ...run, fs: readOnly('diagnostics') }));
  expect(error.code).toBe('diverged');
  expect(error.message).toMatch(/3 steps in a row .*; no diagnosis could be written: .*the disk is full/);
  expect(error.hint).not.toContain('diagnostics');
  await resumeRun({ ...run, engine });
  expect(openRun(nodeFileSystem, folder).events()).toContainEqual(
    expect.objectContaining({ type: 'warning', message: expect.stringContaining('it stopped by itself') }),
  );
});

test.each([
  ['tokenizer', '/tokenizer.json'],
  ['log', '/events.jsonl'],
])('a run that cannot write its %s says that it failed, and goes on when it can', async (name, file) => {
  const folder = join(root, `early-${name}`);
  const run = await smallRun(folder, datasets, { plan: quickPlan({ numSteps: 2 }) });
  expect((await thrown(startRun({ ...run, fs: readOnly(file) }))).code).toBe('disk-full');
  expect(openRun(nodeFileSystem, folder).manifest).toMatchObject({
    status: 'failed',
    failure: { code: 'disk-full', step: 0 },
  });
  expect((await resumeRun(run)).step).toBe(2);
});
