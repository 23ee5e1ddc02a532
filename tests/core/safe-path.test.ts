import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { faultOfPath, resolveInside } from '../../src/core/node.ts';
import { expectRefusal, refusalOf } from '../support/expect-refusal.ts';

const folder = mkdtempSync(join(tmpdir(), 'groundwork-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, 'root');
mkdirSync(join(root, 'inner'), { recursive: true });
writeFileSync(join(folder, 'secret'), 'secret');
writeFileSync(join(root, 'inner', 'file'), '');
symlinkSync('../secret', join(root, 'link-out'));
symlinkSync('..', join(root, 'folder-out'));
symlinkSync('../not-yet-there', join(root, 'dangling-out'));
symlinkSync('inner/file', join(root, 'link-in'));
symlinkSync('round-b', join(root, 'round-a'));
symlinkSync('round-a', join(root, 'round-b'));

describe('resolveInside', () => {
  for (const path of [
    'inner/file',
    'inner/new',
    'new/er/est',
    'link-in',
    'ä b.tokens',
    '.hidden',
    'a..b',
    'COM',
    'console',
    '名前',
  ]) {
    test(`takes ${path}`, () => {
      expect(resolveInside(root, path)).toBe(join(root, path));
    });
  }

  for (const [what, path] of [
    ['nothing', ''],
    ['the folder above', '../secret'],
    ['the folder above, in the middle', 'inner/../../secret'],
    ['the folder above, alone', '..'],
    ['the folder itself', '.'],
    ['a dot in the middle', 'inner/./file'],
    ['two slashes', 'inner//file'],
    ['a slash at the end', 'inner/'],
    ['an absolute path', '/etc/passwd'],
    ['a drive letter', 'C:\\x'],
    ['a drive letter with a slash', 'c:/x'],
    ['a drive letter alone', 'C:x'],
    ['a share of Windows', '\\\\server\\share'],
    ['a backslash', 'inner\\..\\..\\secret'],
    ['NUL', 'a\0b'],
    ['a line feed', 'a\nb'],
    ['a stream of Windows', 'file:stream'],
    ['a wildcard', 'a*'],
    ['a device of Windows', 'CON'],
    ['a device with an ending', 'inner/nul.txt'],
    ['a device in lower case', 'com1'],
    ['a name that ends in a dot', 'a.'],
    ['a name that ends in a space', 'a /b'],
    ['a long name', 'n'.repeat(300)],
    ['a long name in UTF-8', 'ä'.repeat(128)],
    ['a long path', 'a/'.repeat(600)],
    ['letters and marks that look like one letter', 'a\u0308'],
    ['half of a surrogate pair', 'a\ud800'],
    ['a link to a file outside', 'link-out'],
    ['a link to a folder outside', 'folder-out/secret'],
    ['a new file in a folder outside', 'folder-out/new'],
    ['a link to a file outside that is not there yet', 'dangling-out'],
  ] as const) {
    test(`refuses ${what}`, () => {
      const refusal = refusalOf(() => resolveInside(root, path));
      expectRefusal(refusal, 'unsafe-path');
      expect(refusal.message.length).toBeLessThan(400);
    });
  }

  test('refuses links that go round in a circle', () => {
    expectRefusal(
      refusalOf(() => resolveInside(root, 'round-a')),
      'unsafe-path',
    );
  });

  test('gives a path inside the folder or refuses, whatever the text', () => {
    const names = fc.oneof(
      fc.constantFrom('..', '.', '', 'inner', 'link-out', 'folder-out', 'C:', '\\', '~', 'file', '%2e%2e', '..\0'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(names, { maxLength: 5 }), (parts) => {
        const path = parts.join('/');
        try {
          expect(resolveInside(root, path).startsWith(root + sep)).toBe(true);
        } catch (error) {
          if (!(error instanceof GroundworkError)) throw error;
          expect(error.code).toBe('unsafe-path');
        }
      }),
      { numRuns: 500 },
    );
  });

  test('takes no two paths that Unicode holds for the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        if (faultOfPath(path) === undefined) expect(path.normalize('NFC')).toBe(path);
      }),
    );
  });
});
