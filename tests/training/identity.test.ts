import { cpSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openDataset } from '../../src/data/index.ts';
import { hashProgram } from '../../src/tensor/index.ts';
import {
  lockRun,
  openRun,
  type ResumeRunOptions,
  type RunDataset,
  resumeRun,
  type StartRunOptions,
  startRun,
} from '../../src/training/index.ts';
import { prepareStep } from '../../src/training/prepared-step.ts';
import { fingerprintsOf } from '../../src/training/run/run-fingerprints.ts';
import { withOneUpdateScope } from '../../src/training/run-differences.ts';
import {
  checkpointBytes,
  closeDatasets,
  quickPlan,
  smallDatasets,
  smallRecipe,
  smallRun,
  writeTexts,
} from './support/small-training.ts';

let root: string;
let datasets: RunDataset[];
const opened: RunDataset[] = [];
let options: StartRunOptions;
const plan = quickPlan({ numSteps: 8, checkpoints: { everySteps: 2 } });
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'identity-'));
  datasets = smallDatasets(root);
  options = await smallRun(join(root, 'stopped'), datasets, { plan });
  const controller = new AbortController();
  const onEvent: StartRunOptions['onEvent'] = (event) => {
    if (event.type === 'step' && event.step === 5) controller.abort('SIGINT');
  };
  await expect(startRun({ ...options, onEvent, signal: controller.signal })).rejects.toMatchObject({
    code: 'interrupted',
    exitCode: 7,
    hint: `Go on with: groundwork resume ${join(root, 'stopped')}`,
  });
  await startRun({ ...options, folder: join(root, 'whole') });
});
afterAll(() => {
  closeDatasets([...datasets, ...opened]);
  rmSync(root, { recursive: true });
});

let folder: string;
let numCopies = 0;
beforeEach(() => {
  numCopies += 1;
  folder = join(root, `copy-${numCopies}`);
  cpSync(join(root, 'stopped'), folder, { recursive: true });
});

const refusal = async (changes: Partial<ResumeRunOptions>): Promise<GroundworkError> => {
  const error = await resumeRun({ ...options, folder, ...changes }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GroundworkError);
  return error as GroundworkError;
};

function otherDataset(name: string, changes: Parameters<typeof writeTexts>[2]): RunDataset[] {
  const path = join(root, name);
  writeTexts(nodeFileSystem, path, { name: 'speeches', ...changes });
  const first = { dataset: openDataset(nodeFileSystem, path), weight: 3 };
  opened.push(first);
  return [first, datasets[1] as RunDataset];
}

