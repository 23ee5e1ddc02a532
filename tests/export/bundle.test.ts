import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../src/core/node.ts';
import { batches, verifyDataset } from '../../src/data/index.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import { openEvaluator } from '../../src/evaluation/index.ts';
import { openBundle, type WrittenBundle } from '../../src/export/index.ts';
import { initialize, traceLosses } from '../../src/recipe/index.ts';
import { acceleratorNamed } from '../../src/theory/index.ts';
import {
  copyRun,
  makeRun,
  type NewRunOptions,
  openRun,
  resumeRun,
  startRun,
  verifyRun,
} from '../../src/training/index.ts';
import { checkpointBytes, smallRecipe, smallRun } from '../training/support/small-training.ts';
import { expectRefused } from './support/refusal.ts';
import {
  type BundleRoom,
  bundledPlan,
  bundleRoom,
  newSmallRun,
  plainLaunch,
  smallBundle,
} from './support/small-bundle.ts';

let room: BundleRoom;
let written: WrittenBundle;
beforeAll(async () => {
  room = bundleRoom();
  written = await smallBundle(room, 'first');
});
afterAll(() => room.close());

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
const arrayOf = <T>(path: string, make: (buffer: ArrayBuffer) => T): T => {
  const bytes = readFileSync(path);
  return make(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer);
};

