import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomStream } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openRun, verifyRun } from '../../src/training/index.ts';
import { runsEverything } from '../support/full-tests.ts';
import { checkpointBytes, lastingEvents } from './support/small-training.ts';
import { bundleScript, removeBundle, startProcess, type TrainProcess } from './support/train-process.ts';

const numKills = runsEverything ? 30 : 2;
const numSignals = runsEverything ? 20 : 1;
const numSteps = 40;
/** Every step is saved, so that most moments lie within a save. */
const changes = { numSteps, numTokens: 1, checkpoints: { everySteps: 1 } };

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'killed-'));
  await bundleScript();
  expect(await startProcess(root, join(root, 'whole'), changes).exit).toMatchObject({ code: 0, errors: '' });
});
afterAll(() => {
  removeBundle();
  rmSync(root, { recursive: true, force: true });
});

/** A run that came to its end is the one that was never stopped. */
function expectWhole(folder: string): void {
  expect(checkpointBytes(folder, numSteps)).toEqual(checkpointBytes(join(root, 'whole'), numSteps));
  const events = (path: string) => lastingEvents(openRun(nodeFileSystem, path).events());
  expect(events(folder)).toEqual(events(join(root, 'whole')));
  expect(verifyRun(nodeFileSystem, folder)).toEqual([]);
  expect(readdirSync(join(folder, 'checkpoints')).filter((name) => !/^step-\d{8}$/.test(name))).toEqual([]);
}

/**
 * Lets processes train, one after the other in one run, and stops each at a moment of its own; a run that reaches its end is compared and
 * another one begun.
 *
 * @param stop ends the process somehow, and checks what it left
 */
async function stopAgainAndAgain(
  name: string,
  numStops: number,
  stop: (process: TrainProcess, folder: string, number: number) => Promise<boolean>,
): Promise<void> {
  let [numStopped, numRuns] = [0, 0];
  while (numStopped < numStops) {
    numRuns += 1;
    const folder = join(root, `${name}-${numRuns}`);
    for (let isFinished = false; !isFinished; ) {
      const process = startProcess(root, folder, changes);
      if (numStopped < numStops && (await stop(process, folder, numStopped))) {
        numStopped += 1;
        continue;
      }
      const { code, errors } = await process.exit;
      expect(errors).toBe('');
      expect(code).toBe(0);
      isFinished = true;
    }
    expectWhole(folder);
  }
}

test('a run that is killed at any moment goes on from the last step or the one before it, and ends with the same weights', async () => {
  const random = randomStream(7, 'kills');
  await stopAgainAndAgain('killed', numKills, async (process, folder, number) => {
    // Every fourth anywhere, also while the process starts; the others while it trains and saves.
    if (number % 4 !== 3) await process.seen('\nstep ');
    const timer = setTimeout(() => process.child.kill('SIGKILL'), random.nextUniform() * 250);
    const { signal } = await process.exit;
    clearTimeout(timer);
    if (signal !== 'SIGKILL') return false;
    const last = process.steps('step').at(-1);
    if (last !== undefined) {
      expect(openRun(nodeFileSystem, folder).checkpoints().at(-1) ?? 0).toBeGreaterThanOrEqual(last - 1);
    }
    return true;
  });
}, 300_000);

describe('a signal', () => {
  test('ends a run after its step, saved; going on ends with the same weights', async () => {
    const random = randomStream(8, 'signals');
    await stopAgainAndAgain('stopped', numSignals, async (process, folder, number) => {
      await process.seen('started ');
      await process.seen('\nstep ');
      await sleep(random.nextUniform() * 150);
      process.child.kill(number % 2 === 0 ? 'SIGTERM' : 'SIGINT');
      const { code, errors } = await process.exit;
      if (code === 0) return false;
      expect(code, errors).toBe(7);
      expect(errors).toContain('groundwork: interrupted: the run was stopped by SIG');
      const run = openRun(nodeFileSystem, folder);
      expect(run.manifest.status).toBe('stopped');
      expect(run.checkpoints().at(-1)).toBe(process.steps('step').at(-1));
      expect(run.events().at(-1)).toMatchObject({ type: 'stopped', signal: number % 2 === 0 ? 'SIGTERM' : 'SIGINT' });
      return true;
    });
  }, 300_000);

  test('that comes a second time ends the process at once, and the run goes on from what was saved', async () => {
    const folder = join(root, 'twice');
    const process = startProcess(root, folder, changes);
    await process.seen('\nstep 5\n');
    process.child.kill('SIGINT');
    process.child.kill('SIGINT');
    // The first may have done its work before the second came.
    expect([7, 130]).toContain((await process.exit).code);
    expect((await startProcess(root, folder, changes).exit).code).toBe(0);
    expectWhole(folder);
  });
});

test('a second process in the same run is refused, and the lock of one that was killed is taken over', async () => {
  const folder = join(root, 'locked');
  const first = startProcess(root, folder, changes);
  await first.seen('\nstep ');
  first.child.kill('SIGSTOP');
  const { code, errors } = await startProcess(root, folder, changes).exit;
  expect(code).toBe(5);
  expect(errors).toContain(`is in use by process ${first.child.pid}`);
  first.child.kill('SIGKILL');
  await first.exit;
  expect((await startProcess(root, folder, changes).exit).code).toBe(0);
  expectWhole(folder);
});
