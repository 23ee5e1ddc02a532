import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GroundworkError } from '../../../src/core/index.ts';
import { nodeFileSystem, takeLock } from '../../../src/core/node.ts';
import { type Dataset, openDataset } from '../../../src/data/index.ts';
import { onnxEngine } from '../../../src/engine/index.ts';
import { ladderRecordSchema } from '../../../src/theory/index.ts';
import {
  type LadderState,
  ladderRecord,
  ladderRecordText,
  parseLadderRecord,
  type RunLadderOptions,
  readLadder,
  runLadder,
} from '../../../src/training/index.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { smallRecipe, writeTexts } from '../support/small-training.ts';
import { smallLadder, smallOptions, smallRequest } from './small-ladder.ts';

let root: string;
let dataset: Dataset;
let options: RunLadderOptions;
/** A ladder that was never stopped. */
let whole: LadderState;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'ladder-'));
  writeTexts(nodeFileSystem, join(root, 'speeches'));
  dataset = openDataset(nodeFileSystem, join(root, 'speeches'));
  options = await smallOptions(join(root, 'whole'), dataset, { engine: await onnxEngine('cpu', { numThreads: 1 }) });
  whole = await runLadder(options);
});
afterAll(() => {
  dataset.close();
  rmSync(root, { recursive: true });
});

let folder: string;
let numFolders = 0;
beforeEach(() => {
  numFolders += 1;
  folder = join(root, `ladder-${numFolders}`);
});

const copyWhole = (): void => cpSync(options.folder, folder, { recursive: true });

const timeless = ({ points, name: _, ...state }: LadderState) => ({
  ...state,
  points: points.map((point) => ({ ...point, durationMs: 0 })),
});

async function refusal(changes: Partial<RunLadderOptions>): Promise<GroundworkError> {
  const error = await runLadder({ ...options, folder, ...changes }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GroundworkError);
  return error as GroundworkError;
}

/** Runs until so many points are there, or so many steps are done, then stops. */
async function stopAfter(wanted: { readonly points?: number; readonly steps?: number }): Promise<GroundworkError> {
  const controller = new AbortController();
  let numSteps = 0;
  return refusal({
    signal: controller.signal,
    onPoint: (_, { points }) => {
      if (points.length === wanted.points) controller.abort('SIGINT');
    },
    onProgress: ({ activity }) => {
      if (activity === 'training') numSteps += 1;
      if (numSteps === wanted.steps) controller.abort('SIGINT');
    },
  });
}

describe('a ladder', () => {
  test('has a point for each length of each trunk, all measured on the same documents', () => {
    expect(whole.points).toHaveLength(5);
    expect(new Set(whole.points.map(({ numDocuments }) => numDocuments))).toEqual(new Set([10]));
    const [first] = whole.points;
    const other = whole.points.find(({ rung, seed }) => rung === first?.rung && seed !== first?.seed);
    expect(first?.rung).toBe('1x16, 15 steps of 32 tokens');
    expect(other).toBeUndefined();
    const replicates = whole.points.filter(({ rung }) => rung === '1x16, 20 steps of 32 tokens');
    expect(replicates.map(({ seed }) => seed)).toEqual([0, 1]);
    expect(replicates[0]?.bitsPerByte).not.toBe(replicates[1]?.bitsPerByte);
  });

  test.runIf(runsEverything).each([1, 2, 3, 4])(
    'that was stopped after point %i goes on to the same points',
    async (points) => {
      const error = await stopAfter({ points });
      expect(error).toMatchObject({ code: 'interrupted', exitCode: 7 });
      expect(error.message).toBe(`the ladder was stopped; ${points} of 5 points are kept in ${folder}`);
      expect(readLadder(nodeFileSystem, folder).points).toHaveLength(points);
      expect(timeless(await runLadder({ ...options, folder }))).toEqual(timeless(whole));
    },
  );

  // The second cool-down is that of steps 19 to 26.
  test('that was stopped in the middle of a cool-down goes on to the same points', async () => {
    const error = await stopAfter({ steps: 20 });
    expect(error).toMatchObject({ code: 'interrupted', exitCode: 7 });
    expect(readLadder(nodeFileSystem, folder).points).toHaveLength(1);
    expect(timeless(await runLadder({ ...options, folder }))).toEqual(timeless(whole));
  });

  test('that is complete trains nothing more', async () => {
    let numSteps = 0;
    const onProgress = () => {
      numSteps += 1;
    };
    const again = await runLadder({ ...options, onProgress });
    expect(again).toEqual(whole);
    expect(numSteps).toBe(0);
  });

  test('whose training diverges keeps the reason in place of the point, and does not try again', async () => {
    const { poisoned } = await import('../support/small-training.ts');
    let numRuns = 0;
    const engine = poisoned(options.engine, () => (++numRuns <= 12 ? undefined : Number.NaN));
    const state = await runLadder({ ...options, folder, engine });
    expect(state.points).toHaveLength(0);
    expect(state.failures).toHaveLength(5);
    expect(state.failures[0]?.reason).toContain('not finite');
    expect(await runLadder({ ...options, folder })).toEqual(state);
    expect(() => ladderRecord(state, dataset)).toThrow(/has no trained point/);
  });
});

