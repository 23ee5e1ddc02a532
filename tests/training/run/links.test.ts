import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeFileSystem as fs } from '../../../src/core/node.ts';
import { publishCheckpoint, sweepUnfinished } from '../../../src/training/run/checkpoint-publication.ts';
import { openEventLog } from '../../../src/training/run/event-log.ts';
import { createRun, deleteRun, openRun } from '../../../src/training/run/run-folder.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { smallContents, smallManifest, unflushedFileSystem } from './small-run.ts';

function emptyRun(): string {
  const folder = join(temporaryFolder(), 'small');
  createRun(unflushedFileSystem, folder, smallManifest()).lock.release();
  return folder;
}

describe('a link that leads out of a run (reliability 11)', () => {
  test('in place of its log is neither read nor written through', () => {
    const folder = emptyRun();
    const outside = join(temporaryFolder(), 'notes.txt');
    writeFileSync(outside, 'a line of somebody else');
    symlinkSync(outside, join(folder, 'events.jsonl'));
    for (const use of [
      () => openEventLog(fs, join(folder, 'events.jsonl'), { afterStep: 0 }),
      () => openRun(fs, folder).events(),
    ]) {
      expectRefusal(refusalOf(use), 'unsafe-path');
    }
    expect(readFileSync(outside, 'utf8')).toBe('a line of somebody else');
  });

  test('under the name that a file has while it is written is replaced', () => {
    const folder = emptyRun();
    const outside = join(temporaryFolder(), 'keys');
    writeFileSync(outside, 'secret');
    symlinkSync(outside, join(folder, 'run.json.tmp'));
    openRun(fs, folder).update(smallManifest({ status: 'failed' }));
    expect(readFileSync(outside, 'utf8')).toBe('secret');
    expect(lstatSync(join(folder, 'run.json')).isSymbolicLink()).toBe(false);
    expect(openRun(fs, folder).manifest.status).toBe('failed');
  });

  test('in place of its checkpoints is refused before a byte is written there or removed', () => {
    const folder = temporaryFolder();
    const outside = temporaryFolder();
    mkdirSync(join(outside, '.trash-step-00000001'));
    symlinkSync(outside, join(folder, 'checkpoints'));
    for (const use of [
      () => publishCheckpoint(fs, folder, smallContents(1)),
      () => sweepUnfinished(fs, { folder, release: () => undefined }),
    ]) {
      const refusal = refusalOf(use);
      expectRefusal(refusal, 'unsafe-path');
      expect(refusal.message).toContain(`${folder}/checkpoints`);
    }
    expect(readdirSync(outside)).toEqual(['.trash-step-00000001']);
  });
});

test('a link to a run is not deleted through, with a slash at its end or without', () => {
  const folder = emptyRun();
  const link = join(temporaryFolder(), 'link');
  symlinkSync(folder, link);
  for (const path of [link, `${link}/`, `${link}/.`])
    expectRefusal(
      refusalOf(() => deleteRun(fs, path)),
      'unsafe-path',
    );
  expect(existsSync(join(folder, 'run.json'))).toBe(true);
});

test('a run below a link to nothing is refused, and the link is named', () => {
  const runs = join(temporaryFolder(), 'runs');
  symlinkSync(join(runs, '..', 'a disk that is not there'), runs);
  const refusal = refusalOf(() => createRun(fs, join(runs, 'small'), smallManifest()));
  expectRefusal(refusal, 'file-access');
  expect(refusal.message).toContain(`${runs} is a link to nothing`);
});
