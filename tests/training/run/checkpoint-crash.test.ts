import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { canonicalJson, type FileSystem, GroundworkError } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import {
  loadNewestCheckpoint,
  newestCheckpoint,
  readCheckpoint,
  verifyCheckpoint,
} from '../../../src/training/run/checkpoint.ts';
import { checkpointName, checkpointSteps } from '../../../src/training/run/checkpoint-manifest.ts';
import {
  publishCheckpoint,
  retainCheckpoints,
  setAsideRejected,
  sweepUnfinished,
} from '../../../src/training/run/checkpoint-publication.ts';
import { lockRun } from '../../../src/training/run/run-lock.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { Crash, faultingFileSystem } from '../../support/faulting-file-system.ts';
import { pieceByPiece, smallContents, unflushedFileSystem } from './small-run.ts';

/** What a run does when it saves: publish, then keep the newest two. */
function save(fs: FileSystem, folder: string, step: number): void {
  publishCheckpoint(fs, folder, smallContents(step));
  retainCheckpoints(fs, folder, { keep: 2, newest: step });
}

/** A run that has saved these steps. */
function runWith(steps: readonly number[]): string {
  const folder = temporaryFolder();
  for (const step of steps)
    cpSync(savedOnce(step), `${folder}/checkpoints/step-${String(step).padStart(8, '0')}`, { recursive: true });
  return folder;
}

/** Checkpoints are made once and copied. */
const templates = mkdtempSync(join(tmpdir(), 'groundwork-'));
afterAll(() => rmSync(templates, { recursive: true }));
function savedOnce(step: number): string {
  const folder = `${templates}/checkpoints/step-${String(step).padStart(8, '0')}`;
  if (!existsSync(folder)) publishCheckpoint(unflushedFileSystem, templates, smallContents(step));
  return folder;
}

function sweep(folder: string): string[] {
  const lock = lockRun(folder);
  try {
    return sweepUnfinished(nodeFileSystem, lock);
  } finally {
    lock.release();
  }
}

const namesIn = (folder: string) => nodeFileSystem.list(`${folder}/checkpoints`);
const names = (steps: readonly number[]) => steps.map((step) => `step-${String(step).padStart(8, '0')}`);

/** Dies, or finds the disk full, at its k-th call. */
const faulting = (k: number, kind: 'crash' | 'disk-full') =>
  pieceByPiece(faultingFileSystem(unflushedFileSystem, k, kind));

/** How many calls a save makes that change something. */
function numCallsOf(before: readonly number[], step: number): number {
  const fs = faulting(Number.POSITIVE_INFINITY, 'crash');
  save(fs, runWith(before), step);
  return fs.numCalls();
}

