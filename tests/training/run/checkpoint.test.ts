import { mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { randomStream, sha256Hex } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import {
  loadCheckpointParameters,
  newestCheckpoint,
  readCheckpoint,
  verifyCheckpoint,
} from '../../../src/training/run/checkpoint.ts';
import { checkpointSteps } from '../../../src/training/run/checkpoint-manifest.ts';
import { publishCheckpoint, retainCheckpoints } from '../../../src/training/run/checkpoint-publication.ts';
import { signedText } from '../../../src/training/run/signed-json.ts';
import { memoryFiles } from '../../data/store/memory-files.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { fingerprints, smallContents, unflushedFileSystem } from './small-run.ts';

const files = ['manifest.json', 'model.safetensors', 'optimizer.safetensors', 'training.json'] as const;
const folderOf = (step: number) => `checkpoints/step-${String(step).padStart(8, '0')}`;

function runWith(steps: readonly number[], folder = temporaryFolder()): string {
  for (const step of steps) publishCheckpoint(unflushedFileSystem, folder, smallContents(step));
  return folder;
}

/** Checkpoints of steps 10 and 20 in memory, with one file of the newer one replaced (undefined: deleted). */
const pristine: ReadonlyMap<string, Uint8Array> = (() => {
  const folder = runWith([10, 20], mkdtempSync(join(tmpdir(), 'groundwork-')));
  const all = [10, 20].flatMap((step) => files.map((name) => `${folderOf(step)}/${name}`));
  const read = new Map(all.map((path) => [`/run/${path}`, new Uint8Array(readFileSync(join(folder, path)))]));
  rmSync(folder, { recursive: true });
  return read;
})();
function damaged(name: string, bytes: Uint8Array | undefined): ReturnType<typeof memoryFiles> {
  const copy = new Map<string, Uint8Array>(pristine);
  const path = `/run/${folderOf(20)}/${name}`;
  if (bytes === undefined) copy.delete(path);
  else copy.set(path, bytes);
  return memoryFiles(copy);
}
const bytesOf = (name: string) => pristine.get(`/run/${folderOf(20)}/${name}`) as Uint8Array;

describe('a checkpoint', () => {
  test('comes back bit for bit', () => {
    const folder = temporaryFolder();
    const { checkpoint: published, faults } = publishCheckpoint(nodeFileSystem, folder, smallContents(3));
    expect(faults).toEqual([]);
    expect(published).toMatchObject({ step: 3, folder: folderOf(3) });
    expect(published.sizeBytes).toBe(published.manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0));
    expect(readCheckpoint(nodeFileSystem, folder, 3)).toEqual(smallContents(3));
    expect(newestCheckpoint(nodeFileSystem, folder)).toEqual({ checkpoint: published, rejected: [] });
    expect(loadCheckpointParameters(nodeFileSystem, folder)).toEqual({
      step: 3,
      parameters: smallContents(3).parameters,
      rejected: [],
    });
  });

  test('of steps beyond eight digits sorts by number', () => {
    const folder = runWith([99_999_999, 100_000_000, 7]);
    expect(checkpointSteps(nodeFileSystem, folder)).toEqual([7, 99_999_999, 100_000_000]);
    expect(newestCheckpoint(nodeFileSystem, folder).checkpoint?.step).toBe(100_000_000);
  });

  test('with a number that is not finite is refused before anything is written (reliability 5)', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const part of ['parameters', 'optimizer'] as const) {
        const folder = temporaryFolder();
        const contents = smallContents(8);
        const [name, { data }] = [...contents[part]].at(-1) as [string, { data: Float32Array }];
        data[14] = value;
        const refusal = refusalOf(() => publishCheckpoint(nodeFileSystem, folder, contents));
        expectRefusal(refusal, 'diverged');
        expect(refusal.message).toBe(
          `${name} holds ${value} at position 14 after step 8: the checkpoint was not written`,
        );
        expect(nodeFileSystem.list(folder)).toEqual([]);
      }
    }
    const counters = { ...smallContents(8), training: { loss: Number.NaN } };
    const folder = temporaryFolder();
    expect(() => publishCheckpoint(nodeFileSystem, folder, counters)).toThrow(/no JSON form/);
    expect(nodeFileSystem.list(folder)).toEqual([]);
  });

  test('that is published again as it is stays, and one that differs is replaced', () => {
    const folder = runWith([10, 20]);
    const before = readFileSync(join(folder, folderOf(20), 'manifest.json'), 'utf8');
    publishCheckpoint(nodeFileSystem, folder, smallContents(20));
    expect(readFileSync(join(folder, folderOf(20), 'manifest.json'), 'utf8')).toBe(before);
    publishCheckpoint(nodeFileSystem, folder, { ...smallContents(20), training: { other: true } });
    expect(readCheckpoint(nodeFileSystem, folder, 20).training).toEqual({ other: true });
    expect(nodeFileSystem.list(`${folder}/checkpoints`)).toEqual(['step-00000010', 'step-00000020']);
  });

  test('is chosen by its step and not by the time of its files: the clock may have been set back (reliability 14)', () => {
    const folder = runWith([20, 10]);
    for (const name of [...files, '.']) utimesSync(join(folder, folderOf(20), name), new Date(0), new Date(0));
    expect(newestCheckpoint(nodeFileSystem, folder).checkpoint?.step).toBe(20);
  });
});

