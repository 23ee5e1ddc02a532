import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonValue } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openRun, verifyRun } from '../../src/training/index.ts';
import { lockRun } from '../../src/training/run/run-lock.ts';
import { signedText } from '../../src/training/run/signed-json.ts';
import { type BundleRoom, smallBundle } from '../export/support/small-bundle.ts';
import { runsEverything } from '../support/full-tests.ts';
import { describeWithJax } from '../support/jax-python.ts';
import { lastingEvents, quickPlan } from '../training/support/small-training.ts';
import {
  copyOf,
  eventsOf,
  runnerRoom,
  runRunner,
  startRunner,
  tensorBytes,
  trainingOf,
} from './support/runner-room.ts';

const numSteps = 20;

const plan = quickPlan({
  size: { vocabularySize: 264 },
  evaluation: { everySteps: 6, numDocuments: 4, numFinalDocuments: 10 },
  checkpoints: { everyMs: null, everySteps: 4, keep: 2 },
});

describeWithJax('a run of the runner that does not reach its end', () => {
  let room: BundleRoom;
  let bundle: string;
  let whole: string;
  beforeAll(async () => {
    room = runnerRoom();
    bundle = (await smallBundle(room, 'bundle', { run: { plan } })).folder;
    whole = copyOf(bundle, 'whole');
    expect(await runRunner(whole)).toMatchObject({ code: 0, errors: '' });
  });
  afterAll(() => room.close());

  const runOf = (folder: string) => openRun(nodeFileSystem, join(folder, 'run'));
  const namesOf = (folder: string) => readdirSync(join(folder, 'run', 'checkpoints')).sort();

  /** A run that came to its end is the one that was never stopped. */
  function expectWhole(folder: string): void {
    expect(tensorBytes(folder, numSteps)).toEqual(tensorBytes(whole, numSteps));
    const [{ losses, tokens }, before] = [trainingOf(folder, numSteps), trainingOf(whole, numSteps)];
    expect({ losses, tokens }).toEqual({ losses: before.losses, tokens: before.tokens });
    expect(lastingEvents(eventsOf(folder))).toEqual(lastingEvents(eventsOf(whole)));
    expect(verifyRun(nodeFileSystem, join(folder, 'run'))).toEqual([]);
    expect(namesOf(folder)).toEqual(namesOf(whole));
  }

  test('is saved where it was stopped, and goes on to the same end, to the bit', async () => {
    const folder = copyOf(bundle, 'stopped');
    const stopped = await runRunner(folder, ['--stop-after-steps', '9']);
    expect(stopped.code).toBe(7);
    expect(stopped.errors).toContain('the run was stopped by --stop-after-steps after step 9; it is saved');
    expect(runOf(folder).manifest.status).toBe('stopped');
    expect(namesOf(folder)).toEqual(['step-00000008', 'step-00000009']);
    expect(verifyRun(nodeFileSystem, join(folder, 'run'))).toEqual([]);
    expect((await runRunner(folder)).code).toBe(0);
    expectWhole(folder);
  });

  test.runIf(runsEverything)('ends as it ends, whatever becomes of the file that only tells of it', async () => {
    const folder = copyOf(bundle, 'outcome');
    mkdirSync(join(folder, 'outcome.json'));
    const { code, errors } = await runRunner(folder, ['--stop-after-steps', '1']);
    expect(code).toBe(7);
    expect(errors).toContain('warning: ');
    expect(runOf(folder).manifest.status).toBe('stopped');
  });

  test.runIf(runsEverything)('goes on from the checkpoint before one that cannot be read', async () => {
    const folder = copyOf(bundle, 'unreadable');
    expect((await runRunner(folder, ['--stop-after-steps', '9'])).code).toBe(7);
    const path = join(folder, 'run', 'checkpoints', 'step-00000009', 'manifest.json');
    rmSync(path);
    mkdirSync(path);
    const { code, output } = await runRunner(folder, ['--stop-after-steps', '1']);
    expect(code).toBe(7);
    expect(output).toContain('the checkpoint of step 9 cannot be used, so the run goes on from step 8');
  });

  test('is refused on processors where it was planned for accelerators, and where JAX finds none', async () => {
    const folder = copyOf(bundle, 'planned');
    const manifest = JSON.parse(readFileSync(join(folder, 'bundle.json'), 'utf8')) as { [key: string]: JsonValue };
    const { sha256: _, ...record } = manifest;
    const devices = { numNodes: 1, numDevices: 8, kind: 'h100' };
    writeFileSync(join(folder, 'bundle.json'), signedText({ ...record, devices }));
    const refused = await runRunner(folder);
    expect(refused.code).toBe(4);
    expect(refused.errors).toContain('planned for 8 × h100; JAX found processors only');
    const allowed = await runRunner(folder, ['--any-device', '--check']);
    expect(allowed.code).toBe(0);
    expect(allowed.output).toContain('warning: planned for 8 × h100, found 1 × cpu');
    const none = await runRunner(folder, [], { command: ['env', 'JAX_PLATFORMS=tpu'] });
    expect(none.code).toBe(4);
    expect(none.errors).toContain('JAX finds no devices');
  });

  test('is refused while another process holds it', async () => {
    const lock = lockRun(join(bundle, 'run'));
    const { code, errors } = await runRunner(bundle);
    lock.release();
    expect(code).toBe(5);
    expect(errors).toContain(`is in use by process ${process.pid}`);
  });

  test('is refused where a file was changed', async () => {
    const folder = copyOf(bundle, 'edited');
    appendFileSync(join(folder, 'step.py'), '\n');
    const { code, errors } = await runRunner(folder);
    expect(code).toBe(6);
    expect(errors).toContain('is not as it was written: step.py');
  });

  test.runIf(runsEverything)('says that a file was changed, where that is allowed', async () => {
    const folder = copyOf(bundle, 'allowed');
    appendFileSync(join(folder, 'step.py'), '\n');
    expect((await runRunner(folder, ['--allow-edits', '--stop-after-steps', '1'])).code).toBe(7);
    const warnings = eventsOf(folder).flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toEqual(['goes on with another step.py, as allowed: it was changed after the bundle was written']);
  });

  test.runIf(runsEverything)('is saved by a signal, and is whole after kill -9', async () => {
    for (const [signal, code] of [
      ['SIGTERM', 7],
      ['SIGINT', 7],
      ['SIGKILL', null],
    ] as const) {
      const folder = copyOf(bundle, signal);
      const { child, seen, ending } = startRunner(folder);
      await seen('step 6: ');
      expect(() => lockRun(join(folder, 'run'))).toThrow(`is in use by process ${child.pid}`);
      child.kill(signal);
      expect((await ending).code).toBe(code);
      if (code !== null) expect(eventsOf(folder).at(-1)).toMatchObject({ type: 'stopped', signal });
      expect((await runRunner(folder)).code).toBe(0);
      expectWhole(folder);
    }
  });

  test.runIf(runsEverything)('goes on from the checkpoint before one that broke', async () => {
    const folder = copyOf(bundle, 'broken');
    expect((await runRunner(folder, ['--stop-after-steps', '9'])).code).toBe(7);
    const path = join(folder, 'run', 'checkpoints', 'step-00000009', 'optimizer.safetensors');
    const bytes = readFileSync(path);
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const { code, output } = await runRunner(folder);
    expect(code).toBe(0);
    expect(output).toContain('the checkpoint of step 9 cannot be used, so the run goes on from step 8');
    expect(namesOf(folder)).toEqual(['.rejected-step-00000009', 'step-00000016', 'step-00000020']);
    expect(tensorBytes(folder, numSteps)).toEqual(tensorBytes(whole, numSteps));
  });

  test.runIf(runsEverything)('keeps the checkpoint before where the disk is full', async () => {
    const folder = copyOf(bundle, 'full');
    expect((await runRunner(folder, ['--stop-after-steps', '2'])).code).toBe(7);
    // A file may not grow beyond 64 KiB: the parameters of a checkpoint do.
    const command = ['bash', '-c', 'ulimit -f 64; exec "$@"', 'bash'];
    const { code, errors } = await runRunner(folder, [], { command });
    expect(code).toBe(5);
    expect(errors).toContain('the checkpoint of step 4 needs');
    expect(errors).toContain('Make room; the checkpoint before this one is whole');
    expect(runOf(folder).manifest.failure).toMatchObject({ code: 'disk-full', step: 4 });
    expect(namesOf(folder)).toEqual(['step-00000000', 'step-00000002']);
    expect((await runRunner(folder)).code).toBe(0);
    expectWhole(folder);
  });

  /**
   * Ends the step by another line of Python, where `is_bad` holds for the steps from one to another (counted from 1): their numbers are
   * told by the schedule, which falls in the end.
   */
  function poison(folder: string, first: number, last: number, line: string): void {
    const factor = (step: number) => {
      const found = eventsOf(whole).find((event) => event.type === 'step' && event.step === step);
      return found?.type === 'step' ? found.scheduleFactor : Number.NaN;
    };
    appendFileSync(
      join(folder, 'step.py'),
      `
_step = step

def step(state, inputs):
    factor = inputs["scheduleFactor"]
    is_bad = (factor < ${factor(first) + 1e-4}) & (factor > ${factor(last) - 1e-4})
    ${line}
`,
    );
  }

  const nanWeights = 'return _step(state, {**inputs, "weights": jnp.where(is_bad, jnp.nan, inputs["weights"])})';

  test('writes no checkpoint with a number that is not finite, and names the tensor, also one of a stack', async () => {
    const folder = copyOf(bundle, 'broken-state');
    const stack = 'blocks.*.attention.query';
    poison(
      folder,
      16,
      16,
      `state, outputs = _step(state, inputs)
    weights = state["${stack}"]
    return {**state, "${stack}": weights.at[1, 0, 3].set(jnp.where(is_bad, jnp.inf, weights[1, 0, 3]))}, outputs`,
    );
    const { code, errors } = await runRunner(folder, ['--allow-edits']);
    expect(code).toBe(8);
    expect(errors).toContain('blocks.1.attention.query holds inf at position 3 after step 16: the checkpoint was not');
    expect(namesOf(folder)).toEqual(['step-00000008', 'step-00000012']);
    expect(runOf(folder).manifest).toMatchObject({ status: 'failed', failure: { code: 'diverged', step: 16 } });
  });

  test.runIf(runsEverything)('skips a step whose loss is not finite, and stops after three in a row', async () => {
    const skipped = copyOf(bundle, 'skipped');
    poison(skipped, 14, 15, nanWeights);
    expect((await runRunner(skipped, ['--allow-edits'])).code).toBe(0);
    const steps = eventsOf(skipped).flatMap((event) => (event.type === 'step' && !event.isApplied ? [event] : []));
    expect(steps).toMatchObject([
      { step: 14, loss: Number.NaN },
      { step: 15, loss: Number.NaN },
    ]);
    expect(verifyRun(nodeFileSystem, join(skipped, 'run'))).toEqual([]);

    const diverged = copyOf(bundle, 'diverged');
    poison(diverged, 14, 20, nanWeights);
    const { code, errors } = await runRunner(diverged, ['--allow-edits']);
    expect(code).toBe(8);
    expect(errors).toContain(
      '3 steps in a row gave a loss or a gradient that is not finite; the last checkpoint is of step 12',
    );
    expect(runOf(diverged).manifest).toMatchObject({ status: 'failed', failure: { code: 'diverged', step: 16 } });
    const diagnosis = JSON.parse(
      readFileSync(join(diverged, 'run', 'diagnostics', 'step-00000016.json'), 'utf8'),
    ) as unknown;
    expect(diagnosis).toMatchObject({ format: 'groundwork-diagnosis', step: 16, lastCheckpoint: 12 });
    expect(verifyRun(nodeFileSystem, join(diverged, 'run'))).toEqual([]);
  });
});
