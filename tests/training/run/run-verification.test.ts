import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../src/core/index.ts';
import { nodeFileSystem as fs } from '../../../src/core/node.ts';
import { openEventLog } from '../../../src/training/run/event-log.ts';
import { createRun } from '../../../src/training/run/run-folder.ts';
import { verifyRun } from '../../../src/training/run/run-verification.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { digest, smallManifest, unflushedFileSystem } from './small-run.ts';
import { smallRun } from './small-run-folder.ts';

describe('verifyRun', () => {
  test('finds nothing wrong with a sound run', () => expect(verifyRun(fs, smallRun())).toEqual([]));

  test('lists everything that is wrong with a broken one (reliability 4)', () => {
    const folder = smallRun();
    writeFileSync(join(folder, 'run.json'), '{}');
    writeFileSync(join(folder, 'events.jsonl'), 'x\ny\n');
    writeFileSync(join(folder, 'checkpoints/step-00000010/model.safetensors'), '');
    writeFileSync(join(folder, 'checkpoints/step-00000020/more'), '');
    expect(verifyRun(fs, folder).map(({ file }) => file)).toEqual([
      'run.json',
      'events.jsonl',
      'checkpoints/step-00000010/model.safetensors',
      'checkpoints/step-00000020/more',
    ]);
  });

  test('names what is missing or changed, also in what is not signed', () => {
    const result = {
      step: 20,
      tokens: 1280,
      bitsPerByte: 2,
      numDocuments: 7,
      numValidationDocuments: 7,
      loss: 2,
      durationMs: 1000,
    };
    const finishedRun = (): string => {
      const folder = smallRun(undefined, {
        status: 'finished',
        result,
        recipe: { ...smallManifest().recipe, file: 'recipe.ts' },
      });
      writeFileSync(join(folder, 'recipe.ts'), '');
      const log = openEventLog(unflushedFileSystem, join(folder, 'events.jsonl'));
      log.append({ type: 'finished' });
      log.close();
      return folder;
    };
    expect(verifyRun(fs, finishedRun())).toEqual([]);
    const damages: readonly (readonly [string, (path: string) => void, string?])[] = [
      ['events.jsonl', (path) => fs.remove(path)],
      ['events.jsonl', (path) => writeFileSync(path, '{"type":"started"}\n')],
      ['events.jsonl', (path) => writeFileSync(path, '{"type":"started"}\n{"type":"finishee"}\n')],
      ['tokenizer.json', (path) => fs.remove(path)],
      ['tokenizer.json', (path) => writeFileSync(path, 'garbage')],
      ['recipe.json', (path) => writeFileSync(path, '{"other":1}\n')],
      ['recipe.ts', (path) => fs.remove(path)],
      ['checkpoints', (path) => fs.remove(path), 'checkpoints/step-00000020'],
    ];
    for (const [file, damage, named = file] of damages) {
      const folder = finishedRun();
      damage(join(folder, file));
      expect(verifyRun(fs, folder).map((problem) => problem.file)).toEqual([named]);
    }
  });

  test('finds nothing wrong with a run that was killed in its first moments', () => {
    const folder = join(temporaryFolder(), 'small');
    createRun(unflushedFileSystem, folder, smallManifest()).lock.release();
    expect(verifyRun(fs, folder)).toEqual([]);
  });

  test('names a forecast that was edited after it was registered, or is gone, also of a run that has just begun', () => {
    const text = '{"bitsPerByte":1.5}\n';
    const folder = join(temporaryFolder(), 'small');
    const manifest = smallManifest({ forecast: { sha256: sha256Hex(text) } });
    createRun(unflushedFileSystem, folder, manifest, text).lock.release();
    // That it is the text that was registered is known before it is known what it says.
    expect(verifyRun(fs, folder)).toMatchObject([
      { file: 'forecast.json', expected: expect.stringContaining('what this version') },
    ]);
    writeFileSync(join(folder, 'forecast.json'), text.replace('1.5', '1.4'));
    expect(verifyRun(fs, folder)).toMatchObject([
      { file: 'forecast.json', found: expect.stringContaining('it was changed') },
    ]);
    fs.remove(join(folder, 'forecast.json'));
    expect(verifyRun(fs, folder)).toMatchObject([{ file: 'forecast.json', found: 'no such file' }]);
  });

  test('names a checkpoint that is sound, and of another run', () => {
    const folder = smallRun(undefined, { tokenizerFingerprint: digest('9') });
    const problems = verifyRun(fs, folder);
    expect(problems.map(({ file }) => file)).toEqual([
      'tokenizer.json',
      'checkpoints/step-00000010/manifest.json',
      'checkpoints/step-00000020/manifest.json',
    ]);
    for (const { expected } of problems) expect(expected).toBe(`the tokenizer ${digest('9')} of the run`);
  });
});
