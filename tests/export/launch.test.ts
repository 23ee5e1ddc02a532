import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jobsetText } from '../../src/export/launch/jobset.ts';
import { type Launch, labelOf } from '../../src/export/launch/launch.ts';
import { skypilotText } from '../../src/export/launch/skypilot.ts';
import { slurmText } from '../../src/export/launch/slurm.ts';
import { yamlText } from '../../src/export/launch/yaml.ts';
import { requirementsText } from '../../src/export/runner-files.ts';
import { acceleratorNamed, accelerators } from '../../src/theory/index.ts';

const launch: Launch = {
  name: 'Presidents 2026-11-23',
  numNodes: 2,
  numDevices: 8,
  device: acceleratorNamed('h100'),
  time: '12:00:00',
  partition: 'gpu',
  account: 'lab',
  image: 'example.org/jax:1',
  identity: '0123456789abcdef'.repeat(4),
};
const texts = { 'run.sbatch': slurmText, 'jobset.yaml': jobsetText, 'skypilot.yaml': skypilotText } as const;

describe('the files of schedulers', () => {
  for (const [name, textOf] of Object.entries(texts)) {
    test(`${name} is, letter for letter, what was reviewed`, async () => {
      await expect(textOf(launch)).toMatchFileSnapshot(`golden/${name}`);
    });
  }

  test('run.sbatch ends with the code of the runner, and asks to be queued again where that may help', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sbatch-'));
    try {
      writeFileSync(join(folder, 'srun'), '#!/bin/sh\nexit "$CODE"\n', { mode: 0o755 });
      writeFileSync(join(folder, 'scontrol'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
      writeFileSync(join(folder, 'run.sbatch'), slurmText(launch));
      const run = (code: number, restarts = '0') => {
        const env = {
          ...process.env,
          PATH: `${folder}:${process.env.PATH}`,
          CODE: String(code),
          SLURM_JOB_ID: '7',
          SLURM_CPUS_PER_TASK: '8',
          SLURM_RESTART_COUNT: restarts,
        };
        try {
          return {
            code: 0,
            said: execFileSync('bash', [join(folder, 'run.sbatch')], { env, encoding: 'utf8' }).trim(),
          };
        } catch (fault) {
          const { status, stdout } = fault as { status: number; stdout: string };
          return { code: status, said: stdout.trim() };
        }
      };
      expect(run(0)).toEqual({ code: 0, said: '' });
      for (const code of [2, 3, 6, 8]) expect(run(code)).toEqual({ code, said: '' });
      for (const code of [1, 4, 5, 134, 137]) expect(run(code)).toEqual({ code, said: 'requeue 7' });
      expect(run(137, '5')).toEqual({ code: 137, said: '' });
      // A run that was saved goes on however often it was interrupted.
      expect(run(7, '50')).toEqual({ code: 7, said: 'requeue 7' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('give the process of a node all of its devices: JAX would give it one', () => {
    expect(slurmText(launch)).toContain('export JAX_LOCAL_DEVICE_IDS=0,1,2,3,4,5,6,7\n');
    expect(slurmText({ ...launch, device: undefined })).not.toContain('JAX_LOCAL_DEVICE_IDS');
  });

  test('name every accelerator of the table in the words of the scheduler and of pip', () => {
    for (const device of accelerators) {
      const on = { ...launch, device };
      expect(skypilotText(on), device.name).toMatch(/accelerators: "[A-Za-z0-9-]+:\d+"/);
      expect(jobsetText(on), device.name).toMatch(/(nvidia\.com\/gpu|amd\.com\/gpu|google\.com\/tpu): 8/);
      expect(requirementsText('# x\njax==0.10.2\njaxlib==0.10.2\n', device), device.name).toMatch(
        /^jax\[(cuda12|rocm7-local|tpu)\]==0\.10\.2\njaxlib==0\.10\.2$/m,
      );
    }
    expect(requirementsText('jax==0.10.2\n', undefined)).toMatch(/^jax==0\.10\.2$/m);
  });

  test('skypilot.yaml asks for TPUs by what Google counts in their names: chips of v5e and v6e, cores of the others', () => {
    const asked = (name: string, numDevices: number) =>
      /accelerators: "(.*)"/.exec(skypilotText({ ...launch, device: acceleratorNamed(name), numDevices }))?.[1];
    expect(asked('tpu-v4', 4)).toBe('tpu-v4-8:1');
    expect(asked('tpu-v5p', 4)).toBe('tpu-v5p-8:1');
    // JAX has a device for each core of v3.
    expect(asked('tpu-v3', 8)).toBe('tpu-v3-8:1');
    expect(asked('tpu-v5e', 8)).toBe('tpu-v5litepod-8:1');
    expect(asked('tpu-v6e', 8)).toBe('tpu-v6e-8:1');
    expect(asked('h100', 8)).toBe('H100:8');
  });
});

describe('a label', () => {
  test('is one that Kubernetes takes, with room for the names of pods, whatever the run is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const label = labelOf(name);
        expect(label).toMatch(/^[a-z]([a-z0-9-]*[a-z0-9])?$/);
        expect(`${label}-workers-0-9999`.length).toBeLessThanOrEqual(63);
      }),
    );
    expect(labelOf('Präsidenten 1')).toBe('prasidenten-1');
  });
});

describe('YAML', () => {
  test('quotes what could be read as another type, and keeps texts of several lines as they are', () => {
    expect(yamlText({ a: 'yes', b: 'NO', c: '1', d: '1.5', e: 'x: y', f: '', g: ' x', h: 'plain-word', i: '~' })).toBe(
      'a: "yes"\nb: "NO"\nc: "1"\nd: "1.5"\ne: "x: y"\nf: ""\ng: " x"\nh: plain-word\ni: "~"\n',
    );
    expect(yamlText({ list: [{ a: 1, b: [true, null] }, 'x'], empty: [], none: {} })).toBe(
      'list:\n  - a: 1\n    b:\n      - true\n      - null\n  - x\nempty: []\nnone: {}\n',
    );
    expect(yamlText({ run: ['sh', 'one\n\n  two\n'] })).toBe('run:\n  - sh\n  - |\n    one\n\n      two\n');
    // A block that begins with a space, or holds a tab, would be read otherwise.
    expect(yamlText({ a: ' x\ny\n', b: 'x\ty\nz\n', c: 'x\ny' })).toBe(
      'a: " x\\ny\\n"\nb: "x\\ty\\nz\\n"\nc: "x\\ny"\n',
    );
  });
});
