import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CorpusOptions, readCorpus } from '../../../src/data/readers/corpus-reader.ts';
import { isRecordFault, parseRecord } from '../../../src/data/readers/parse-record.ts';
import { collected, textOf } from './collected.ts';
import { makeUnreadableFolder } from './unreadable-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'groundwork-corpus-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}
const read = (inputs: readonly string[], options: CorpusOptions = {}) =>
  collected(readCorpus(inputs, { workingFolder: folder, ...options }));
/** Reads standard input that arrives in the given pieces. */
const readPieces = (pieces: Iterable<string | Uint8Array>, options: CorpusOptions = {}) =>
  read(['-'], {
    ...options,
    standardInput: (async function* () {
      yield* pieces;
    })(),
  });
const sources = async (inputs: readonly string[]) => (await read(inputs)).records.map(({ source }) => source);

describe('the files of a corpus', () => {
  test('of a folder come sorted by code unit of their path, without hidden ones and node_modules', async () => {
    for (const path of [
      'b.txt',
      'a/z.txt',
      'a-b/c.txt',
      'Z.txt',
      '.hidden/x.txt',
      '.y.txt',
      'node_modules/p/q.txt',
      'é.txt',
    ]) {
      put(path, 'text');
    }
    const sorted = ['Z.txt', 'a-b/c.txt', 'a/z.txt', 'b.txt', 'é.txt'];
    expect(await sources(['.'])).toEqual(sorted);
    expect(await sources([folder])).toEqual(sorted);
    expect(await sources(['.hidden'])).toEqual(['x.txt']);
    expect(await sources(['node_modules'])).toEqual(['p/q.txt']);
  });

  test('of several inputs are named from the folder that holds them all, and read once', async () => {
    for (const path of ['one/a.txt', 'two/a.txt', 'two/b.md']) put(path, 'text');
    expect(await sources(['two', 'one', 'two/a.txt'])).toEqual(['two/a.txt', 'two/b.md', 'one/a.txt']);
    expect(await sources(['two/b.md'])).toEqual(['b.md']);
    expect(await sources(['*/a.txt'])).toEqual(['one/a.txt', 'two/a.txt']);
    expect(await sources(['two/*.{md,txt}'])).toEqual(['a.txt', 'b.md']);
  });

  test('with odd names are read under these names', async () => {
    const names = [
      'a b.txt',
      'CON.txt',
      '[x].txt',
      '<script>.txt',
      'new\nline.txt',
      'é.txt',
      'e\u0301.txt',
      `${'n'.repeat(250)}.txt`,
    ];
    for (const name of names) put(name, name);
    const { records, faults } = await read(['.']);
    expect(records.map(({ source }) => source).sort()).toEqual(names.sort());
    expect(records.map(textOf).sort()).toEqual(names.sort());
    expect(faults).toEqual([]);
    expect(await sources(['[x].txt'])).toEqual(['[x].txt']);
  });

  test('behind links are read once, and links out of the folder are not followed', async () => {
    put('corpus/a.txt', 'inside');
    put('corpus/.store/b.txt', 'hidden target');
    put('secret/c.txt', 'outside');
    symlinkSync('../secret/c.txt', join(folder, 'corpus/leak.txt'));
    symlinkSync('../secret', join(folder, 'corpus/leaks'));
    symlinkSync('a.txt', join(folder, 'corpus/again.txt'));
    symlinkSync('.store/b.txt', join(folder, 'corpus/shown.txt'));
    symlinkSync('..', join(folder, 'corpus/circle'));
    symlinkSync('nowhere', join(folder, 'corpus/dangling.txt'));
    for (const input of ['corpus', 'corpus/**']) {
      const { records, skipped, faults } = await read([input]);
      // A glob matches no links at all.
      const isFolder = input === 'corpus';
      expect(records.map(textOf)).toEqual(['inside', ...(isFolder ? ['hidden target'] : [])]);
      expect(records.map(({ source }) => source)).toEqual(['a.txt', ...(isFolder ? ['shown.txt'] : [])]);
      expect(faults).toEqual([]);
      if (isFolder) {
        expect(Object.fromEntries(skipped.map(({ source, reason }) => [source, reason]))).toEqual({
          'again.txt': 'link-read-elsewhere',
          circle: 'link-leaves-folder',
          'dangling.txt': 'link-leaves-folder',
          'leak.txt': 'link-leaves-folder',
          leaks: 'link-leaves-folder',
        });
      }
    }
    expect((await read(['corpus/leak.txt'])).records.map(textOf)).toEqual(['outside']);
  });

  test('of unknown format are listed in a folder and refused where they are named', async () => {
    put('a.csv', 'x');
    put('b.bin.gz', gzipSync('x'));
    put('program', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]));
    put('README', 'plain text');
    const { records, skipped } = await read(['.']);
    expect(records.map(({ source, format }) => [source, format])).toEqual([['README', 'text']]);
    expect(skipped).toEqual([
      { source: 'a.csv', reason: 'unknown-format' },
      { source: 'b.bin.gz', reason: 'unknown-format' },
      { source: 'program', reason: 'binary' },
    ]);
    await expect(read(['a.csv'])).rejects.toMatchObject({ code: 'invalid-document' });
    await expect(read(['program'])).rejects.toMatchObject({ code: 'invalid-document' });
    expect((await read(['a.csv'], { format: 'text' })).records.map(textOf)).toEqual(['x']);
  });

  test('beside a folder that cannot be listed are read, and the folder is a fault', async () => {
    put('in/a.txt', 'text');
    const undo = makeUnreadableFolder(join(folder, 'in'), 'deep');
    try {
      const { records, faults } = await read(['in']);
      expect(records.map(({ source }) => source)).toEqual(['a.txt']);
      expect(faults).toMatchObject([{ kind: 'unreadable-file', message: 'the folder cannot be read (ENAMETOOLONG)' }]);
      expect(faults[0]?.source).toMatch(/^deep\//);
    } finally {
      undo();
    }
  });

  test('that are missing are errors by name, and a file that vanished is a fault', async () => {
    await expect(read(['absent.txt'])).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(read(['*.txt'])).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(read(['a\0b'])).rejects.toMatchObject({ code: 'unsafe-path' });
    await expect(read([`${'n'.repeat(300)}.txt`])).rejects.toMatchObject({
      code: expect.stringMatching(/^file-/) as string,
    });
    await expect(read(['.'], { maximumDocumentBytes: 2 ** 30 })).rejects.toMatchObject({ code: 'usage' });
    const big = `${JSON.stringify({ text: 'x'.repeat(1000) })}\n`.repeat(3000);
    put('a.jsonl', big);
    put('b.txt', 'text');
    const faults: string[] = [];
    for await (const batch of readCorpus([folder])) {
      rmSync(join(folder, 'b.txt'), { force: true });
      faults.push(...batch.faults.map(({ source, kind }) => `${source} ${kind}`));
    }
    expect(faults).toEqual(['b.txt unreadable-file']);
  });
});