describe('a checkpoint with one bit flipped, any of a hundred (reliability 3)', () => {
  for (const name of files) {
    test(`${name} is named with both hashes, and the checkpoint before is taken`, () => {
      const random = randomStream(3, name);
      const bytes = bytesOf(name);
      for (let seed = 0; seed < 100; seed++) {
        const flipped = bytes.slice();
        const place = random.nextInteger(bytes.length);
        flipped[place] = (flipped[place] as number) ^ (1 << random.nextInteger(8));
        const fs = damaged(name, flipped);
        const { checkpoint, rejected } = newestCheckpoint(fs, '/run');
        const [only] = rejected;
        expect(checkpoint?.step).toBe(10);
        expect(only?.step).toBe(20);
        expect(only?.problems).toHaveLength(1);
        const [problem] = only?.problems ?? [];
        expect(problem?.file).toBe(`${folderOf(20)}/${name}`);
        if (name !== 'manifest.json') {
          expect(problem?.expected).toBe(`SHA-256 ${sha256Hex(bytes)}`);
          expect(problem?.found).toBe(`SHA-256 ${sha256Hex(flipped)}`);
          expectRefusal(
            refusalOf(() => readCheckpoint(fs, '/run', 20)),
            'invalid-checkpoint',
          );
        }
      }
    });
  }

  test('a bit that flips between the check and the reading is found by the reading', () => {
    const fs = memoryFiles(new Map(pristine));
    const path = `/run/${folderOf(20)}/model.safetensors`;
    let numOpened = 0;
    const changing = {
      ...fs,
      open: (name: string, mode: 'read') => {
        // Opened once: what is checked is what is read.
        if (name === path && ++numOpened === 1) {
          const bytes = bytesOf('model.safetensors').slice();
          bytes[bytes.length - 2] = (bytes.at(-2) as number) ^ 1;
          fs.files.set(path, bytes);
        }
        return fs.open(name, mode);
      },
    } as typeof fs;
    const refusal = refusalOf(() => loadCheckpointParameters(changing, '/run', 20));
    expectRefusal(refusal, 'invalid-checkpoint');
    expect(refusal.message).toContain('model.safetensors: found SHA-256');
  });
});

