import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FileSystem, GroundworkError } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import {
  loadCheckpointParameters,
  loadNewestCheckpoint,
  newestCheckpoint,
  readCheckpoint,
  verifyCheckpoint,
} from '../../../src/training/run/checkpoint.ts';
import { publishCheckpoint, retainCheckpoints } from '../../../src/training/run/checkpoint-publication.ts';
import { foreignProblems, withEarlierFingerprints } from '../../../src/training/run/run-fingerprints.ts';
import { verifyRun } from '../../../src/training/run/run-verification.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { faultingFileSystem } from '../../support/faulting-file-system.ts';
import { digest, fingerprints, smallContents, smallManifest, unflushedFileSystem } from './small-run.ts';

function runWith(steps: readonly number[]): string {
  const folder = temporaryFolder();
  for (const step of steps) publishCheckpoint(unflushedFileSystem, folder, smallContents(step));
  return folder;
}

/** Counts the bytes that are read of each file by its name. */
function counting(bytesRead: Map<string, number>): FileSystem {
  const count = (path: string, numBytes: number): void => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    bytesRead.set(name, (bytesRead.get(name) ?? 0) + numBytes);
  };
  return {
    ...nodeFileSystem,
    readFile: (path) => {
      const bytes = nodeFileSystem.readFile(path);
      count(path, bytes.length);
      return bytes;
    },
    open: (path, mode) => {
      const file = nodeFileSystem.open(path, mode);
      return {
        ...file,
        readAt: (into, offset) => {
          const found = file.readAt(into, offset);
          count(path, found);
          return found;
        },
      };
    },
  };
}

describe('a disk that cannot be read (reliability 3)', () => {
  test('at any single call costs at most the newest checkpoint: the one before is taken, and the reason told', () => {
    const folder = runWith([10, 20]);
    for (const load of [newestCheckpoint, loadNewestCheckpoint, loadCheckpointParameters]) {
      const counter = faultingFileSystem(nodeFileSystem, Number.POSITIVE_INFINITY, 'read-error');
      load(counter, folder);
      expect(counter.numCalls()).toBeGreaterThan(8);
      // The first call lists the checkpoints: without it nothing is known.
      for (let k = 2; k <= counter.numCalls(); k++) {
        const { rejected } = load(faultingFileSystem(nodeFileSystem, k, 'read-error'), folder);
        expect(rejected, `call ${k}`).toMatchObject([{ step: 20 }]);
        expect(rejected[0]?.problems.at(-1)?.found).toContain('EIO');
      }
    }
  });

  test('is a problem like others to those who verify', () => {
    const folder = runWith([10]);
    const counter = faultingFileSystem(nodeFileSystem, Number.POSITIVE_INFINITY, 'read-error');
    verifyRun(counter, folder);
    for (let k = 1; k <= counter.numCalls(); k++) {
      const problems = verifyRun(faultingFileSystem(nodeFileSystem, k, 'read-error'), folder);
      expect(problems.filter(({ found }) => found.includes('EIO')).length, `call ${k}`).toBeGreaterThan(0);
    }
    expect(verifyRun(nodeFileSystem, folder).filter(({ found }) => found.includes('EIO'))).toEqual([]);
  });
});