describe('a run goes on only as it began', () => {
  test('a changed byte of the corpus is refused by name', async () => {
    const changed = otherDataset('changed', { text: (text) => text.replace('1801', '1802') });
    const error = await refusal({ datasets: changed });
    expect(error.code).toBe('run-mismatch');
    expect(error.message).toMatch(/dataset: speeches .* has fingerprint [0-9a-f]{12}, expected [0-9a-f]{12}/);
    expect(error.hint).toContain('--allow dataset');
  });

  test('another weight in the mixture is refused by name', async () => {
    const [first, second] = datasets as [RunDataset, RunDataset];
    const error = await refusal({ datasets: [{ ...first, weight: 2 }, second] });
    expect(error).toMatchObject({
      code: 'run-mismatch',
      message: expect.stringContaining('mixture: the weight of speeches is 2, expected 3'),
    });
  });

  test('the same shares in other numbers are the same mixture', async () => {
    const doubled = datasets.map(({ dataset, weight }) => ({ dataset, weight: 2 * weight }));
    await resumeRun({ ...options, folder, datasets: doubled });
    expect(checkpointBytes(folder, 8)).toEqual(checkpointBytes(join(root, 'whole'), 8));
  });

  test('a recipe that is allowed and does not fit the checkpoint is refused, and leaves the run as it was', async () => {
    const before = nodeFileSystem.readFile(`${folder}/run.json`);
    const log = nodeFileSystem.readFile(`${folder}/events.jsonl`);
    const recipe = { recipe: smallRecipe({ mlp: 'gelu' }), file: null };
    const error = await refusal({ recipe, allow: ['recipe'] });
    expect(error.code).toBe('run-mismatch');
    expect(error.message).toMatch(/the checkpoint of step 5 .* does not fit it: .*mlp/);
    expect(nodeFileSystem.readFile(`${folder}/run.json`)).toEqual(before);
    expect(nodeFileSystem.readFile(`${folder}/events.jsonl`)).toEqual(log);
    await resumeRun({ ...options, folder });
    expect(checkpointBytes(folder, 8)).toEqual(checkpointBytes(join(root, 'whole'), 8));
  });

  test('a recipe that is allowed is recorded only when its state is loaded', async () => {
    const recipe = { recipe: smallRecipe({ learningRate: 0.004 }), file: null };
    const { engine } = options;
    const failing = { ...engine, load: () => Promise.reject(new Error('no device')) };
    const changed: ResumeRunOptions = { ...options, folder, recipe, allow: ['recipe'] };
    await expect(resumeRun({ ...changed, engine: failing })).rejects.toThrow('no device');
    const { manifest } = openRun(nodeFileSystem, join(root, 'stopped'));
    expect(openRun(nodeFileSystem, folder).manifest).toMatchObject({ status: 'failed', recipe: manifest.recipe });
    await resumeRun(changed);
    expect(openRun(nodeFileSystem, folder).manifest.recipe.sha256).not.toBe(manifest.recipe.sha256);
  });

  test('another engine is told of once: the next resume compares with it', async () => {
    const engineFacts = { ...options.engineFacts, numThreads: 7 };
    const stopAt = (step: number) => {
      const controller = new AbortController();
      const onEvent: StartRunOptions['onEvent'] = (event) => {
        if (event.type === 'step' && event.step === step) controller.abort('SIGINT');
      };
      return { signal: controller.signal, onEvent };
    };
    expect((await refusal({ engineFacts, ...stopAt(6) })).code).toBe('interrupted');
    await resumeRun({ ...options, folder, engineFacts });
    const warnings = openRun(nodeFileSystem, folder)
      .events()
      .filter(({ type }) => type === 'warning');
    expect(warnings).toHaveLength(1);
    expect(openRun(nodeFileSystem, folder).manifest.engine.numThreads).toBe(7);
  });

  test('one dataset too few is refused by name', async () => {
    const error = await refusal({ datasets: datasets.slice(0, 1) });
    expect(error.message).toContain('mixture: found 1 datasets, expected 2');
  });

  test('a run of before layers were named in the update goes on: its training step is the same but for names', async () => {
    const run = openRun(nodeFileSystem, folder);
    const { program } = await prepareStep(smallRecipe(), plan);
    const programHash = hashProgram(withOneUpdateScope(program));
    expect(programHash).not.toBe(run.manifest.programHash);
    // As that version wrote it.
    expect(programHash).toBe('cfce49682335f73889df545049919f7ead7f0666d4df86513ff4264296f3d7c3');
    const earlierFingerprints = [fingerprintsOf(run.manifest)];
    run.update({ ...run.manifest, programHash, earlierFingerprints });
    await resumeRun({ ...options, folder });
    expect(checkpointBytes(folder, 8)).toEqual(checkpointBytes(join(root, 'whole'), 8));
  });

  test('another seed is refused by name', async () => {
    expect((await refusal({ seed: 6 })).message).toContain('seed: found 6, expected 5');
  });

  test('a recipe that was changed in place is refused, by what changed', async () => {
    const model = { recipe: smallRecipe({ mlp: 'gelu' }), file: null };
    expect((await refusal({ recipe: model })).message).toMatch(/recipe: the parameter \S+gate is gone/);
    const optimizer = { recipe: smallRecipe({ learningRate: 0.004 }), file: null };
    expect((await refusal({ recipe: optimizer })).message).toContain(
      'recipe: optimizer.groups.1.learningRate is 0.004, expected 0.003',
    );
  });

  test('what is allowed goes on, and the log says so', async () => {
    const changed = otherDataset('allowed', { text: (text) => text.replace('1801', '1802') });
    await resumeRun({ ...options, folder, datasets: changed, seed: 9, allow: ['dataset', 'seed'] });
    const run = openRun(nodeFileSystem, folder);
    const warnings = run.events().flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toEqual([
      expect.stringContaining('goes on with another dataset, as allowed'),
      expect.stringContaining('goes on with another seed, as allowed: found 9, expected 5'),
    ]);
    expect(run.manifest).toMatchObject({ status: 'finished', seed: 9 });
  });

  test('an allowance for one thing is none for another', async () => {
    expect((await refusal({ seed: 9, allow: ['dataset'] })).message).toContain('seed:');
  });

  test('what changes nothing is accepted: another folder of the same dataset', async () => {
    cpSync(join(root, 'speeches'), join(root, `moved-${numCopies}`), { recursive: true });
    const moved = { dataset: openDataset(nodeFileSystem, join(root, `moved-${numCopies}`)), weight: 3 };
    opened.push(moved);
    await resumeRun({ ...options, folder, datasets: [moved, datasets[1] as RunDataset] });
    expect(checkpointBytes(folder, 8)).toEqual(checkpointBytes(join(root, 'whole'), 8));
  });
});

