import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobsetText } from '../../src/export/launch/jobset.ts';
import type { Launch } from '../../src/export/launch/launch.ts';
import { skypilotText } from '../../src/export/launch/skypilot.ts';
import { slurmText } from '../../src/export/launch/slurm.ts';
import { acceleratorNamed } from '../../src/theory/index.ts';

const script = fileURLToPath(new URL('support/validate_launch.py', import.meta.url));
const python = `${process.env.GROUNDWORK_LAUNCH_VENV ?? fileURLToPath(new URL('.venv', import.meta.url))}/bin/python`;
const isInstalled = existsSync(python);
if (!isInstalled) {
  console.warn(
    'schemas of schedulers: skipped: nothing to validate with (tests/export/validate-launch.sh installs it)',
  );
}

const plain: Launch = {
  name: 'presidents-1',
  numNodes: 1,
  numDevices: 1,
  device: undefined,
  time: '24:00:00',
  partition: undefined,
  account: undefined,
  image: undefined,
  identity: '0123456789abcdef'.repeat(4),
};
const launches: { readonly [name: string]: Launch } = {
  processors: plain,
  'one GPU': { ...plain, device: acceleratorNamed('l4') },
  'nodes of GPUs': {
    ...plain,
    numNodes: 4,
    numDevices: 8,
    device: acceleratorNamed('h100'),
    time: '2-00:00:00',
    partition: 'gpu',
    account: 'lab',
    image: 'ghcr.io/lab/jax:1.2',
  },
  TPUs: { ...plain, numDevices: 8, device: acceleratorNamed('tpu-v5e') },
};

describe.runIf(isInstalled)('schema and linter of the scheduler', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'launch-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What the validator says of the files, changed as the test wants. */
  function validate(launch: Launch, change: (text: string) => string = (same) => same): string {
    const texts = { 'run.sbatch': slurmText, 'jobset.yaml': jobsetText, 'skypilot.yaml': skypilotText };
    for (const [name, textOf] of Object.entries(texts)) writeFileSync(join(folder, name), change(textOf(launch)));
    try {
      const env = { ...process.env, HOME: folder, SKYPILOT_DISABLE_USAGE_COLLECTION: '1' };
      return execFileSync(python, [script, folder], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
    } catch (fault) {
      return (fault as { stdout: string }).stdout;
    }
  }

  for (const [name, launch] of Object.entries(launches)) {
    test(`finds nothing wrong with the files for ${name}`, () => {
      expect(validate(launch)).not.toContain(': fault:');
    });
  }

  test('finds what is wrong where something is', () => {
    const said = validate(launches['nodes of GPUs'] as Launch, (text) =>
      text
        .replace('--open-mode=append', '--open-mode=add')
        .replace('"$python" runner', '$python runner')
        .replace('onJobFailureReasons', 'onFailure')
        .replace('backoffLimit', 'backofLimit')
        .replace('num_nodes: 4', 'num_nodes: four'),
    );
    for (const fault of ['--open-mode=add', 'SC2086', 'onFailure', 'backofLimit', 'num_nodes']) {
      expect(said.includes(fault) || said.includes('skipped'), `${fault}: ${said}`).toBe(true);
    }
    expect(said).toMatch(/^run\.sbatch: fault/m);
    expect(said).toMatch(/^jobset\.yaml: fault/m);
  });
});
