import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { newestCheckpoint } from '../../../src/training/run/checkpoint.ts';
import { publishCheckpoint } from '../../../src/training/run/checkpoint-publication.ts';
import { createRun, deleteRun, listRuns, openRun } from '../../../src/training/run/run-folder.ts';
import { lockRun } from '../../../src/training/run/run-lock.ts';
import type { RunManifest } from '../../../src/training/run/run-manifest.ts';
import { faultOfRunName, nextRunName, runFolder } from '../../../src/training/run/run-name.ts';
import { verifyRun } from '../../../src/training/run/run-verification.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { Crash, faultingFileSystem } from '../../support/faulting-file-system.ts';
import { pieceByPiece, smallContents, smallManifest, unflushedFileSystem } from './small-run.ts';
import { smallRun } from './small-run-folder.ts';

const fs = nodeFileSystem;

describe('a run', () => {
  test('is made, opened, and changes its status', () => {
    const folder = join(temporaryFolder(), 'runs', 'small');
    const { run, lock } = createRun(fs, folder, smallManifest());
    expect(openRun(fs, folder).manifest).toEqual(smallManifest());
    const failure = { code: 'diverged', message: 'The loss is NaN.', hint: 'Lower the rate.', step: 7 } as const;
    run.update(smallManifest({ status: 'failed', failure }));
    expect(run.manifest.failure).toEqual(failure);
    expect(openRun(fs, folder).manifest).toEqual(run.manifest);
    expect(run.events()).toEqual([]);
    expect(run.checkpoints()).toEqual([]);
    lock.release();
    expect(readdirSync(folder)).toEqual(['checkpoints', 'run.json']);
  });

  test('a manifest that breaks its own schema is a fault of ours and is not written', () => {
    const folder = join(temporaryFolder(), 'small');
    expect(() => createRun(fs, folder, smallManifest({ seed: 1.5 }))).toThrow(/at fault: .* seed/);
    expect(existsSync(join(folder, 'run.json'))).toBe(false);
    // The lock was given free, so that another attempt can be made.
    createRun(fs, folder, smallManifest()).lock.release();
  });

  test('is not made where there is one, or anything else', () => {
    const folder = smallRun();
    const refusal = refusalOf(() => createRun(fs, folder, smallManifest({ seed: 2 })));
    expectRefusal(refusal, 'file-access');
    expect(refusal.message).toContain('holds a run already');
    expect(openRun(fs, folder).manifest.seed).toBe(1);
    const other = temporaryFolder();
    mkdirSync(join(other, 'photos'));
    writeFileSync(join(other, 'photos', 'holiday.jpg'), '');
    expect(refusalOf(() => createRun(fs, join(other, 'photos'), smallManifest())).message).toContain('holiday.jpg');
    expectRefusal(
      refusalOf(() => createRun(fs, join(other, 'photos', 'holiday.jpg'), smallManifest())),
      'file-access',
    );
  });

  test('is not made over checkpoints or anything else in their folder', () => {
    const folder = join(temporaryFolder(), 'small');
    mkdirSync(join(folder, 'checkpoints'), { recursive: true });
    writeFileSync(join(folder, 'checkpoints', 'thesis.txt'), '');
    expect(refusalOf(() => createRun(fs, folder, smallManifest())).message).toContain('(checkpoints)');
  });

  test('that is new is flushed with every folder that is new above it', () => {
    const root = temporaryFolder();
    const flushed: string[] = [];
    const recording = { ...fs, syncFolder: (path: string) => void flushed.push(path.slice(root.length)) };
    createRun(recording, join(root, 'lab', 'runs', 'small'), smallManifest()).lock.release();
    expect(flushed).toEqual(['/lab/runs/small', '', '/lab', '/lab/runs']);
    createRun(recording, join(root, 'lab', 'runs', 'other'), smallManifest()).lock.release();
    expect(flushed.slice(4)).toEqual(['/lab/runs/other', '/lab/runs']);
  });

  test('whose plan no reader would take is a fault of ours and is not written', () => {
    let deep: string | readonly unknown[] = '';
    for (let i = 0; i < 70; i++) deep = [deep];
    const folder = join(temporaryFolder(), 'small');
    const manifest = smallManifest({ plan: deep as RunManifest['plan'] });
    expect(() => createRun(fs, folder, manifest)).toThrow(/at fault: .* nested deeper/);
    expect(existsSync(join(folder, 'run.json'))).toBe(false);
    const contents = { ...smallContents(1), training: manifest.plan };
    expect(() => publishCheckpoint(fs, folder, contents)).toThrow(/at fault: .* nested deeper/);
  });

  test('whose making is killed at any call is no run, and can be made again', () => {
    const counter = faultingFileSystem(unflushedFileSystem, Number.POSITIVE_INFINITY, 'crash');
    createRun(counter, join(temporaryFolder(), 'small'), smallManifest()).lock.release();
    for (let k = 1; k <= counter.numCalls(); k++) {
      const folder = join(temporaryFolder(), 'small');
      expect(() => createRun(faultingFileSystem(unflushedFileSystem, k, 'crash'), folder, smallManifest())).toThrow(
        Crash,
      );
      if (existsSync(join(folder, 'run.json'))) expect(openRun(fs, folder).manifest).toEqual(smallManifest());
      else createRun(fs, folder, smallManifest()).lock.release();
    }
  });

  test('whose status is being written when its process dies has the old one or the new one', () => {
    for (let k = 1; k <= 6; k++) {
      const folder = smallRun();
      const finished = smallManifest({ status: 'finished' });
      const update = () => openRun(faultingFileSystem(unflushedFileSystem, k, 'crash'), folder).update(finished);
      if (k < 6) expect(update, `call ${k}`).toThrow(Crash);
      else update();
      expect(['running', 'finished']).toContain(openRun(fs, folder).manifest.status);
    }
  });

  test('in a folder with spaces, a tilde and letters of any language is as good (reliability 16)', () => {
    const folder = smallRun(join(temporaryFolder(), '~ my runs', "it's 10% größer 实验", 'run one'));
    expect(verifyRun(fs, folder)).toEqual([]);
    expect(newestCheckpoint(fs, folder).checkpoint?.step).toBe(20);
    expect(listRuns(fs, join(folder, '..')).map(({ name }) => name)).toEqual(['run one']);
    deleteRun(fs, folder);
    expect(readdirSync(join(folder, '..'))).toEqual([]);
  });

  test('that is not there, or is none, is refused', () => {
    const folder = temporaryFolder();
    expectRefusal(
      refusalOf(() => openRun(fs, join(folder, 'none'))),
      'file-not-found',
    );
    expectRefusal(
      refusalOf(() => openRun(fs, folder)),
      'invalid-run',
    );
  });
});