test('a refused resume changes nothing', async () => {
  const before = nodeFileSystem.readFile(`${folder}/run.json`);
  const log = nodeFileSystem.readFile(`${folder}/events.jsonl`);
  await refusal({ seed: 6 });
  expect(nodeFileSystem.readFile(`${folder}/run.json`)).toEqual(before);
  expect(nodeFileSystem.readFile(`${folder}/events.jsonl`)).toEqual(log);
});

test('a run that is finished says so', async () => {
  const error = await resumeRun({ ...options, folder: join(root, 'whole') }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'usage',
    message: expect.stringContaining('is finished: it took 8 steps and reached'),
  });
});

test('a run that is at work is not resumed by another', async () => {
  const lock = lockRun(folder);
  expect((await refusal({})).code).toBe('locked');
  lock.release();
  expect((await resumeRun({ ...options, folder })).step).toBe(8);
});

test('a clock that was set back does not matter: the checkpoint of the highest step is taken', async () => {
  const past = new Date(Date.now() - 3_600_000);
  const newest = openRun(nodeFileSystem, folder).checkpoints().at(-1) ?? 0;
  for (const file of nodeFileSystem.list(`${folder}/checkpoints/step-0000000${newest}`)) {
    utimesSync(`${folder}/checkpoints/step-0000000${newest}/${file}`, past, past);
  }
  await resumeRun({ ...options, folder, now: () => past });
  const resumed = openRun(nodeFileSystem, folder)
    .events()
    .find(({ type }) => type === 'resumed');
  expect(resumed).toEqual({ type: 'resumed', step: 5 });
  expect(checkpointBytes(folder, 8)).toEqual(checkpointBytes(join(root, 'whole'), 8));
});

test('a broken newest checkpoint is told of, and the one before leads to the same weights', async () => {
  const path = `${folder}/checkpoints/step-00000005/model.safetensors`;
  const bytes = Uint8Array.from(nodeFileSystem.readFile(path));
  bytes[bytes.length - 9] = (bytes[bytes.length - 9] as number) ^ 4;
  const file = nodeFileSystem.open(path, 'write');
  file.write(bytes);
  file.close();
  await resumeRun({ ...options, folder });
  const events = openRun(nodeFileSystem, folder).events();
  expect(events).toContainEqual({ type: 'resumed', step: 4 });
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'warning',
      step: 4,
      message: expect.stringContaining('the checkpoint of step 5 cannot be used'),
    }),
  );
  expect(checkpointBytes(folder, 8)).toEqual(checkpointBytes(join(root, 'whole'), 8));
});