describe('a bundle', () => {
  test('holds all that its manifest lists, and a run that waits at step 0', () => {
    const { folder, manifest } = written;
    expect(openBundle(nodeFileSystem, folder).manifest).toEqual(manifest);
    expect(manifest.files.map(({ path }) => path)).toEqual(
      filesUnder(folder).filter((path) => /\.(py|bin)$/.test(path)),
    );
    // What a cluster may need otherwise can be changed.
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining(['README.md', 'run.sbatch', 'jobset.yaml', 'skypilot.yaml', 'requirements.txt']),
    );
    const { sizeBytes, parts } = written;
    expect(parts.reduce((sum, part) => sum + part.sizeBytes, 0)).toBe(sizeBytes);
    expect(filesUnder(folder).reduce((sum, path) => sum + statSync(join(folder, path)).size, 0)).toBe(sizeBytes);
    expect(verifyRun(nodeFileSystem, `${folder}/run`)).toEqual([]);
    const run = openRun(nodeFileSystem, `${folder}/run`);
    expect(run.manifest).toMatchObject({ name: 'small', status: 'stopped', numSteps: 8 });
    expect(run.checkpoints()).toEqual([0]);
    expect(run.events().map(({ type }) => type)).toEqual(['started', 'checkpoint']);
    expect(manifest.run).toMatchObject({ step: 0, forecastSha256: run.manifest.forecast?.sha256 });
  });

  test('is the same, byte for byte, when it is written again', async () => {
    const again = await smallBundle(room, 'again');
    const paths = filesUnder(written.folder);
    expect(filesUnder(again.folder)).toEqual(paths);
    const differing = paths.filter(
      (path) => !readFileSync(join(again.folder, path)).equals(readFileSync(join(written.folder, path))),
    );
    // The forecast says when it was registered.
    expect(differing.filter((path) => !/^(bundle|run\/run|run\/forecast)\.json$/.test(path))).toEqual([]);
  });

  test('holds the datasets whole, or says where they lie', async () => {
    for (const { folder } of written.manifest.datasets) {
      expect(verifyDataset(nodeFileSystem, `${written.folder}/${folder}`, { deep: true })).toEqual([]);
    }
    const elsewhere = await smallBundle(room, 'elsewhere', { dataLocation: room.folder });
    expect(elsewhere.manifest.datasets.map(({ folder }) => folder)).toEqual([
      `${room.folder}/speeches`,
      `${room.folder}/letters`,
    ]);
    expect(existsSync(`${elsewhere.folder}/data`)).toBe(false);
    expect(elsewhere.sizeBytes).toBeLessThan(written.sizeBytes);
    await expectRefused(smallBundle(room, 'nowhere', { dataLocation: 'data' }), 'usage', 'expected an absolute path');
    cpSync(`${room.folder}/letters`, `${room.folder}/moved/speeches`, { recursive: true });
    await expectRefused(
      smallBundle(room, 'nowhere', { dataLocation: `${room.folder}/moved` }),
      'dataset-mismatch',
      'another dataset than speeches',
    );
    expect(existsSync(`${room.folder}/nowhere`)).toBe(false);
  });

  test('says of the batches what the batches of the run are', () => {
    const { manifest, folder } = written;
    const sources = room.datasets;
    const { batchSize, contextLength, packing } = bundledPlan.batch;
    const all = batches({ sources, batchSize, contextLength, packing, seed: 5 });
    expect(manifest.fingerprints.batches).toBe(all.fingerprint);
    expect(manifest.datasets.map(({ rowsPerBlock }) => rowsPerBlock)).toEqual([768, 256]);
    manifest.datasets.forEach(({ rows, numRows, numTokens, shards }, i) => {
      const plan = all.sources[i]?.plan;
      expect(rows).toMatchObject({ numRows, numPieces: plan?.lengths.length });
      const P = rows?.numPieces ?? 0;
      const path = `${folder}/${rows?.file.path}`;
      expect(arrayOf(path, (bytes) => Array.from(new BigUint64Array(bytes, 0, P), Number))).toEqual([
        ...(plan?.starts ?? []),
      ]);
      expect(arrayOf(path, (bytes) => new Uint32Array(bytes, 8 * P, P))).toEqual(plan?.lengths);
      expect(arrayOf(path, (bytes) => new Uint32Array(bytes, 12 * P))).toEqual(plan?.firstPiece);
      expect(shards.reduce((sum, shard) => sum + shard.numTokens, 0)).toBe(numTokens);
    });
  });

  test('carries the rows that an evaluation reads: the same bits per byte follow from them', async () => {
    const { manifest, folder } = written;
    const { evaluation } = manifest;
    expect(evaluation.final).toMatchObject({ numDocuments: 10 });
    expect(evaluation.onTheWay).toMatchObject({ numDocuments: 4 });
    const model = smallRecipe().model(bundledPlan.size);
    const parameters = initialize(model, 5);
    const engine = await onnxEngine('cpu', { numThreads: 1 });
    const { contextLength } = bundledPlan.size;
    const evaluator = await openEvaluator(engine, model, {
      dataset: (room.datasets[0] as (typeof room.datasets)[0]).dataset,
      batchSize: 3,
      contextLength,
    });
    await evaluator.load(parameters);
    const session = await engine.load(traceLosses(model, { batchSize: evaluation.batchSize, contextLength }));
    for (const [name, values] of parameters) await session.set(name, values);
    for (const rows of [evaluation.final, evaluation.onTheWay]) {
      if (rows === null) throw new Error('there are rows');
      const read = (name: 'tokens' | 'targets' | 'weights') =>
        arrayOf(`${folder}/${rows[name].path}`, (bytes) =>
          name === 'weights' ? new Float32Array(bytes) : new Int32Array(bytes),
        );
      const [tokens, targets, weights] = [read('tokens'), read('targets'), read('weights')];
      expect(tokens.length).toBe(rows.numRows * contextLength);
      expect(weights.filter((weight) => weight === 1).length).toBe(rows.numTokens);
      const step = evaluation.batchSize * contextLength;
      let nats = 0;
      for (let at = 0; at < tokens.length; at += step) {
        const { losses } = await session.run({
          tokens: tokens.slice(at, at + step),
          targets: targets.slice(at, at + step),
        });
        losses?.forEach((loss, i) => {
          nats += (weights[at + i] as number) * loss;
        });
      }
      const { bitsPerByte } = await evaluator.bitsPerByte({ numDocuments: rows.numDocuments });
      expect(nats / (Math.LN2 * rows.numBytes)).toBeCloseTo(bitsPerByte, 6);
    }
    await session.close();
    await evaluator.close();
  });

  test('cuts batches into as many rows as the devices can share out', async () => {
    const cut = bundledPlan.batch;
    const run = { plan: { ...bundledPlan, batch: { ...cut, microBatchSize: 1 } } };
    const launch = { ...plainLaunch, numDevices: 2 };
    const two = await smallBundle(room, 'two', { launch, run, mesh: { data: 2, fsdp: 1, model: 1 } });
    expect(two.manifest.batch.microBatchSize).toBe(2);
    expect(two.manifest.evaluation.batchSize).toBe(2);
    // The run itself stays what it was planned as, so that it can come back.
    expect(openRun(nodeFileSystem, `${two.folder}/run`).manifest.batch.microBatchSize).toBe(1);
    const three = { ...plainLaunch, numDevices: 3 };
    await expectRefused(
      smallBundle(room, 'three', { launch: three }),
      'usage',
      '4 rows cannot be shared out evenly over 3',
    );
    // Micro-batches that were asked for cut the batch evenly, and every group of devices gets as many of their rows.
    const asked = (microBatchSize: number, numDevices: number) =>
      smallBundle(room, 'asked', { microBatchSize, launch: { ...plainLaunch, numDevices } });
    await expectRefused(asked(3, 1), 'usage', 'micro-batches of 3 rows do not divide a batch of 4');
    await expectRefused(asked(2, 4), 'usage', 'micro-batches of 2 rows do not divide a batch of 4 over 4 groups');
  });

  test('has a bucket of its own, whatever other run has its name', async () => {
    const bucketOf = async (name: string, run: Partial<NewRunOptions>) => {
      const { folder } = await smallBundle(room, name, { run });
      return /name: (groundwork-small-[0-9a-f]{8})$/m.exec(readFileSync(`${folder}/skypilot.yaml`, 'utf8'))?.[1];
    };
    const buckets = [
      await bucketOf('bucket', {}),
      await bucketOf('bucket-of-seed', { seed: 6 }),
      await bucketOf('bucket-of-time', { now: () => new Date('2026-11-24T12:00:00Z') }),
    ];
    expect(buckets).not.toContain(undefined);
    expect(new Set(buckets).size).toBe(3);
    expect(await bucketOf('bucket-again', {})).toBe(buckets[0]);
  });

  test('appears as a whole or not at all', async () => {
    mkdirSync(`${room.folder}/taken`);
    writeFileSync(`${room.folder}/taken/notes.txt`, 'mine');
    await expectRefused(smallBundle(room, 'taken'), 'file-access', 'exists already');
    expect(readFileSync(`${room.folder}/taken/notes.txt`, 'utf8')).toBe('mine');
    const fs = {
      ...nodeFileSystem,
      rename: (from: string, to: string) => {
        if (to.endsWith('/bundle.json')) throw new Error('the machine stops');
        nodeFileSystem.rename(from, to);
      },
    };
    await expect(smallBundle(room, 'stopped', { fs })).rejects.toThrow('the machine stops');
    expect(readdirSync(room.folder).filter((name) => name.includes('stopped'))).toEqual([]);
  });

  test('of a dataset with a byte that was changed is refused', async () => {
    const other = bundleRoom();
    try {
      const path = `${other.folder}/letters/train/00000.tokens`;
      const bytes = readFileSync(path);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      await expectRefused(smallBundle(other, 'broken'), 'invalid-dataset', '00000.tokens: found SHA-256');
      expect(existsSync(`${other.folder}/broken`)).toBe(false);
    } finally {
      other.close();
    }
  });
});

