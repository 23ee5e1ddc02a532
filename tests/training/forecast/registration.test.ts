import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../src/core/index.ts';
import { nodeFileSystem as fs } from '../../../src/core/node.ts';
import { hashProgram } from '../../../src/tensor/index.ts';
import { type Forecast, forecastSchema, verdictSchema } from '../../../src/theory/index.ts';
import {
  openRun,
  type RunDataset,
  readForecast,
  readVerdict,
  recipeFingerprint,
  resumeRun,
  type StartRunOptions,
  startRun,
  verifyRun,
} from '../../../src/training/index.ts';
import { prepareStep } from '../../../src/training/prepared-step.ts';
import { createRun } from '../../../src/training/run/run-folder.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { Crash, faultingFileSystem } from '../../support/faulting-file-system.ts';
import { syntheticLadder } from '../../theory/forecasting/synthetic-ladder.ts';
import { smallManifest, unflushedFileSystem } from '../run/small-run.ts';
import { closeDatasets, quickPlan, smallDatasets, smallRecipe, smallRun } from '../support/small-training.ts';

let root: string;
let datasets: RunDataset[];
let options: StartRunOptions;
const plan = quickPlan({ numSteps: 6, checkpoints: { everySteps: 2 } });
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'registration-'));
  datasets = smallDatasets(root).slice(0, 1);
  const fingerprint = datasets[0]?.dataset.manifest.fingerprint ?? '';
  const record = syntheticLadder({ fingerprint, recipeSha256: recipeFingerprint(smallRecipe()) });
  options = await smallRun(join(root, 'whole'), datasets, { plan, laws: { records: [record], problems: [] } });
});
afterAll(() => {
  closeDatasets(datasets);
  rmSync(root, { recursive: true });
});

const path = (folder: string, file: string) => join(root, folder, file);
const textOf = (folder: string, file: string) => readFileSync(path(folder, file), 'utf8');

describe('the forecast of a run', () => {
  let told: Forecast | undefined;
  /** What lay in the folder when the first step began. */
  let atFirstStep: string | undefined;
  let verdictAtFirstStep: boolean | undefined;
  let verdict: Awaited<ReturnType<typeof startRun>>['verdict'];
  beforeAll(async () => {
    const result = await startRun({
      ...options,
      onForecast: (forecast) => {
        told = forecast;
        expect(existsSync(path('whole', 'events.jsonl'))).toBe(false);
      },
      onEvent: (event) => {
        if (event.type !== 'started') return;
        atFirstStep = textOf('whole', 'forecast.json');
        verdictAtFirstStep = existsSync(path('whole', 'verdict.json'));
      },
    });
    verdict = result.verdict;
  });

  test('is written before the first step and never changed, its hash is in run.json, and its caller is told', async () => {
    const text = textOf('whole', 'forecast.json');
    expect(atFirstStep).toBe(text);
    expect(verdictAtFirstStep).toBe(false);
    expect(forecastSchema.parse(JSON.parse(text))).toEqual(told);
    const { manifest } = openRun(fs, options.folder);
    expect(manifest.forecast).toEqual({ sha256: sha256Hex(text) });
    const { program } = await prepareStep(options.recipe.recipe, plan);
    expect(told?.subject).toMatchObject({ numSteps: 6, programHash: hashProgram(program) });
    expect(told?.basis?.ladder).toBe('baseline-presidents');
  });

  test('is judged at the end: bits per byte, time and memory, by what the run came to', () => {
    const { manifest } = openRun(fs, options.folder);
    const text = textOf('whole', 'verdict.json');
    expect(verdictSchema.parse(JSON.parse(text))).toEqual(verdict);
    expect(manifest.verdict).toEqual({ sha256: sha256Hex(text) });
    expect(verdict?.forecastSha256).toBe(manifest.forecast?.sha256);
    const actual = (quantity: string) => verdict?.judgements.find((one) => one.quantity === quantity)?.actual;
    expect(actual('bitsPerByte')).toBe(manifest.result?.bitsPerByte);
    expect(actual('durationMs')).toBe(manifest.result?.durationMs);
    expect(actual('peakMemoryBytes')).toBeGreaterThan(0);
    expect(verifyRun(fs, options.folder)).toEqual([]);
  });

  test('is compared with its hash: one that is edited after the fact is named, as is one that is gone', () => {
    const [forecast, judged] = ['forecast.json', 'verdict.json'].map((file) => textOf('whole', file)) as [
      string,
      string,
    ];
    const problems = () => verifyRun(fs, options.folder);
    try {
      writeFileSync(path('whole', 'forecast.json'), forecast.replace('"numSteps": 6', '"numSteps": 7'));
      expect(problems()).toMatchObject([{ file: 'forecast.json', found: expect.stringContaining('it was changed') }]);
      rmSync(path('whole', 'forecast.json'));
      expect(problems()).toMatchObject([{ file: 'forecast.json', found: 'no such file' }]);
      writeFileSync(path('whole', 'forecast.json'), forecast);
      writeFileSync(path('whole', 'verdict.json'), '{');
      expect(problems()).toMatchObject([{ file: 'verdict.json' }]);
    } finally {
      writeFileSync(path('whole', 'forecast.json'), forecast);
      writeFileSync(path('whole', 'verdict.json'), judged);
    }
  });
});