describe('what is read of a checkpoint', () => {
  const sizes = (folder: string, names: readonly string[]) =>
    new Map(names.map((name) => [name, readFileSync(join(folder, 'checkpoints/step-00000010', name)).length]));

  test('to go on is each file once, but for the beginnings of the tensor files', () => {
    const folder = runWith([10]);
    const bytesRead = new Map<string, number>();
    expect(loadNewestCheckpoint(counting(bytesRead), folder).contents).toEqual(smallContents(10));
    for (const [name, size] of sizes(folder, ['manifest.json', 'training.json']))
      expect(bytesRead.get(name), name).toBe(size);
    for (const [name, size] of sizes(folder, ['model.safetensors', 'optimizer.safetensors'])) {
      expect(bytesRead.get(name), name).toBe(size + 8);
    }
  });

  test('for its parameters is nothing of the optimizer', () => {
    const folder = runWith([10]);
    const bytesRead = new Map<string, number>();
    loadCheckpointParameters(counting(bytesRead), folder);
    expect([...bytesRead.keys()].sort()).toEqual(['manifest.json', 'model.safetensors']);
  });

  test('is what was checked: counters that change between two readings do not pass', () => {
    const folder = runWith([10]);
    const path = join(folder, 'checkpoints/step-00000010/training.json');
    const changed = Buffer.from(readFileSync(path, 'utf8').replace('640', '641'));
    for (const changedRead of [1, 2]) {
      let numReads = 0;
      const changing: FileSystem = {
        ...nodeFileSystem,
        readFile: (name) => (name === path && ++numReads === changedRead ? changed : nodeFileSystem.readFile(name)),
      };
      try {
        expect(readCheckpoint(changing, folder, 10)).toEqual(smallContents(10));
      } catch (error) {
        expectRefusal(error as GroundworkError, 'invalid-checkpoint');
        expect(error).toBeInstanceOf(GroundworkError);
      }
    }
  });

  test('is no file that a system laid beside it: that is told, and no reason to lose a sound checkpoint', () => {
    const folder = runWith([10, 20]);
    writeFileSync(join(folder, 'checkpoints/step-00000020/.DS_Store'), '');
    expect(newestCheckpoint(nodeFileSystem, folder)).toMatchObject({ checkpoint: { step: 20 }, rejected: [] });
    expect(loadNewestCheckpoint(nodeFileSystem, folder).contents?.step).toBe(20);
    expect(verifyCheckpoint(nodeFileSystem, folder, 20)).toMatchObject([
      { file: 'checkpoints/step-00000020/.DS_Store' },
    ]);
  });
});

describe('the fingerprints of a checkpoint', () => {
  test('are those of the run, or the run does not go on from it', () => {
    const folder = runWith([10]);
    const other = { ...smallContents(20), fingerprints: { ...fingerprints, batches: digest('9') } };
    publishCheckpoint(unflushedFileSystem, folder, other);
    const load = (manifest = smallManifest()) =>
      loadNewestCheckpoint(nodeFileSystem, folder, (checkpoint) => foreignProblems(manifest, checkpoint));
    const { checkpoint, rejected } = load();
    expect(checkpoint?.step).toBe(10);
    expect(rejected).toMatchObject([
      { step: 20, problems: [{ expected: `the batches ${digest('3')} of the run`, found: digest('9') }] },
    ]);
    rmSync(join(folder, 'checkpoints/step-00000010'), { recursive: true });
    expectRefusal(
      refusalOf(() => load()),
      'invalid-checkpoint',
    );
  });

  test('of before it was resumed with something else, as was allowed, stay its own', () => {
    const before = smallManifest();
    const after = withEarlierFingerprints(smallManifest({ batchesFingerprint: digest('9') }), before);
    expect(after.earlierFingerprints).toEqual([fingerprints]);
    const checkpoint = publishCheckpoint(unflushedFileSystem, temporaryFolder(), smallContents(10)).checkpoint;
    expect(foreignProblems(after, checkpoint)).toEqual([]);
    expect(foreignProblems(smallManifest({ batchesFingerprint: digest('9') }), checkpoint)).toHaveLength(1);
    // And back again: the present ones are not earlier ones.
    const back = withEarlierFingerprints({ ...after, batchesFingerprint: before.batchesFingerprint }, after);
    expect(back.earlierFingerprints?.map(({ batches }) => batches)).toEqual([digest('9')]);
  });
});

describe('what is cleared up after a checkpoint that stands', () => {
  const stuckAt = (part: string): FileSystem => {
    const guard = (path: string): void => {
      if (path.includes(part))
        throw new GroundworkError('file-access', `${path} may not be written (EPERM)`, { hint: '' });
    };
    return {
      ...unflushedFileSystem,
      rename: (from, to) => {
        guard(to);
        unflushedFileSystem.rename(from, to);
      },
      remove: (path) => {
        if (nodeFileSystem.exists(path)) guard(path);
        unflushedFileSystem.remove(path);
      },
    };
  };

  test('does not end the run where it fails, and is told', () => {
    const folder = runWith([10, 20, 30]);
    expect(retainCheckpoints(stuckAt('.trash-'), folder, { keep: 2, newest: 30 })).toMatchObject({
      removed: [],
      faults: [expect.stringContaining('EPERM')],
    });
    const notRemoved: FileSystem = {
      ...unflushedFileSystem,
      remove: stuckAt('.replaced-').remove,
    };
    const { checkpoint, faults } = publishCheckpoint(notRemoved, folder, { ...smallContents(30), training: 'other' });
    expect(checkpoint.step).toBe(30);
    expect(faults).toEqual([expect.stringContaining('EPERM')]);
    expect(readCheckpoint(nodeFileSystem, folder, 30).training).toBe('other');
  });
});