describe('a checkpoint that is not whole (reliability 4)', () => {
  for (const name of files) {
    test(`${name} cut off anywhere is named, and the checkpoint before is taken`, () => {
      const bytes = bytesOf(name);
      for (const size of [0, 1, 7, 8, bytes.length >> 1, bytes.length - 1]) {
        const fs = damaged(name, bytes.slice(0, size));
        const { checkpoint, rejected } = newestCheckpoint(fs, '/run');
        expect(checkpoint?.step).toBe(10);
        const [problem] = rejected[0]?.problems ?? [];
        expect(problem?.file).toBe(`${folderOf(20)}/${name}`);
        if (name !== 'manifest.json') expect(problem?.found).toBe(`${size} bytes`);
      }
    });

    test(`${name} deleted is named`, () => {
      const fs = damaged(name, undefined);
      expect(verifyCheckpoint(fs, '/run', 20)[0]).toMatchObject({
        file: `${folderOf(20)}/${name}`,
        found: 'no such file',
      });
      expect(newestCheckpoint(fs, '/run').checkpoint?.step).toBe(10);
    });
  }

  test('a file that the manifest does not know is named', () => {
    const problems = verifyCheckpoint(damaged('model.safetensors.bak', new Uint8Array(3)), '/run', 20);
    expect(problems).toEqual([
      {
        file: `${folderOf(20)}/model.safetensors.bak`,
        expected: 'only what the manifest lists',
        found: 'something else',
      },
    ]);
  });

  test('all that is wrong is listed, not only the first', () => {
    const fs = damaged('extra', new Uint8Array(1));
    fs.files.delete(`/run/${folderOf(20)}/training.json`);
    fs.files.set(`/run/${folderOf(20)}/optimizer.safetensors`, new Uint8Array(9));
    const flipped = bytesOf('model.safetensors').slice();
    flipped[100] = (flipped[100] as number) ^ 1;
    fs.files.set(`/run/${folderOf(20)}/model.safetensors`, flipped);
    const found = verifyCheckpoint(fs, '/run', 20).map(({ file }) => file.slice(folderOf(20).length + 1));
    expect(found.sort()).toEqual(['extra', 'model.safetensors', 'optimizer.safetensors', 'training.json']);
  });

  test('where none verifies the run does not begin anew by itself: every reason is told', () => {
    const fs = damaged('training.json', undefined);
    fs.files.delete(`/run/${folderOf(10)}/manifest.json`);
    const refusal = refusalOf(() => newestCheckpoint(fs, '/run'));
    expectRefusal(refusal, 'invalid-checkpoint');
    expect(refusal.message).toContain(`${folderOf(20)}/training.json: found no such file`);
    expect(refusal.message).toContain(`${folderOf(10)}/manifest.json: found no such file`);
    expect(newestCheckpoint(memoryFiles(), '/run')).toEqual({ checkpoint: undefined, rejected: [] });
  });

  test('a step that is not there, or is broken, is refused with the steps that there are', () => {
    const fs = damaged('training.json', undefined);
    expect(refusalOf(() => loadCheckpointParameters(fs, '/run', 15)).hint).toContain('10, 20');
    expect(refusalOf(() => loadCheckpointParameters(fs, '/run', 20)).message).toContain('training.json');
    expectRefusal(
      refusalOf(() => loadCheckpointParameters(memoryFiles(), '/run')),
      'invalid-checkpoint',
    );
    expect(loadCheckpointParameters(fs, '/run')).toMatchObject({ step: 10, rejected: [{ step: 20 }] });
  });
});