describe('run.json that is broken (reliability 3, 4)', () => {
  const cases: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    ['cut off', (text) => text.slice(0, 300), /JSON in UTF-8/],
    ['empty', () => '', /JSON in UTF-8/],
    ['a digit of its seed changed', (text) => text.replace('"seed": 1', '"seed": 3'), /it was changed/],
    ['of another format', (text) => text.replace('groundwork-run', 'other'), /the format "groundwork-run"/],
    ['of a later version', (text) => text.replace('"version": 1', '"version": 2'), /found version 2/],
    ['written in another layout', (text) => JSON.stringify(JSON.parse(text)), /in another/],
    ['nested too deep', () => `{"a":${'['.repeat(9999)}${']'.repeat(9999)}}`, /levels of nesting/],
    ['longer than a record is', () => ' '.repeat(2 ** 24 + 1), /found 16777217 bytes/],
  ];
  for (const [what, change, message] of cases) {
    test(`${what} is refused, named by every reader, and the run can still be deleted`, () => {
      const folder = smallRun();
      const path = join(folder, 'run.json');
      writeFileSync(path, change(readFileSync(path, 'utf8')));
      const refusal = refusalOf(() => openRun(fs, folder));
      expectRefusal(refusal, 'invalid-run');
      expect(refusal.message).toMatch(message);
      expect(verifyRun(fs, folder)[0]).toMatchObject({ file: 'run.json' });
      expect(listRuns(fs, join(folder, '..'))).toMatchObject([{ name: 'small', problem: { file: 'run.json' } }]);
      deleteRun(fs, folder);
      expect(existsSync(folder)).toBe(false);
    });
  }
});