describe('a process that dies while it saves a checkpoint (reliability 1a)', () => {
  test('leaves the checkpoint of this step or the one before, whole, at every single call; what it left is swept', () => {
    const before = [10, 20, 30];
    const numCalls = numCallsOf(before, 40);
    expect(numCalls).toBeGreaterThan(30);
    const found = { 30: 0, 40: 0 };
    for (let k = 1; k <= numCalls; k++) {
      const folder = runWith(before);
      expect(() => save(faulting(k, 'crash'), folder, 40), `call ${k}`).toThrow(Crash);
      const { checkpoint, rejected } = newestCheckpoint(nodeFileSystem, folder);
      expect(rejected, `call ${k}`).toEqual([]);
      const step = checkpoint?.step as 30 | 40;
      found[step] += 1;
      expect(readCheckpoint(nodeFileSystem, folder, step)).toEqual(sorted(step));
      // The next start sweeps, and saves the same step as if nothing had been.
      sweep(folder);
      expect(
        namesIn(folder).filter((name) => !/^step-\d{8}$/.test(name)),
        `call ${k}`,
      ).toEqual([]);
      save(unflushedFileSystem, folder, 40);
      expect(namesIn(folder), `call ${k}`).toEqual(names([30, 40]));
      for (const step of [30, 40]) expect(verifyCheckpoint(nodeFileSystem, folder, step)).toEqual([]);
    }
    expect(found[30]).toBeGreaterThan(20);
    expect(found[40]).toBeGreaterThan(3);
  });

  test('at its first checkpoint leaves this one or none, and never a broken one', () => {
    const numCalls = numCallsOf([], 5);
    for (let k = 1; k <= numCalls; k++) {
      const folder = temporaryFolder();
      expect(() => save(faulting(k, 'crash'), folder, 5)).toThrow(Crash);
      const { checkpoint, rejected } = newestCheckpoint(nodeFileSystem, folder);
      expect(rejected).toEqual([]);
      if (checkpoint !== undefined) expect(readCheckpoint(nodeFileSystem, folder, 5)).toEqual(sorted(5));
    }
  });

  test('while it writes a step anew over a broken one loses nothing that was sound', () => {
    const breakNewest = (): string => {
      const folder = runWith([10, 20, 30]);
      nodeFileSystem.remove(`${folder}/checkpoints/step-00000030/training.json`);
      return folder;
    };
    const counter = faulting(Number.POSITIVE_INFINITY, 'crash');
    save(counter, breakNewest(), 30);
    for (let k = 1; k <= counter.numCalls(); k++) {
      const folder = breakNewest();
      expect(() => save(faulting(k, 'crash'), folder, 30)).toThrow(Crash);
      expect([20, 30]).toContain(newestCheckpoint(nodeFileSystem, folder).checkpoint?.step);
      sweep(folder);
      save(unflushedFileSystem, folder, 30);
      expect(newestCheckpoint(nodeFileSystem, folder)).toMatchObject({ checkpoint: { step: 30 }, rejected: [] });
    }
  });

  test('while it replaces the only checkpoint by another of the same step leaves one of the two', () => {
    const replaced = { ...smallContents(5), training: { anew: true } };
    const counter = faulting(Number.POSITIVE_INFINITY, 'crash');
    publishCheckpoint(counter, runWith([5]), replaced);
    const found = new Set<string>();
    for (let k = 1; k <= counter.numCalls(); k++) {
      const folder = runWith([5]);
      expect(() => publishCheckpoint(faulting(k, 'crash'), folder, replaced)).toThrow(Crash);
      sweep(folder);
      expect(namesIn(folder)).toEqual(names([5]));
      expect(verifyCheckpoint(nodeFileSystem, folder, 5)).toEqual([]);
      found.add(canonicalJson(readCheckpoint(nodeFileSystem, folder, 5).training));
    }
    expect([...found]).toEqual([canonicalJson(smallContents(5).training), '{"anew":true}']);
  });

  test('that finds the disk full while it replaces a checkpoint puts the old one back at once', () => {
    const replaced = { ...smallContents(5), training: { anew: true } };
    const counter = faulting(Number.POSITIVE_INFINITY, 'disk-full');
    publishCheckpoint(counter, runWith([5]), replaced);
    // Four files and their folder.
    const numClearing = 5;
    for (let k = 1; k <= counter.numCalls(); k++) {
      const folder = runWith([5]);
      const publish = () => publishCheckpoint(faulting(k, 'disk-full'), folder, replaced);
      // The last calls clear up after the new one, which stands.
      if (k <= counter.numCalls() - numClearing) {
        expectRefusal(refusalOf(publish), 'disk-full');
      } else expect(publish().faults).toEqual(['no room is left']);
      expect(newestCheckpoint(nodeFileSystem, folder), `call ${k}`).toMatchObject({
        checkpoint: { step: 5 },
        rejected: [],
      });
    }
  });

  test('after it fell back to an earlier one keeps a sound one, whatever lies beyond (reliability 3)', () => {
    const damagedRun = (): string => {
      const folder = runWith([10, 20, 30]);
      for (const step of [20, 30]) {
        const path = `${folder}/checkpoints/${checkpointName(step)}/model.safetensors`;
        const bytes = readFileSync(path);
        bytes[bytes.length - 2] = (bytes.at(-2) as number) ^ 1;
        writeFileSync(path, bytes);
      }
      return folder;
    };
    /** What a run does that goes on from 10 and saves at 15. */
    const goOn = (fs: FileSystem, folder: string): void => {
      const lock = lockRun(folder);
      try {
        const { rejected } = loadNewestCheckpoint(fs, folder);
        const steps = rejected.map(({ step }) => step);
        setAsideRejected(fs, lock, steps);
        save(fs, folder, 15);
      } finally {
        lock.release();
      }
    };
    const counter = faulting(Number.POSITIVE_INFINITY, 'crash');
    goOn(counter, damagedRun());
    for (let k = 1; k <= counter.numCalls(); k++) {
      const folder = damagedRun();
      expect(() => goOn(faulting(k, 'crash'), folder)).toThrow(Crash);
      expect([10, 15]).toContain(newestCheckpoint(nodeFileSystem, folder).checkpoint?.step);
      sweep(folder);
      goOn(unflushedFileSystem, folder);
      expect(namesIn(folder)).toEqual([...names([20, 30]).map((name) => `.rejected-${name}`), ...names([10, 15])]);
    }
    // Also where nobody set them aside, later steps count for nothing.
    const folder = damagedRun();
    save(unflushedFileSystem, folder, 15);
    expect(checkpointSteps(nodeFileSystem, folder)).toEqual([10, 15, 20, 30]);
  });

  test('while it removes old ones leaves each whole or out of sight', () => {
    const before = [10, 20, 30, 40, 50];
    const remove = (fs: FileSystem, folder: string) => retainCheckpoints(fs, folder, { keep: 2, newest: 50 });
    const counter = faulting(Number.POSITIVE_INFINITY, 'crash');
    remove(counter, runWith(before));
    expect(counter.numCalls()).toBeGreaterThan(15);
    for (let k = 1; k <= counter.numCalls(); k++) {
      const folder = runWith(before);
      expect(() => remove(faulting(k, 'crash'), folder)).toThrow(Crash);
      for (const step of checkpointSteps(nodeFileSystem, folder)) {
        expect(verifyCheckpoint(nodeFileSystem, folder, step), `call ${k}`).toEqual([]);
      }
      sweep(folder);
      remove(nodeFileSystem, folder);
      expect(namesIn(folder)).toEqual(names([40, 50]));
    }
  });

  test('every file is flushed, the manifest is the last of them, then the folder, the name, and the folder above', () => {
    const calls: string[] = [];
    const folder = temporaryFolder();
    const shortened = (path: string) => path.replace(folder, '').replace(/\.tmp-\d+/, '.tmp-PID');
    const recording: FileSystem = {
      ...nodeFileSystem,
      open: (path, mode) => {
        const file = nodeFileSystem.open(path, mode);
        return mode === 'read'
          ? file
          : {
              ...file,
              sync: () => {
                calls.push(`sync ${shortened(path)}`);
                file.sync();
              },
            };
      },
      rename: (from, to) => {
        calls.push(`rename ${shortened(from)} ${shortened(to)}`);
        nodeFileSystem.rename(from, to);
      },
      syncFolder: (path) => {
        calls.push(`sync-folder ${shortened(path)}`);
        nodeFileSystem.syncFolder(path);
      },
    };
    publishCheckpoint(recording, folder, smallContents(7));
    const unfinished = '/checkpoints/step-00000007.tmp-PID';
    const file = (name: string) => [
      `sync ${unfinished}/${name}.tmp`,
      `rename ${unfinished}/${name}.tmp ${unfinished}/${name}`,
      `sync-folder ${unfinished}`,
    ];
    expect(calls).toEqual([
      'sync-folder ',
      ...['model.safetensors', 'optimizer.safetensors', 'training.json', 'manifest.json'].flatMap(file),
      `rename ${unfinished} /checkpoints/step-00000007`,
      'sync-folder /checkpoints',
    ]);
  });

  test('is not mistaken for one that is at work: only the holder of the lock sweeps', () => {
    const folder = runWith([10]);
    const unfinished = `${folder}/checkpoints/step-00000020.tmp-1`;
    nodeFileSystem.makeFolder(unfinished);
    nodeFileSystem.makeFolder(`${folder}/checkpoints/.trash-step-00000005`);
    nodeFileSystem.makeFolder(`${folder}/checkpoints/step-00000030.tmp-mine`);
    nodeFileSystem.makeFolder(`${folder}/checkpoints/notes`);
    expect(checkpointSteps(nodeFileSystem, folder)).toEqual([10]);
    expect(newestCheckpoint(nodeFileSystem, folder).checkpoint?.step).toBe(10);
    expect(nodeFileSystem.exists(unfinished)).toBe(true);
    expect(sweep(folder)).toEqual(['.trash-step-00000005', 'step-00000020.tmp-1']);
    expect(namesIn(folder)).toEqual(['notes', 'step-00000010', 'step-00000030.tmp-mine']);
  });
});

