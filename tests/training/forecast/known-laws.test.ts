import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeFileSystem as fs } from '../../../src/core/node.ts';
import { knownLaws, lawFolders, readLaw } from '../../../src/training/index.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { syntheticLadder } from '../../theory/forecasting/synthetic-ladder.ts';

const write = (folder: string, name: string, contents: unknown): void =>
  writeFileSync(join(folder, name), typeof contents === 'string' ? contents : JSON.stringify(contents));

describe('the laws that there are', () => {
  test('are the records of all folders, a name once, one’s own before those that ship', () => {
    const [own, shipped] = [temporaryFolder(), temporaryFolder()];
    write(own, 'mine.json', syntheticLadder({ name: 'a', corpusName: 'mine' }));
    write(shipped, 'a.json', syntheticLadder({ name: 'a', corpusName: 'theirs' }));
    write(shipped, 'b.json', syntheticLadder({ name: 'b' }));
    const { records, problems } = knownLaws(fs, [own, shipped, join(own, 'none')]);
    expect(records.map(({ name, corpus }) => [name, corpus.name])).toEqual([
      ['a', 'mine'],
      ['b', 'presidents'],
    ]);
    expect(problems).toEqual([]);
  });

  test('a file that is none is told of, and the others are read', () => {
    const folder = temporaryFolder();
    write(folder, 'a.json', '{"format":');
    write(folder, 'b.json', { ...syntheticLadder(), points: [] });
    mkdirSync(join(folder, 'c.json'));
    write(folder, 'd.json', syntheticLadder({ name: 'sound' }));
    write(folder, 'notes.txt', 'x');
    const { records, problems } = knownLaws(fs, [folder]);
    expect(records.map(({ name }) => name)).toEqual(['sound']);
    expect(problems).toHaveLength(3);
    for (const [i, file] of ['a.json', 'b.json', 'c.json'].entries()) {
      expect(problems[i]).toMatch(/^A law is left out: /);
      expect(problems[i]).toContain(file);
    }
  });

  test('lie in laws/ of the working folder and beside package.json of Groundwork', () => {
    const folders = lawFolders(fs);
    expect(folders[0]).toBe(resolve('laws'));
    expect(folders).toContain(resolve(import.meta.dirname, '../../../laws'));
  });

  test('one that a person names has to be sound', () => {
    const folder = temporaryFolder();
    write(folder, 'broken.json', '[]');
    expectRefusal(
      refusalOf(() => readLaw(fs, join(folder, 'broken.json'))),
      'invalid-run',
    );
    expectRefusal(
      refusalOf(() => readLaw(fs, join(folder, 'none.json'))),
      'file-not-found',
    );
  });
});