describe('the lock of a run (reliability 13)', () => {
  test('keeps a second process out of the same run, whatever it wants to do there', () => {
    const folder = join(temporaryFolder(), 'small');
    const { lock } = createRun(fs, folder, smallManifest());
    const second = spawnSync(
      process.execPath,
      ['--import', 'tsx', join(import.meta.dirname, 'lock-in-process.ts'), folder],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(second.stdout)).toEqual({
      lock: `locked: the run ${folder} is in use by process ${process.pid}`,
      delete: `locked: the run ${folder} is in use by process ${process.pid}`,
      create: `file-access: ${folder} holds a run already`,
    });
    expect(openRun(fs, folder).manifest).toEqual(smallManifest());
    lock.release();
    lockRun(folder).release();
  });

  test('is taken over from a process that is gone', () => {
    const folder = smallRun();
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const holder = { process: gone, startedAt: null, machine: hostname(), token: 'other' };
    writeFileSync(join(folder, 'run.lock'), JSON.stringify(holder));
    lockRun(folder).release();
    expect(existsSync(join(folder, 'run.lock'))).toBe(false);
  });
});

describe('deleteRun', () => {
  test('refuses what is no run, and a link to one', () => {
    const folder = smallRun();
    const photos = join(temporaryFolder(), 'photos');
    mkdirSync(photos);
    writeFileSync(join(photos, 'run.json'), '{"name":"run.json of something else"}');
    expectRefusal(
      refusalOf(() => deleteRun(fs, photos)),
      'invalid-run',
    );
    const link = join(photos, 'link');
    symlinkSync(folder, link);
    expectRefusal(
      refusalOf(() => deleteRun(fs, link)),
      'unsafe-path',
    );
    expectRefusal(
      refusalOf(() => deleteRun(fs, join(photos, 'none'))),
      'file-not-found',
    );
    expect(readdirSync(photos)).toEqual(['link', 'run.json']);
    expect(verifyRun(fs, folder)).toEqual([]);
  });

  test('that is killed at any call leaves the run whole, or out of sight and gone with the next', () => {
    const counter = faultingFileSystem(unflushedFileSystem, Number.POSITIVE_INFINITY, 'crash');
    deleteRun(pieceByPiece(counter), smallRun());
    expect(counter.numCalls()).toBeGreaterThan(10);
    for (let k = 1; k <= counter.numCalls(); k++) {
      const folder = smallRun();
      expect(() => deleteRun(pieceByPiece(faultingFileSystem(unflushedFileSystem, k, 'crash')), folder)).toThrow(Crash);
      if (existsSync(folder)) expect(verifyRun(fs, folder)).toEqual([]);
      expect(listRuns(fs, join(folder, '..')).length).toBe(existsSync(folder) ? 1 : 0);
      if (!existsSync(folder)) smallRun(folder);
      deleteRun(fs, folder);
      expect(readdirSync(join(folder, '..'))).toEqual([]);
    }
  });
});