describe('the formats', () => {
  test('are told by extension, by magic numbers, and by content', async () => {
    put('a.md', '# x');
    put('b.HTML', '<p>x');
    put('c.jsonl', '{"text":"x"}\n');
    put('d.json', '[{"text":"x"},\n{"text":"y"}]');
    put('e.json', '{\n"text":\n"x"}\n{"text":"y"}');
    put('f.json', '{"text":"x"}\n{"text":"y"}\n');
    put('g.txt.gz', gzipSync('packed'));
    put('h.jsonl', gzipSync('{"text":"packed without saying so"}\n'));
    put('i', '<!DOCTYPE html><p>x');
    put('j', '{"text":"x"}\n');
    put('k.ndjson.zst', Buffer.from('KLUv/QBYMQAAc2hvcnQK', 'base64'));
    put('l.gz', gzipSync('{"text":"x"}\n'));
    const { records, faults } = await read(['.']);
    expect(faults).toEqual([]);
    expect(records.map(({ source, format, line }) => `${source} ${format} ${line}`)).toEqual([
      'a.md markdown 1',
      'b.HTML html 1',
      'c.jsonl json 1',
      'd.json json 1',
      'd.json json 2',
      'e.json json 1',
      'e.json json 4',
      'f.json json 1',
      'f.json json 2',
      'g.txt.gz text 1',
      'h.jsonl json 1',
      'i html 1',
      'j json 1',
      'k.ndjson.zst json 1',
      'l.gz json 1',
    ]);
  });

  test('of a stream are told where its first line is longer than what is looked at', async () => {
    const formatOf = async (text: string) => (await readPieces([text])).records.map(({ format }) => format);
    const long = JSON.stringify({ text: 'x'.repeat(9000) });
    expect(await formatOf(`${long}\n${long}\n`)).toEqual(['json', 'json']);
    expect(await formatOf(`[${long}, ${long}]`)).toEqual(['json', 'json']);
    expect(await formatOf('[\n  {"text": "a"},\n  {"text": "b"}\n]')).toEqual(['json', 'json']);
    expect(await formatOf('{\n  "text": "a"\n}\n{\n  "text": "b"\n}\n')).toEqual(['json', 'json']);
    for (const prose of [
      '{"a": nothing',
      '[1] a reference',
      '[{x}]',
      '{',
      '{"quoted" words',
      `{${'x'.repeat(9000)}`,
      '[1]',
    ]) {
      expect(await formatOf(prose), prose.slice(0, 20)).toEqual(['text']);
    }
  });

  test('text may be a document a file, a paragraph, or a line', async () => {
    put('a.txt', 'one\ntwo\n\nthree\n');
    expect((await read(['a.txt'])).records.map(textOf)).toEqual(['one\ntwo\n\nthree\n']);
    expect((await read(['a.txt'], { documents: 'paragraph' })).records.map(textOf)).toEqual(['one\ntwo\n', 'three\n']);
    expect((await read(['a.txt'], { documents: 'line' })).records.map(textOf)).toEqual(['one', 'two', 'three']);
  });

  test('a byte-order mark belongs to no record', async () => {
    for (const pieces of [
      ['\ufeff{"text":"x"}\n{}'],
      [Buffer.from([0xef]), Buffer.from([0xbb, 0xbf]), '{"text":"x"}\n{}'],
    ]) {
      const { records } = await readPieces(pieces);
      expect(records.map((record) => [record.byteOffset, textOf(record)])).toEqual([
        [3, '{"text":"x"}'],
        [16, '{}'],
      ]);
    }
  });

  test('an archive with a truncated tail gives what is complete, and a fault where the rest began', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => JSON.stringify({ text: `document ${i} ${(i * i) % 997}` }));
    const packed = gzipSync(`${lines.join('\n')}\n`);
    put('a.jsonl.gz', packed.subarray(0, packed.length - 4000));
    put('b.txt', 'goes on');
    const { records, faults } = await read(['.']);
    const numLines = records.length - 1;
    expect(numLines).toBeGreaterThan(1000);
    expect(records.slice(0, -1).map(textOf)).toEqual(lines.slice(0, numLines));
    expect(records.at(-1)).toMatchObject({ source: 'b.txt' });
    const byteOffset = lines.slice(0, numLines).reduce((sum, line) => sum + line.length + 1, 0);
    expect(faults).toMatchObject([{ source: 'a.jsonl.gz', kind: 'truncated', line: numLines + 1, byteOffset }]);
    put('c.txt.gz', 'no archive');
    put('d.txt.gz', '');
    expect((await read(['c.txt.gz', 'd.txt.gz'])).faults.map(({ kind }) => kind)).toEqual([
      'corrupt-archive',
      'truncated',
    ]);
  });
});