/** Runs until some steps are done, and stops there. */
async function stopped(folder: string, step: number): Promise<StartRunOptions> {
  const controller = new AbortController();
  const begun = { ...options, folder: join(root, folder) };
  const onEvent: StartRunOptions['onEvent'] = (event) => {
    if (event.type === 'step' && event.step === step) controller.abort('SIGINT');
  };
  await expect(startRun({ ...begun, onEvent, signal: controller.signal })).rejects.toMatchObject({
    code: 'interrupted',
  });
  return begun;
}

describe('a run that is stopped', () => {
  test('has its forecast and no verdict yet; resumed, it is judged by the forecast that it began with', async () => {
    const begun = await stopped('stopped', 3);
    const before = textOf('stopped', 'forecast.json');
    expect(openRun(fs, begun.folder).manifest.verdict).toBeUndefined();
    expect(readVerdict(fs, begun.folder, openRun(fs, begun.folder).manifest)).toBeUndefined();
    expect(existsSync(path('stopped', 'verdict.json'))).toBe(false);
    expect(verifyRun(fs, begun.folder)).toEqual([]);
    // Other laws by now: what was registered stands.
    const { verdict } = await resumeRun({ ...begun, laws: { records: [], problems: [] } } as StartRunOptions);
    expect(textOf('stopped', 'forecast.json')).toBe(before);
    expect(verdict?.judgements.map(({ quantity }) => quantity)).toEqual([
      'bitsPerByte',
      'durationMs',
      'peakMemoryBytes',
    ]);
    expect(verifyRun(fs, begun.folder)).toEqual([]);
  });

  test('and whose forecast was changed meanwhile trains to its end, says why there is no verdict, and is named by verify', async () => {
    const begun = await stopped('changed', 3);
    writeFileSync(path('changed', 'forecast.json'), `${textOf('changed', 'forecast.json')} `);
    const { verdict, step } = await resumeRun(begun);
    expect([verdict, step]).toEqual([undefined, 6]);
    const run = openRun(fs, begun.folder);
    expect(run.manifest.status).toBe('finished');
    expect(run.events()).toContainEqual(
      expect.objectContaining({
        type: 'warning',
        message: expect.stringMatching(/there is no verdict on the forecast: forecast\.json/),
      }),
    );
    expect(verifyRun(fs, begun.folder)).toMatchObject([{ file: 'forecast.json' }]);
  });
});

describe('a run without a forecast', () => {
  test('of before there were any is opened, verified and has none', () => {
    const folder = join(temporaryFolder(), 'small');
    createRun(unflushedFileSystem, folder, smallManifest()).lock.release();
    expect(readForecast(fs, folder, openRun(fs, folder).manifest)).toBeUndefined();
    expect(verifyRun(fs, folder)).toEqual([]);
  });

  test('never is one of those that have one: a making that is killed at any call leaves both or no run', () => {
    const text = '{"any":"text"}\n';
    const manifest = smallManifest({ forecast: { sha256: sha256Hex(text) } });
    const counter = faultingFileSystem(unflushedFileSystem, Number.POSITIVE_INFINITY, 'crash');
    createRun(counter, join(temporaryFolder(), 'small'), manifest, text).lock.release();
    expect(counter.numCalls()).toBeGreaterThan(8);
    for (let k = 1; k <= counter.numCalls(); k++) {
      const folder = join(temporaryFolder(), 'small');
      const dying = faultingFileSystem(unflushedFileSystem, k, 'crash');
      expect(() => createRun(dying, folder, manifest, text)).toThrow(Crash);
      if (existsSync(join(folder, 'run.json'))) expect(readFileSync(join(folder, 'forecast.json'), 'utf8')).toBe(text);
      else createRun(fs, folder, manifest, text).lock.release();
      expect(openRun(fs, folder).manifest).toEqual(manifest);
    }
  });
});