describe('what a deletion that was killed has left', () => {
  test('goes with the next run that is deleted or made; what is not of a run stays', () => {
    const runs = temporaryFolder();
    const killed = (name: string): void => {
      const folder = smallRun(join(runs, name));
      const renamedOnly = faultingFileSystem(unflushedFileSystem, 4, 'crash');
      expect(() => deleteRun(pieceByPiece(renamedOnly), folder)).toThrow(Crash);
      expect(readdirSync(runs)).toContain(`.trash-${name}`);
    };
    mkdirSync(join(runs, '.trash-other', 'photos'), { recursive: true });
    smallRun(join(runs, 'b'));
    killed('a');
    deleteRun(fs, join(runs, 'b'));
    expect(readdirSync(runs)).toEqual(['.trash-other']);
    killed('a');
    smallRun(join(runs, 'c'));
    expect(readdirSync(runs)).toEqual(['.trash-other', 'c']);
  });
});

describe('the name of a run (reliability 11)', () => {
  const bad = [
    '',
    '.',
    '..',
    '../x',
    'a/../../x',
    'a/b',
    '/etc/passwd',
    'C:\\x',
    'C:x',
    '..\\x',
    'a\0b',
    'a\nb',
    'CON',
    'con.txt',
    'nul',
    'COM1',
    'x'.repeat(300),
    'é'.repeat(101),
    '<script>alert(1)</script>',
    'a|b',
    'a.',
    'a ',
    '.hidden',
    '-rf',
    'e\u0301',
    '\ud800',
  ];
  test('that is not safe everywhere is refused, and nothing is made', () => {
    const runs = temporaryFolder();
    for (const name of bad) {
      expect(faultOfRunName(name), name).toBeTypeOf('string');
      const refusal = refusalOf(() => runFolder(runs, name));
      expectRefusal(refusal, 'unsafe-path');
      expect(refusal.message.length).toBeLessThan(300);
    }
    for (const name of ['CON', '<script>', 'x'.repeat(300)]) {
      expectRefusal(
        refusalOf(() => createRun(fs, join(runs, name), smallManifest())),
        'unsafe-path',
      );
    }
    expect(readdirSync(runs)).toEqual([]);
  });

  test('may be in any language', () => {
    for (const name of ['presidents-1', 'größer', '实验 3', 'v1.2_final', 'x'.repeat(200), 'é']) {
      expect(faultOfRunName(name), name).toBeUndefined();
      expect(runFolder('runs', name)).toBe(join('runs', name));
    }
  });

  test('that a link leads out of the folder of runs is refused', () => {
    const [runs, outside] = [temporaryFolder(), temporaryFolder()];
    symlinkSync(outside, join(runs, 'innocent'));
    expectRefusal(
      refusalOf(() => runFolder(runs, 'innocent')),
      'unsafe-path',
    );
  });

  test('by default has what it is about, the day, and the next free number', () => {
    const runs = temporaryFolder();
    const now = new Date('2026-11-23T23:59:00Z');
    expect(nextRunName(fs, join(runs, 'none'), 'presidents', now)).toBe('presidents-2026-11-23-1');
    for (const name of ['presidents-2026-11-23-1', 'Presidents-2026-11-23-2']) mkdirSync(join(runs, name));
    expect(nextRunName(fs, runs, 'presidents', now)).toBe('presidents-2026-11-23-3');
    for (const topic of [...bad, 'größer', '实验', '--x--']) {
      expect(faultOfRunName(nextRunName(fs, runs, topic, now)), topic).toBeUndefined();
    }
    expect(nextRunName(fs, runs, 'größer <3', now)).toBe('gro-er-3-2026-11-23-1');
  });
});

describe('listRuns', () => {
  test('lists runs by name and passes over everything else', () => {
    const runs = temporaryFolder();
    expect(listRuns(fs, join(runs, 'none'))).toEqual([]);
    for (const name of ['b', 'a']) smallRun(join(runs, name), { name });
    mkdirSync(join(runs, 'empty'));
    mkdirSync(join(runs, '.trash-c'));
    writeFileSync(join(runs, '.trash-c', 'run.json'), '{}');
    writeFileSync(join(runs, 'notes.txt'), 'x');
    expect(listRuns(fs, runs)).toMatchObject([{ name: 'a', manifest: { name: 'a' } }, { name: 'b' }]);
  });
});