describe('bad input on a stream', () => {
  const mebibyte = Buffer.alloc(2 ** 20, 0x61);
  function* longLine(numMebibytes: number): Generator<string | Uint8Array> {
    yield '{"text":"before"}\n{"text":"';
    for (let i = 0; i < numMebibytes; i++) yield mebibyte;
    yield '"}\n{"text":"after"}';
  }

  for (const [what, numMebibytes] of [
    ['1 GB', 1024],
    ['600 MB', 600],
  ] as const) {
    test(`a line of ${what} is a fault with its place, and memory stays below a few documents`, async () => {
      const limit = 2 ** 23;
      const before = process.memoryUsage().rss;
      let peak = before;
      const pieces = (function* () {
        for (const piece of longLine(numMebibytes)) {
          yield piece;
          peak = Math.max(peak, process.memoryUsage.rss());
        }
      })();
      const { records, faults } = await readPieces(pieces, { format: 'jsonl', maximumDocumentBytes: limit });
      expect(records.map(textOf)).toEqual(['{"text":"before"}', '{"text":"after"}']);
      expect(records[1]).toMatchObject({ line: 3, byteOffset: 18 + 9 + numMebibytes * 2 ** 20 + 3 });
      expect(faults).toMatchObject([{ source: '<stdin>', kind: 'oversized', line: 2, byteOffset: 18 }]);
      expect(faults[0]?.message).toContain(`${numMebibytes * 2 ** 20 + 11} bytes`);
      expect(peak - before).toBeLessThan(8 * limit);
    });
  }

  test('32 MB of spaces on a line are too long, and blank where they are allowed', async () => {
    const spaces = Buffer.alloc(2 ** 25, 0x20);
    expect((await readPieces([spaces, '\n{}'], { format: 'jsonl' })).faults).toMatchObject([
      { kind: 'oversized', line: 1 },
    ]);
    const wide = await readPieces([spaces, '\n{}'], { format: 'jsonl', maximumDocumentBytes: 2 ** 26 });
    expect(wide.faults).toEqual([]);
    expect(wide.records.map(({ line }) => line)).toEqual([2]);
  });

  test('a million empty documents are a million records, and empty lines are none', async () => {
    const block = Buffer.from('{"text":""}\n\n\r\n'.repeat(10_000));
    let numRecords = 0;
    let lastLine = 0;
    const standardInput = (async function* () {
      for (let i = 0; i < 100; i++) yield block;
    })();
    for await (const { records } of readCorpus(['-'], { standardInput, format: 'jsonl' })) {
      numRecords += records.length;
      for (const record of records) {
        const parsed = parseRecord(record);
        if (isRecordFault(parsed) || parsed.text !== '') throw new Error('expected an empty document');
      }
      lastLine = records.at(-1)?.line ?? lastLine;
    }
    expect(numRecords).toBe(1e6);
    expect(lastLine).toBe(3e6 - 2);
  });

  test('CRLF, NUL, invalid UTF-8, lone surrogates and a missing last end each have their outcome', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"text":"crlf"}\r\n{"text":"\0"}\n{"text":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}\n{"text":"\\udc00"}\n{"text":"<|bos|>"}'),
    ]);
    const { records } = await readPieces([bytes], { format: 'jsonl' });
    const outcomes = records.map((record) => {
      const parsed = parseRecord(record);
      return isRecordFault(parsed) ? `${parsed.line}:${parsed.byteOffset} ${parsed.kind}` : parsed.text;
    });
    expect(outcomes).toEqual(['crlf', '2:17 invalid-json', '3:30 invalid-utf8', '\ufffd', '<|bos|>']);
  });

  test('the event loop turns while a large file is read', async () => {
    put('a.txt', Buffer.alloc(2 ** 25, 'text\n'));
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const { bytesRead } = await read(['a.txt']);
    clearInterval(count);
    expect(bytesRead).toBe(2 ** 25);
    expect(turns).toBeGreaterThan(2);
  });
});
