import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { newestCheckpoint, readCheckpoint } from '../../../src/training/run/checkpoint.ts';
import { openRun } from '../../../src/training/run/run-folder.ts';
import { verifyRun } from '../../../src/training/run/run-verification.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { fixtureEvents, smallContents, smallManifest } from './small-run.ts';

// One fixture for each version of the format that was released. None is ever changed: runs of people are as old as they are.
describe('a run of an earlier version of Groundwork loads for ever (reliability 15)', () => {
  test('version 1: manifest, log and checkpoint say what they said when they were written', () => {
    const text = readFileSync(join(import.meta.dirname, 'run-version-1.json'), 'utf8');
    expect(text.length).toBeLessThan(40_000);
    const folder = join(temporaryFolder(), 'small');
    for (const [path, base64] of Object.entries<string>(JSON.parse(text))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), Buffer.from(base64, 'base64'));
    }
    expect(verifyRun(nodeFileSystem, folder)).toEqual([]);
    const run = openRun(nodeFileSystem, folder);
    const result = {
      step: 20,
      tokens: 1280,
      bitsPerByte: 1.75,
      numDocuments: 183,
      numValidationDocuments: 1263,
      loss: 3.25,
      durationMs: 60_000,
    };
    expect(run.manifest).toEqual(smallManifest({ status: 'finished', result }));
    expect(run.events()).toEqual(fixtureEvents);
    expect(newestCheckpoint(nodeFileSystem, folder)).toMatchObject({ checkpoint: { step: 20 }, rejected: [] });
    expect(readCheckpoint(nodeFileSystem, folder, 20)).toEqual(smallContents(20));
  });
});