describe('a ladder is refused', () => {
  test('with another recipe, by name', async () => {
    copyWhole();
    const changed = { recipe: smallRecipe({ learningRate: 0.004 }), file: null };
    const error = await refusal({ recipe: changed });
    expect(error).toMatchObject({
      code: 'run-mismatch',
      message: expect.stringContaining('recipe: small is not what it was'),
    });
    expect(error.hint).toContain('--out FOLDER');
  });

  test('with another dataset, by fingerprint', async () => {
    copyWhole();
    writeTexts(nodeFileSystem, join(root, 'others'), { seed: 7 });
    const other = openDataset(nodeFileSystem, join(root, 'others'));
    const error = await refusal({ dataset: other });
    other.close();
    expect(error.message).toMatch(/dataset: speeches has fingerprint [0-9a-f]{12}, expected [0-9a-f]{12}/);
  });

  test('with another plan, by what was asked for', async () => {
    copyWhole();
    const error = await refusal({ request: { ...smallRequest, numRungs: 3 } });
    expect(error.message).toContain('plan: found 3 rungs from 1000000 to 4000000 FLOPs with 1 seeds, expected 2 rungs');
  });

  test('while another process is at work on it', async () => {
    copyWhole();
    const release = takeLock(`${folder}/ladder.lock`, 'it');
    const error = await refusal({});
    release();
    expect(error.code).toBe('locked');
  });

  test('where its file was changed or cut off', async () => {
    copyWhole();
    const text = readFileSync(`${folder}/ladder.json`, 'utf8');
    writeFileSync(`${folder}/ladder.json`, text.replace('"numSteps": 15', '"numSteps": 16'));
    const changed = await refusal({});
    expect(changed).toMatchObject({ code: 'invalid-run', message: expect.stringContaining('it was changed') });
    writeFileSync(`${folder}/ladder.json`, text.slice(0, 300));
    expect((await refusal({})).code).toBe('invalid-run');
  });

  test('where there is none to read', () => {
    expect(() => readLadder(nodeFileSystem, folder)).toThrow(/there is no ladder in/);
  });
});

describe('the record of a ladder', () => {
  test('is read as it was written, one line for each point', () => {
    const record = ladderRecord(whole, dataset);
    const text = ladderRecordText(record);
    expect(parseLadderRecord(text, 'it')).toEqual(record);
    expect(ladderRecordSchema.parse(JSON.parse(text))).toEqual(record);
    expect(text.split('\n').filter((line) => line.includes('"rung"'))).toHaveLength(5);
    expect(text.endsWith('\n}\n')).toBe(true);
  });

  test('says what was measured under which conditions', () => {
    const { corpus, recipe, points } = ladderRecord(whole, dataset);
    expect(corpus).toMatchObject({ name: 'speeches', numValidationDocuments: 10, vocabularySize: 257 });
    expect(corpus.uniqueTokens).toBe(dataset.train.numTokens);
    expect(recipe.name).toBe('small');
    for (const point of points) {
      const nats = point.bitsPerByte * Math.LN2 * corpus.validationBytes;
      expect(point.loss * corpus.validationTokens).toBeCloseTo(nats, 3);
    }
  });

  test('is refused where it is none, with what is wrong', () => {
    expect(() => parseLadderRecord('{', 'laws/x.json')).toThrow(/laws\/x.json is not the record of a ladder/);
    expect(() => parseLadderRecord('{"format":"groundwork-ladder"}', 'laws/x.json')).toThrow(/version/);
  });

  test('does not depend on the order in which points came', () => {
    const reversed = { ...whole, points: [...whole.points].reverse() };
    expect(ladderRecordText(ladderRecord(reversed, dataset))).toBe(ladderRecordText(ladderRecord(whole, dataset)));
  });

  test('keeps a plan that says what comes of it', () => {
    expect(whole.plan).toEqual(smallLadder);
  });
});