describe('a disk that is full (reliability 2)', () => {
  test('at any single call of a save leaves the checkpoint before whole, and nothing unfinished', () => {
    const before = [20, 30];
    const numCalls = numCallsOf(before, 40);
    for (let k = 1; k <= numCalls; k++) {
      const folder = runWith(before);
      let refusal: GroundworkError | undefined;
      try {
        save(faulting(k, 'disk-full'), folder, 40);
      } catch (error) {
        if (!(error instanceof GroundworkError)) throw error;
        refusal = error;
      }
      // A removal that fails after the checkpoint stands is a matter for the next sweep.
      if (refusal !== undefined) expect(refusal.code).toBe('disk-full');
      const newest = newestCheckpoint(nodeFileSystem, folder);
      expect(newest.rejected).toEqual([]);
      expect([30, 40]).toContain(newest.checkpoint?.step);
      if (newest.checkpoint?.step === 30) expect(refusal?.message).toMatch(/checkpoint of step 40 needs \d+ bytes/);
      expect(namesIn(folder).filter((name) => name.includes('.tmp'))).toEqual([]);
      // With room again, the same save works.
      save(unflushedFileSystem, folder, 40);
      expect(newestCheckpoint(nodeFileSystem, folder).checkpoint?.step).toBe(40);
    }
  });

  test('is told with the bytes that the checkpoint needs and those that there was room for', () => {
    const folder = runWith([20]);
    const files = smallContents(30);
    const refusal = refusalOf(() => publishCheckpoint(faulting(4, 'disk-full'), folder, files));
    const { sizeBytes } = publishCheckpoint(nodeFileSystem, folder, files).checkpoint;
    expect(refusal.message).toBe(
      `the checkpoint of step 30 needs ${sizeBytes} bytes, and ${refusal.message.match(/and (\d+) of/)?.[1]} of them had been written when no room is left`,
    );
    expect(refusal.hint).toContain('the checkpoint before this one is whole');
    const first = refusalOf(() => publishCheckpoint(faulting(4, 'disk-full'), temporaryFolder(), files));
    expect(first.hint).toContain('there is no checkpoint before this one');
    expect(refusal.exitCode).toBe(5);
  });
});

/** Contents as they are read back: tensors by name. */
function sorted(step: number) {
  const contents = smallContents(step);
  return { ...contents, parameters: new Map(contents.parameters), optimizer: new Map(contents.optimizer) };
}
