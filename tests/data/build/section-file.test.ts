import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { encodeSections, openSections } from '../../../src/data/build/section-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sections-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = () => join(folder, 'a.block');
const open = (verify = true) => openSections(nodeFileSystem, path(), { verify });
const example = () =>
  encodeSections(
    { name: 'é', list: [1, null] },
    {
      text: new Uint8Array([1, 2, 3]),
      empty: new Uint32Array(),
      ends: new Uint32Array([7, 2 ** 32 - 1, 9]),
      offsets: new Float64Array([2 ** 40, 0.5]),
    },
  );

describe('a section file', () => {
  test('gives back its header and sections', () => {
    writeFileSync(path(), example());
    const file = open();
    expect(file.header).toEqual({ name: 'é', list: [1, null] });
    expect([...file.bytes('text')]).toEqual([1, 2, 3]);
    expect([...file.uint32('empty')]).toEqual([]);
    expect([...file.uint32('ends')]).toEqual([7, 2 ** 32 - 1, 9]);
    expect([...file.uint32Range('ends', 1, 2)]).toEqual([2 ** 32 - 1, 9]);
    expect([...file.float64('offsets')]).toEqual([2 ** 40, 0.5]);
  });

  test('is the same bytes each time', () => {
    expect(Buffer.from(example()).equals(example())).toBe(true);
  });

  test('is refused when any of its bits has changed, by file and reason', () => {
    const bytes = example();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), (bit) => {
        const changed = bytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        writeFileSync(path(), changed);
        expect(() => open()).toThrow(expect.objectContaining({ code: 'invalid-dataset' }));
        expect(() => open()).toThrow(path());
      }),
    );
  });

  test('is refused at every length but its own', () => {
    const bytes = example();
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(path(), bytes.subarray(0, length));
      expect(() => open(), `${length} bytes`).toThrow(expect.objectContaining({ code: 'invalid-dataset' }));
    }
  });

  test('says so when a section is asked for that it does not have or that is shorter', () => {
    writeFileSync(path(), example());
    expect(() => open().bytes('other')).toThrow(/no section other/);
    expect(() => open().uint32Range('ends', 2, 2)).toThrow(/ends behind/);
  });

  test('that was cut off after it was opened is noticed without its hash', () => {
    writeFileSync(path(), example());
    const file = open(false);
    writeFileSync(path(), readFileSync(path()).subarray(0, 200));
    expect(() => file.float64('offsets')).toThrow(expect.objectContaining({ code: 'invalid-dataset' }));
  });
});
