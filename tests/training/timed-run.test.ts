import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { type Engine, onnxEngine } from '../../src/engine/index.ts';
import {
  openRun,
  type Plan,
  type RunDataset,
  type RunEvent,
  type RunProgress,
  resumeRun,
  type StartRunOptions,
  startRun,
} from '../../src/training/index.ts';
import {
  checkpointBytes,
  closeDatasets,
  lastingEvents,
  quickPlan,
  smallDatasets,
  smallRun,
} from './support/small-training.ts';

let root: string;
let datasets: RunDataset[];
let engine: Engine;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'timed-run-'));
  datasets = smallDatasets(root);
  engine = await onnxEngine('cpu', { numThreads: 1 });
});
afterAll(() => {
  closeDatasets(datasets);
  rmSync(root, { recursive: true });
});

/** A machine on which every training step takes a second, everything else that is computed a tenth, and nothing else any time. */
class Machine {
  nowMs = 0;
  readonly clock = { monotonicMs: () => this.nowMs };
  /** Told before something is computed. */
  onRun: (isTraining: boolean) => void = () => undefined;

  engine(): Engine {
    return {
      ...engine,
      load: async (program) => {
        const session = await engine.load(program);
        const isTraining = 'scheduleFactor' in program.inputs;
        return {
          program,
          get: (name) => session.get(name),
          set: (name, data) => session.set(name, data),
          close: () => session.close(),
          run: (inputs) => {
            this.onRun(isTraining);
            this.nowMs += isTraining ? 1000 : 100;
            return session.run(inputs);
          },
        };
      },
    };
  }

  run(name: string, changes: Partial<StartRunOptions> = {}): Promise<StartRunOptions> {
    return smallRun(join(root, name), datasets, { plan, clock: this.clock, engine: this.engine(), ...changes });
  }
}

const eventsOf = (name: string): RunEvent[] => openRun(nodeFileSystem, join(root, name)).events();
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'ended',
    (error: unknown) => (error instanceof GroundworkError ? error.code : error),
  );

/** Thirty seconds, of which two are for the end: planned with two seconds a step, which turns out to be one. */
const plan: Plan = {
  ...quickPlan({
    numSteps: 14,
    mostSteps: 1000,
    expected: { limitMs: 30_000, msPerStep: 2000, finalMs: 2000 },
    checkpoints: { everySteps: 4, keep: 20 },
  }),
  budget: { kind: 'time', durationMs: 30_000 },
};

describe('a run whose end the clock decides', () => {
  let whole: { readonly step: number; readonly durationMs: number; readonly trainingMs: number };
  const progress: RunProgress[] = [];
  let fixed: Extract<RunEvent, { type: 'rescheduled' }>;
  beforeAll(async () => {
    const machine = new Machine();
    whole = await startRun(await machine.run('whole', { onProgress: (one) => progress.push(one) }));
    const found = eventsOf('whole').filter((event) => event.type === 'rescheduled');
    expect(found).toHaveLength(1);
    fixed = found[0] as typeof fixed;
  });

  test('takes the steps for which there was time, and no more time than there was', () => {
    expect(whole.step).toBe(fixed.numSteps);
    expect(whole.step).toBeGreaterThan(25);
    expect(whole.trainingMs).toBe(1000 * whole.step);
    expect(whole.durationMs).toBeGreaterThan(27_000);
    expect(whole.durationMs).toBeLessThanOrEqual(31_000);
    expect(fixed.step).toBeLessThan(fixed.numSteps - 5);
  });

  test('tells the time that is left down to nothing', () => {
    const lefts = progress.map(({ remainingMs }) => remainingMs).filter((left) => left !== undefined);
    expect(lefts[0]).toBeGreaterThan(20_000);
    expect(progress.at(-1)?.activity).toBe('sampling');
    const evaluating = progress.findLast(({ activity }) => activity === 'evaluating');
    expect(progress.at(-1)?.remainingMs).toBeLessThan(evaluating?.remainingMs ?? 0);
  });

  test.each([
    ['before its end was fixed', () => fixed.step - 3],
    ['after it', () => fixed.step + 3],
  ])('and that is stopped %s ends as it would have', async (name, stepOf) => {
    const machine = new Machine();
    const controller = new AbortController();
    const onEvent: StartRunOptions['onEvent'] = (event) => {
      if (event.type === 'step' && event.step === stepOf()) controller.abort('SIGINT');
    };
    expect(await codeOf(startRun(await machine.run(name, { onEvent, signal: controller.signal })))).toBe('interrupted');
    await resumeRun(await machine.run(name));
    expect(lastingEvents(eventsOf(name))).toEqual(lastingEvents(eventsOf('whole')));
    expect(checkpointBytes(join(root, name), whole.step)).toEqual(checkpointBytes(join(root, 'whole'), whole.step));
  });

  test('and that is killed between the decision and its checkpoint decides anew, once', async () => {
    const machine = new Machine();
    let isDecided = false;
    const killed = {
      ...nodeFileSystem,
      rename: (from: string, to: string) => {
        if (isDecided && to.includes('checkpoints')) throw new Error('killed');
        nodeFileSystem.rename(from, to);
      },
    };
    const onEvent: StartRunOptions['onEvent'] = (event) => {
      isDecided ||= event.type === 'rescheduled';
    };
    await expect(startRun(await machine.run('killed', { fs: killed, onEvent }))).rejects.toThrow('killed');
    await resumeRun(await machine.run('killed'));
    const events = eventsOf('killed');
    expect(events.filter(({ type }) => type === 'rescheduled')).toHaveLength(1);
    expect(events.findLast((event) => event.type === 'step')?.step).toBe(
      events.find((event) => event.type === 'rescheduled')?.numSteps,
    );
  });
});

describe('a run that is stopped at its end', () => {
  const short = quickPlan({ numSteps: 4, evaluation: { numFinalDocuments: 10 } });
  /** Stops at the n-th time that something other than a step is computed during an activity. */
  async function stopped(name: string, activity: RunProgress['activity'], number: number) {
    const machine = new Machine();
    const controller = new AbortController();
    let [now, numRuns]: [string, number] = ['', 0];
    machine.onRun = () => {
      if (now !== activity) return;
      numRuns += 1;
      if (numRuns === number) controller.abort('SIGINT');
      if (numRuns <= number) machine.nowMs += 5000;
    };
    const onProgress: StartRunOptions['onProgress'] = (progress) => {
      now = progress.activity;
    };
    const run = await machine.run(name, { plan: short, signal: controller.signal, onProgress });
    expect(await codeOf(startRun(run))).toBe('interrupted');
    const stoppedMs = machine.nowMs;
    machine.onRun = () => undefined;
    const result = await resumeRun(await machine.run(name, { plan: short }));
    return { result, stoppedMs, machine };
  }

  test('in the last evaluation keeps the time that it took', async () => {
    const { result, machine } = await stopped('evaluation', 'evaluating', 2);
    // Nothing passed between the two processes.
    expect(result.durationMs).toBe(machine.nowMs);
    expect(result.trainingMs).toBe(4000);
  });

  test.each([1, 12])('in its last samples has all of them in the end, once (at token %i)', async (number) => {
    await stopped(`samples-${number}`, 'sampling', number);
    const machine = new Machine();
    await startRun(await machine.run(`unstopped-${number}`, { plan: short }));
    const samples = (name: string) => eventsOf(name).filter(({ type }) => type === 'sample');
    expect(samples(`unstopped-${number}`)).toHaveLength(3);
    expect(samples(`samples-${number}`)).toEqual(samples(`unstopped-${number}`));
  });
});