describe('a checkpoint that means harm', () => {
  /** A manifest with right hashes, as one writes it who wants to be believed. */
  function forged(name: (typeof files)[number], bytes: Uint8Array): ReturnType<typeof memoryFiles> {
    const fs = damaged(name, bytes);
    const { sha256: _, ...manifest } = JSON.parse(Buffer.from(bytesOf('manifest.json')).toString());
    for (const file of manifest.files) {
      if (file.path === name) Object.assign(file, { sizeBytes: bytes.length, sha256: sha256Hex(bytes) });
    }
    fs.files.set(`/run/${folderOf(20)}/manifest.json`, Buffer.from(signedText(manifest)));
    return fs;
  }

  test('by a safetensors header, or JSON 10,000 deep, is refused by a typed error though its hashes are right', () => {
    const header = '{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}';
    const huge = new Uint8Array(8 + header.length + 4);
    huge[0] = header.length;
    huge.set(Buffer.from(header), 8);
    const cases = [
      ['model.safetensors', huge, /by the header/],
      ['optimizer.safetensors', new Uint8Array(3), /found 3 bytes/],
      ['training.json', Buffer.from('['.repeat(10_000) + ']'.repeat(10_000)), /found more, expected at most 64 levels/],
      ['training.json', Buffer.from('{'), /JSON in UTF-8/],
    ] as const;
    for (const [name, bytes, message] of cases) {
      const fs = forged(name, bytes);
      const refusal = refusalOf(() => readCheckpoint(fs, '/run', 20));
      expectRefusal(refusal, 'invalid-checkpoint');
      expect(refusal.message).toMatch(message);
      expect(newestCheckpoint(fs, '/run').checkpoint?.step).toBe(10);
    }
  });

  test('by a path in its manifest, or another step than its folder says, is refused (reliability 11)', () => {
    const { sha256: _, ...manifest } = JSON.parse(Buffer.from(bytesOf('manifest.json')).toString());
    const changes = [
      { files: [{ ...manifest.files[0], path: '../../../etc/passwd' }, ...manifest.files.slice(1)] },
      { files: manifest.files.slice(1) },
      { files: [...manifest.files, manifest.files[0]] },
      { step: 21 },
      { version: 2 },
      { format: 'other' },
      { more: 1 },
      { fingerprints: { ...fingerprints, tokenizer: '../x' } },
    ];
    for (const change of changes) {
      const fs = damaged('manifest.json', Buffer.from(signedText({ ...manifest, ...change })));
      const [problem] = verifyCheckpoint(fs, '/run', 20);
      expect(problem?.file, JSON.stringify(change)).toBe(`${folderOf(20)}/manifest.json`);
      expect(newestCheckpoint(fs, '/run').checkpoint?.step).toBe(10);
    }
  });

  test('by a link out of the run is refused, and nothing outside is read (reliability 11)', () => {
    for (const name of files) {
      const folder = runWith([10, 20]);
      const outside = join(temporaryFolder(), name);
      const inside = join(folder, folderOf(20), name);
      writeFileSync(outside, readFileSync(inside));
      nodeFileSystem.remove(inside);
      symlinkSync(outside, inside);
      const [problem] = verifyCheckpoint(nodeFileSystem, folder, 20);
      expect(problem?.file).toBe(`${folderOf(20)}/${name}`);
      expect(problem?.found).toContain('outside of');
    }
  });
});

describe('retention', () => {
  test('keeps the newest two', () => {
    const folder = runWith([10, 20, 30, 40, 50]);
    expect(retainCheckpoints(nodeFileSystem, folder, { keep: 2, newest: 50 })).toEqual({
      removed: [10, 20, 30],
      faults: [],
    });
    expect(checkpointSteps(nodeFileSystem, folder)).toEqual([40, 50]);
    expect(nodeFileSystem.list(`${folder}/checkpoints`)).toHaveLength(2);
  });

  test('never keeps fewer than two, whatever it is told', () => {
    const folder = runWith([10, 20, 30]);
    retainCheckpoints(nodeFileSystem, folder, { keep: 0, newest: 30 });
    expect(checkpointSteps(nodeFileSystem, folder)).toEqual([20, 30]);
    expect(retainCheckpoints(nodeFileSystem, folder, { keep: 5, newest: 30 }).removed).toEqual([]);
  });

  test('does not count one that is not whole', () => {
    const folder = runWith([10, 20, 30, 40]);
    nodeFileSystem.remove(`${folder}/${folderOf(30)}/training.json`);
    retainCheckpoints(nodeFileSystem, folder, { keep: 2, newest: 40 });
    expect(checkpointSteps(nodeFileSystem, folder)).toEqual([20, 30, 40]);
  });

  test('goes on where files of an old checkpoint cannot be deleted, and says so: it is out of sight', () => {
    const folder = runWith([10, 20, 30]);
    const stuck = {
      ...nodeFileSystem,
      remove: (path: string) => {
        // Reading a folder as a file fails as a folder does that may not be removed.
        if (nodeFileSystem.exists(path)) nodeFileSystem.readFile(path);
      },
    };
    const { removed, faults } = retainCheckpoints(stuck, folder, { keep: 2, newest: 30 });
    expect(removed).toEqual([10]);
    expect(faults).toHaveLength(1);
    expect(checkpointSteps(nodeFileSystem, folder)).toEqual([20, 30]);
  });
});
