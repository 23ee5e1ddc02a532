import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openRun, type RunEvent, resumeRun, verifyRun } from '../../src/training/index.ts';
import type { BundleRoom } from '../export/support/small-bundle.ts';
import { describeWithJax } from '../support/jax-python.ts';
import { smallRun } from '../training/support/small-training.ts';
import { expectSame } from './support/closeness.ts';
import { copyOf, eventsOf, runnerBundle, runnerRoom, runRunner, trainingOf } from './support/runner-room.ts';

const numSteps = 20;

describeWithJax('a run of the runner and of the loop in TypeScript', () => {
  let room: BundleRoom;
  let bundle: string;
  /** Trained in TypeScript from beginning to end, in the place where a bundle has its run. */
  let whole: string;
  beforeAll(async () => {
    room = runnerRoom();
    bundle = await runnerBundle(room, 'bundle');
    whole = copyOf(bundle, 'whole');
    await trainHere(whole);
  });
  afterAll(() => room.close());

  /** Goes on with the run of a bundle on ONNX Runtime, to its end or until after a step. */
  async function trainHere(folder: string, lastStep?: number): Promise<void> {
    const stop = new AbortController();
    const onEvent = (event: RunEvent) => {
      if (event.type === 'step' && event.step === lastStep) stop.abort('SIGTERM');
    };
    const options = await smallRun(join(folder, 'run'), room.datasets, { signal: stop.signal, onEvent });
    await resumeRun(options).catch((error: unknown) => {
      if (!(error instanceof GroundworkError && error.code === 'interrupted')) throw error;
    });
  }

  const bitsPerByte = (folder: string) => openRun(nodeFileSystem, join(folder, 'run')).manifest.result?.bitsPerByte;

  test('begins here, goes on there and ends here', async () => {
    const folder = copyOf(bundle, 'there');
    await trainHere(folder, 5);
    expect(await runRunner(folder, ['--stop-after-steps', '8'])).toMatchObject({ code: 7 });
    expect(openRun(nodeFileSystem, join(folder, 'run')).checkpoints()).toContain(13);
    await trainHere(folder);
    expectSame(whole, folder, numSteps);
    expect(bitsPerByte(folder)).toBeCloseTo(bitsPerByte(whole) ?? Number.NaN, 4);
    expect(verifyRun(nodeFileSystem, join(folder, 'run'))).toEqual([]);
  });

  test('begins there, goes on here and ends there, with the same measure of its model', async () => {
    const folder = copyOf(bundle, 'here');
    expect(await runRunner(folder, ['--stop-after-steps', '5'])).toMatchObject({ code: 7 });
    await trainHere(folder, 13);
    const { code, output } = await runRunner(folder);
    expect(code).toBe(0);
    expect(output).toContain('finished after 20 steps');
    expectSame(whole, folder, numSteps);
    const found = bitsPerByte(folder) ?? Number.NaN;
    expect(Math.abs(found / (bitsPerByte(whole) ?? Number.NaN) - 1)).toBeLessThan(1e-5);
    expect(verifyRun(nodeFileSystem, join(folder, 'run'))).toEqual([]);
    const [there, here] = [trainingOf(folder, numSteps), trainingOf(whole, numSteps)];
    expect(there.tokens).toBe(here.tokens);
    expect(there.losses).toMatchObject({ weight: here.losses.weight, numStepsAbove: 0, numSkipped: 0 });
    for (const name of ['average', 'first', 'best'] as const) {
      expect(there.losses[name]).toBeCloseTo(here.losses[name] ?? Number.NaN, 4);
    }
    expect(there.pace.numTimedSteps).toBe(numSteps - 3);
    const types = eventsOf(folder).map(({ type }) => type);
    expect(types.filter((type) => type === 'resumed')).toHaveLength(2);
    expect(types.at(-1)).toBe('finished');
    const steps = (events: readonly RunEvent[]) =>
      events.flatMap((event) => (event.type === 'step' ? [[event.step, event.tokens, event.scheduleFactor]] : []));
    expect(steps(eventsOf(folder))).toEqual(steps(eventsOf(whole)));
  });

  test('a run that is finished is left as it is', async () => {
    const folder = join(room.folder, 'finished');
    cpSync(whole, folder, { recursive: true });
    expect(await runRunner(folder)).toMatchObject({ code: 0 });
    expect(eventsOf(folder)).toEqual(eventsOf(whole));
  });
});
