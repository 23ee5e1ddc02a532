import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { present } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { changedFiles, openBundle, pullBundle } from '../../src/export/index.ts';
import { acceleratorNamed } from '../../src/theory/index.ts';
import { lockRun, openRun, type ReceivedRun, resumeRun, verifyRun } from '../../src/training/index.ts';

import { checkpointBytes, smallRun } from '../training/support/small-training.ts';
import { expectRefused } from './support/refusal.ts';
import { type BundleRoom, bundledPlan, bundleRoom, plainLaunch, smallBundle } from './support/small-bundle.ts';

let room: BundleRoom;
const launch = { ...plainLaunch, device: acceleratorNamed('l4') };
/** A bundle as it was written, one that was stopped after step 5, and one that is finished, without a verdict as the runner leaves it. */
let [fresh, stopped, finished] = ['', '', ''];
/** A copy to be changed. */
let bundle: string;

beforeAll(async () => {
  room = bundleRoom();
  fresh = (await smallBundle(room, 'fresh', { launch, areDevicesForetold: true })).folder;
  stopped = `${room.folder}/stopped`;
  cpSync(fresh, stopped, { recursive: true });
  const controller = new AbortController();
  const options = await smallRun(`${stopped}/run`, room.datasets, {
    plan: bundledPlan,
    signal: controller.signal,
    onEvent: (event) => {
      if (event.type === 'step' && event.step === 5) controller.abort('SIGTERM');
    },
  });
  await expectRefused(resumeRun(options), 'interrupted', 'after step 5');
  finished = `${room.folder}/finished`;
  cpSync(stopped, finished, { recursive: true });
  const { signal: _, onEvent: __, ...toTheEnd } = options;
  await resumeRun({ ...toTheEnd, folder: `${finished}/run` });
  const run = openRun(nodeFileSystem, `${finished}/run`);
  const { verdict: ___, ...manifest } = run.manifest;
  run.update(manifest);
  rmSync(`${finished}/run/verdict.json`);
});
afterAll(() => room.close());
beforeEach(() => {
  bundle = `${room.folder}/changed`;
  rmSync(bundle, { recursive: true, force: true });
  rmSync(`${room.folder}/runs`, { recursive: true, force: true });
});

const pull = (from: string, name = 'small'): ReceivedRun =>
  pullBundle({ fs: nodeFileSystem, bundle: openBundle(nodeFileSystem, from), folder: `${room.folder}/runs/${name}` });
const names = () => readdirSync(`${room.folder}/runs`);