describe('the run of a bundle', () => {
  test('trains to the same weights as a run that began here', async () => {
    const here = await smallRun(`${room.folder}/here`, room.datasets, { plan: bundledPlan });
    await startRun(here);
    const there = `${room.folder}/there`;
    cpSync(`${written.folder}/run`, there, { recursive: true });
    await resumeRun({ ...here, folder: there });
    expect(checkpointBytes(there, 8)).toEqual(checkpointBytes(`${room.folder}/here`, 8));
  });

  test('that began here is copied with its newest checkpoint and its log up to that step', async () => {
    const controller = new AbortController();
    const folder = `${room.folder}/begun`;
    const options = await smallRun(folder, room.datasets, {
      plan: bundledPlan,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'step' && event.step === 5) controller.abort('SIGINT');
      },
    });
    await expectRefused(startRun(options), 'interrupted', 'after step 5');
    // The newest checkpoint is broken, so that the log goes on behind the one that is taken.
    writeFileSync(`${folder}/checkpoints/step-00000005/model.safetensors`, 'broken');
    const log = readFileSync(`${folder}/events.jsonl`, 'utf8');
    const recipe = { recipe: smallRecipe(), file: null };
    const putRun = (into: string) => copyRun({ fs: nodeFileSystem, folder, into, recipe, datasets: room.datasets });
    const { manifest, folder: bundle } = await smallBundle(room, 'begun-bundle', { putRun });
    expect(manifest).toMatchObject({ name: 'begun', numSteps: 8, run: { step: 3 } });
    const copy = openRun(nodeFileSystem, `${bundle}/run`);
    expect(copy.manifest.status).toBe('stopped');
    expect(copy.checkpoints()).toEqual([3]);
    expect(checkpointBytes(copy.folder, 3)).toEqual(checkpointBytes(folder, 3));
    const steps = copy.events().flatMap((event) => (event.type === 'step' ? [event.step] : []));
    expect(steps).toEqual([1, 2, 3]);
    expect(verifyRun(nodeFileSystem, copy.folder)).toEqual([]);
    // The run stays as it was.
    expect(openRun(nodeFileSystem, folder).checkpoints()).toEqual([3, 5]);
    expect(readFileSync(`${folder}/events.jsonl`, 'utf8')).toBe(log);
  });

  test('is refused where the device that is named does not hold a step of it', async () => {
    const device = { ...acceleratorNamed('h100'), memoryBytes: 2 ** 28 };
    await expectRefused(
      smallBundle(room, 'crowded', { launch: { ...plainLaunch, device } }),
      'out-of-memory',
      'on each device, found 0.2 GiB',
    );
    expect(existsSync(`${room.folder}/crowded`)).toBe(false);
  });

  test('is refused where its end is still open, since that depends on the machine it began on', async () => {
    const folder = `${room.folder}/timed`;
    const plan = { ...bundledPlan, expected: { ...bundledPlan.expected, limitMs: 1e6 }, mostSteps: 100 };
    const options = newSmallRun(room, folder, { plan });
    await makeRun(options);
    await expectRefused(
      copyRun({
        fs: nodeFileSystem,
        folder,
        into: `${room.folder}/copy`,
        recipe: options.recipe,
        datasets: room.datasets,
      }),
      'usage',
      'its end is still open',
    );
    expect(existsSync(`${room.folder}/copy`)).toBe(false);
  });
});
