import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BundleRoom } from '../export/support/small-bundle.ts';
import { runsEverything } from '../support/full-tests.ts';
import { describeWithJax } from '../support/jax-python.ts';
import { expectSame } from './support/closeness.ts';
import { copyOf, runnerBundle, runnerPlan, runnerRoom, runRunner } from './support/runner-room.ts';

const numSteps = 20;

/** Eight devices as copies of the model, as shares of its state, as shares of each product, and as some of each. */
const layouts: readonly (readonly [name: string, flags: readonly string[], table: RegExp])[] = [
  ['mixed', ['--data', '2', '--fsdp', '2', '--model', '2'], /query +\[2, 32, 32\] +–, model, fsdp +\[2, 16, 16\]/],
  ['data', ['--data', '8'], /query +\[2, 32, 32\] +–, –, – +\[2, 32, 32\]/],
  ['fsdp', ['--fsdp'], /embedding +\[264, 32\] +fsdp, – +\[33, 32\]/],
  ['model', ['--data', '1', '--model', '8'], /mlp\.down +\[2, 32, 96\] +–, –, model +\[2, 32, 12\]/],
];

describeWithJax('the runner on eight devices', () => {
  let room: BundleRoom;
  let bundle: string;
  let one: string;
  beforeAll(async () => {
    room = runnerRoom();
    // Nothing but training: each program takes its time to compile.
    const plan = runnerPlan({
      evaluation: { everySteps: 0, numDocuments: 0, numFinalDocuments: 0 },
      checkpoints: { everyMs: null, everySteps: null },
    });
    bundle = await runnerBundle(room, 'bundle', plan);
    one = copyOf(bundle, 'one');
    expect(await runRunner(one)).toMatchObject({ code: 0, errors: '' });
  });
  afterAll(() => room.close());

  for (const [name, flags, table] of layouts) {
    test.runIf(runsEverything || name === 'mixed')(`trains the same laid out as ${flags.join(' ')}`, async () => {
      const other = copyOf(bundle, name);
      const { code, output } = await runRunner(other, flags, { numDevices: 8 });
      expect(code).toBe(0);
      expect(output).toMatch(table);
      expectSame(one, other, numSteps);
    });
  }

  test('refuses a mesh that does not hold the devices', async () => {
    const { code, errors } = await runRunner(bundle, ['--check', '--data', '3'], { numDevices: 8 });
    expect(code).toBe(2);
    expect(errors).toContain('a mesh of data 3 × fsdp 1 × model 1 does not hold 8 devices');
  });
});