describe('pull', () => {
  test('takes a finished run over, judges its forecast, and leaves the bundle as it was', () => {
    writeFileSync(
      `${finished}/outcome.json`,
      JSON.stringify({
        format: 'groundwork-outcome',
        version: 1,
        peakMemoryBytes: 123456789,
        device: 'NVIDIA L4',
        numDevices: 1,
        numProcesses: 1,
      }),
    );
    const { run, result, step, isUpdate, notes } = pull(finished, 'mine');
    expect({ step, isUpdate, notes }).toEqual({ step: 8, isUpdate: false, notes: [] });
    expect(run.manifest).toMatchObject({ name: 'mine', status: 'finished' });
    expect(verifyRun(nodeFileSystem, run.folder)).toEqual([]);
    expect(result?.verdict?.forecastSha256).toBe(run.manifest.forecast?.sha256);
    expect(result?.verdict?.judgements).toContainEqual(
      expect.objectContaining({ quantity: 'peakMemoryBytes', actual: 123456789 }),
    );
    expect(result).toMatchObject({ step: 8, numDocuments: 10, numTokens: run.manifest.result?.tokens });
    expect(result?.loss).toBeGreaterThan(0);
    expect(existsSync(`${finished}/run/verdict.json`)).toBe(false);
    expect(checkpointBytes(run.folder, 8)).toEqual(checkpointBytes(`${finished}/run`, 8));
  });

  test('says where time and memory were foretold for other devices than trained it, and leaves them out', () => {
    const bundle = openBundle(nodeFileSystem, finished);
    const outcome = present(bundle.outcome, 'an outcome');
    expect(outcome.peakMemoryBytes).toBe(123456789);
    const { manifest } = bundle;
    for (const other of [
      { manifest: { ...manifest, devices: { ...manifest.devices, areForetold: false } } },
      { outcome: { ...outcome, device: 'cpu' } },
      { outcome: { ...outcome, device: 'NVIDIA A100-SXM4-80GB' } },
      { outcome: { ...outcome, numDevices: 4 } },
    ]) {
      rmSync(`${room.folder}/runs`, { recursive: true, force: true });
      const { result, notes } = pullBundle({
        fs: nodeFileSystem,
        bundle: { ...bundle, ...other },
        folder: `${room.folder}/runs/small`,
      });
      expect(notes).toEqual([expect.stringContaining('the forecasts of time and memory are not of the devices')]);
      expect(result?.verdict?.judgements).toEqual([]);
    }
  });

  test('takes an unfinished run over, with which this machine goes on to the same weights', async () => {
    const { run, result, step } = pull(stopped);
    expect({ step, result }).toEqual({ step: 5, result: undefined });
    expect(run.manifest.status).toBe('stopped');
    await resumeRun(await smallRun(run.folder, room.datasets, { plan: bundledPlan }));
    expect(checkpointBytes(run.folder, 8)).toEqual(checkpointBytes(`${finished}/run`, 8));
  });

  test('tells a run that was killed at work as stopped: nothing is at work on a copy', () => {
    cpSync(stopped, bundle, { recursive: true });
    const there = openRun(nodeFileSystem, `${bundle}/run`);
    there.update({ ...there.manifest, status: 'running' });
    writeFileSync(`${bundle}/run/run.lock`, '{"process":1,"startedAt":null,"machine":"elsewhere","token":"x"}\n');
    expect(pull(bundle).run.manifest.status).toBe('stopped');
    expect(readdirSync(`${room.folder}/runs/small`)).not.toContain('run.lock');
  });

  test('again lets the same run take the place of what it was before', () => {
    expect(pull(fresh).isUpdate).toBe(false);
    expect(pull(stopped)).toMatchObject({ isUpdate: true, step: 5 });
    expect(pull(finished)).toMatchObject({ isUpdate: true, step: 8 });
    expect(openRun(nodeFileSystem, `${room.folder}/runs/small`).manifest.status).toBe('finished');
    expect(names()).toEqual(['small']);
  });

  test('takes the place of nothing else', async () => {
    pull(stopped);
    await expectRefused(() => pull(fresh), 'file-access', 'it has gone further there: 5 steps, not 0');
    const lock = lockRun(`${room.folder}/runs/small`);
    await expectRefused(() => pull(finished), 'locked', 'in use');
    lock.release();
    pull(finished);
    await expectRefused(() => pull(finished), 'file-access', 'it is finished there');
    const other = await smallBundle(room, `other-${Date.now()}`, { run: { seed: 6 } });
    await expectRefused(() => pull(other.folder), 'file-access', 'holds another run');
    expect(names()).toEqual(['small']);
  });

  test('removes no steps that were made here after the first pull, even where the bundle has gone further', async () => {
    const { run } = pull(stopped);
    const controller = new AbortController();
    const here = await smallRun(run.folder, room.datasets, {
      plan: bundledPlan,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'step' && event.step === 6) controller.abort('SIGTERM');
      },
    });
    await expectRefused(resumeRun(here), 'interrupted', 'after step 6');
    await expectRefused(() => pull(finished), 'file-access', 'its step 6 is not the one that was pulled');
    expect(openRun(nodeFileSystem, run.folder).checkpoints().at(-1)).toBe(6);
    expect(pull(finished, 'both').step).toBe(8);
    lockRun(run.folder).release();
  });

  test('replaces nothing that another process put in its place in the meantime', async () => {
    const place = `${room.folder}/runs/small`;
    const fs = {
      ...nodeFileSystem,
      remove: (path: string) => {
        nodeFileSystem.remove(path);
        if (!existsSync(place)) cpSync(`${stopped}/run`, place, { recursive: true });
      },
    };
    const from = openBundle(nodeFileSystem, finished);
    await expectRefused(() => pullBundle({ fs, bundle: from, folder: place }), 'file-access', 'by another process');
    expect(openRun(nodeFileSystem, place).checkpoints().at(-1)).toBe(5);
    expect(names()).toEqual(['small']);
  });

  test('refuses folders that are no bundles', async () => {
    await expectRefused(() => pull(`${room.folder}/none`), 'file-not-found', 'there is no');
    await expectRefused(() => pull(`${room.folder}/speeches`), 'invalid-run', 'holds no bundle');
    await expectRefused(() => pull(`${finished}/run`), 'invalid-run', 'holds no bundle');
  });

  test('refuses a bundle of which anything was changed that the run is judged by', async () => {
    const changes: readonly (readonly [string, (path: string) => void, string])[] = [
      ['bundle.json', edit('"numSteps": 8', '"numSteps": 9'), 'it was changed'],
      ['run/run.json', edit('"seed": 5', '"seed": 6'), 'it was changed'],
      ['run/forecast.json', edit('0', '1'), 'it was changed after it was written'],
      ['run/tokenizer.json', edit('bos', 'boz'), 'the tokenizer'],
      ['run/recipe.json', edit('small', 'large'), 'the recipe'],
      ['run/events.jsonl', edit('"type":"step"', '"type":"leap"'), 'is no event'],
      ['run/checkpoints/step-00000008/model.safetensors', flip, 'SHA-256'],
      ['run/checkpoints/step-00000008/optimizer.safetensors', (path) => rmSync(path), 'no such file'],
      ['run/checkpoints/step-00000008', (path) => rmSync(path, { recursive: true }), 'the checkpoint of the last step'],
      ['run/run.json', (path) => rmSync(path), 'holds no run'],
      ['outcome.json', (path) => writeFileSync(path, '{"peak":1}'), 'cannot be read'],
    ];
    for (const [file, change, message] of changes) {
      rmSync(bundle, { recursive: true, force: true });
      cpSync(finished, bundle, { recursive: true });
      change(`${bundle}/${file}`);
      await expectRefused(() => pull(bundle), 'invalid-run', message);
      expect(existsSync(`${room.folder}/runs`) ? names() : []).toEqual([]);
    }
  });

  test('refuses a run that is not the one that was bundled', async () => {
    cpSync(finished, bundle, { recursive: true });
    rmSync(`${bundle}/run`, { recursive: true });
    const other = await smallBundle(room, 'another', { run: { seed: 7 } });
    renameSync(`${other.folder}/run`, `${bundle}/run`);
    await expectRefused(() => pull(bundle), 'invalid-run', 'another run than it was made with: its ');
  });

  test('names files that trained and are not as they were written', () => {
    cpSync(finished, bundle, { recursive: true });
    expect(changedFiles(nodeFileSystem, openBundle(nodeFileSystem, bundle))).toEqual([]);
    flip(`${bundle}/step.py`);
    rmSync(`${bundle}/rows/0.bin`);
    expect(changedFiles(nodeFileSystem, openBundle(nodeFileSystem, bundle))).toEqual(['rows/0.bin', 'step.py']);
  });

  test('leaves things as they were where it fails at the last moment', () => {
    const fs = {
      ...nodeFileSystem,
      rename: (from: string, to: string) => {
        if (to.endsWith('/runs/small') && from.includes('.pulled')) throw new Error('the disk fails');
        nodeFileSystem.rename(from, to);
      },
    };
    const from = openBundle(nodeFileSystem, finished);
    expect(() => pullBundle({ fs, bundle: from, folder: `${room.folder}/runs/small` })).toThrow('the disk fails');
    expect(names()).toEqual([]);
    pull(stopped);
    expect(() => pullBundle({ fs, bundle: from, folder: `${room.folder}/runs/small` })).toThrow('the disk fails');
    expect(names()).toEqual(['small']);
    expect(openRun(nodeFileSystem, `${room.folder}/runs/small`).checkpoints()).toEqual([3, 5]);
    pull(finished);
  });
});

function edit(from: string, to: string): (path: string) => void {
  return (path) => {
    const text = readFileSync(path, 'utf8');
    expect(text, path).toContain(from);
    writeFileSync(path, text.replace(from, to));
  };
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length - 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
