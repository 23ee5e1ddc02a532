import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openRun, verifyRun } from '../../src/training/index.ts';
import type { BundleRoom } from '../export/support/small-bundle.ts';
import { runsEverything } from '../support/full-tests.ts';
import { describeWithJax } from '../support/jax-python.ts';
import { lastingEvents } from '../training/support/small-training.ts';
import { expectSame } from './support/closeness.ts';
import {
  copyOf,
  eventsOf,
  runnerBundle,
  runnerRoom,
  runRunner,
  startProcesses,
  tensorBytes,
} from './support/runner-room.ts';

const numSteps = 20;
/** Who was lost is missed by the heartbeat of JAX, after 100 s at most; starting and compiling come on top. */
const patience = { timeout: 600_000 };

describeWithJax('two processes of the runner', () => {
  let room: BundleRoom;
  let bundle: string;
  let whole: string;
  beforeAll(async () => {
    if (!runsEverything) return;
    room = runnerRoom();
    bundle = await runnerBundle(room, 'bundle');
    whole = copyOf(bundle, 'whole');
    const processes = await startProcesses(whole, ['--fsdp']);
    const endings = await Promise.all(processes.map(({ ending }) => ending));
    expect(endings.map(({ code }) => code)).toEqual([0, 0]);
  });
  afterAll(() => room?.close());

  test.runIf(runsEverything)('train the same as one process on one device', async () => {
    const one = copyOf(bundle, 'one');
    expect(await runRunner(one)).toMatchObject({ code: 0 });
    expectSame(one, whole, numSteps);
    expect(verifyRun(nodeFileSystem, `${whole}/run`)).toEqual([]);
    const { engine } = openRun(nodeFileSystem, `${whole}/run`).manifest;
    expect(engine.versions).toMatchObject({ numProcesses: 2, numDevices: 8, mesh: { data: 1, fsdp: 8, model: 1 } });
  });

  for (const victim of [0, 1]) {
    test.runIf(runsEverything)(
      `end where process ${victim} is killed, and go on to the same end, to the bit`,
      patience,
      async () => {
        const killed = copyOf(bundle, `killed-${victim}`);
        const processes = await startProcesses(killed, ['--fsdp']);
        const [first] = processes;
        // The evaluation after step 12 lies behind the checkpoint of step 7.
        await first?.seen('step 12: ');
        processes[victim]?.child.kill('SIGKILL');
        const endings = await Promise.all(processes.map(({ ending }) => ending));
        expect(endings[victim]).toMatchObject({ code: null, signal: 'SIGKILL' });
        expect(endings[1 - victim]?.code).not.toBe(0);

        const again = await startProcesses(killed, ['--fsdp']);
        const second = await Promise.all(again.map(({ ending }) => ending));
        expect(second.map(({ code }) => code)).toEqual([0, 0]);
        expect(eventsOf(killed).some((event) => event.type === 'resumed')).toBe(true);
        expect(tensorBytes(killed, numSteps)).toEqual(tensorBytes(whole, numSteps));
        expect(lastingEvents(eventsOf(killed))).toEqual(lastingEvents(eventsOf(whole)));
        expect(verifyRun(nodeFileSystem, `${killed}/run`)).toEqual([]);
      },
    );
  }

  test.runIf(runsEverything)(
    'stop together at one step when one of them is asked to, and go on',
    patience,
    async () => {
      const stopped = copyOf(bundle, 'stopped');
      const processes = await startProcesses(stopped, ['--fsdp']);
      await processes[0]?.seen('step 6: ');
      // A scheduler asks all of them; that it asks one is enough.
      processes[1]?.child.kill('SIGTERM');
      const endings = await Promise.all(processes.map(({ ending }) => ending));
      expect(endings.map(({ code }) => code)).toEqual([7, 7]);
      expect(endings[0]?.errors).toContain('the run was stopped by SIGTERM after step');
      expect(openRun(nodeFileSystem, `${stopped}/run`).manifest.status).toBe('stopped');
      const again = await startProcesses(stopped, ['--fsdp']);
      expect((await Promise.all(again.map(({ ending }) => ending))).map(({ code }) => code)).toEqual([0, 0]);
      expect(tensorBytes(stopped, numSteps)).toEqual(tensorBytes(whole, numSteps));
    },
  );

  test.runIf(runsEverything)('end with one exit code where only the first comes upon a fault', async () => {
    const broken = copyOf(bundle, 'broken-log');
    writeFileSync(`${broken}/run/events.jsonl`, 'no event\n{"type":"started"}\n');
    const processes = await startProcesses(broken, ['--fsdp']);
    const endings = await Promise.all(processes.map(({ ending }) => ending));
    expect(endings.map(({ code }) => code)).toEqual([6, 6]);
    expect(endings[0]?.errors).toContain('events.jsonl is no event');
    expect(endings[1]?.errors).toContain('process 1 stops, since another one did');
  });
});
