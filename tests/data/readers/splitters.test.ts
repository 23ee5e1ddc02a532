import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonSplitter } from '../../../src/data/readers/json-splitter.ts';
import { LineSplitter } from '../../../src/data/readers/line-splitter.ts';
import { TextSplitter } from '../../../src/data/readers/text-splitter.ts';
import { runsOf } from '../../support/full-tests.ts';
import { cutAt, type Line, split } from './collected.ts';

const text = (alphabet: string) =>
  fc.array(fc.constantFrom(...alphabet), { maxLength: 60 }).map((letters) => Buffer.from(letters.join('')));
const places = fc.array(fc.nat(200), { maxLength: 12 });

/** The lines of a text with where they begin, as anyone would find them. */
function naiveLines(bytes: Buffer): { line: number; byteOffset: number; content: string; end: number }[] {
  const parts = bytes.toString('latin1').split('\n');
  let byteOffset = 0;
  return parts.map((part, index) => {
    const found = { line: index + 1, byteOffset, content: part.replace(/\r$/, ''), end: byteOffset + part.length + 1 };
    byteOffset = found.end;
    return found;
  });
}

describe('lines', () => {
  function naive(bytes: Buffer, maximumBytes: number): Line[] {
    return naiveLines(bytes)
      .filter(({ content }) => content.length > maximumBytes || content.trim() !== '')
      .map(({ line, byteOffset, content }) =>
        content.length > maximumBytes ? `${line}:${byteOffset} !oversized` : `${line}:${byteOffset} ${content}`,
      );
  }

  test('are those of a naive splitter, wherever the chunks are cut', () => {
    fc.assert(
      fc.property(text('ab \t\r\n\n\0'), places, fc.integer({ min: 1, max: 12 }), (bytes, cuts, maximumBytes) => {
        const found = split(cutAt(bytes, cuts), (sink) => new LineSplitter(sink, maximumBytes));
        expect(found).toEqual(naive(bytes, maximumBytes));
      }),
      { numRuns: runsOf(2000) },
    );
  });

  test('may end in CRLF, be empty, hold NUL, and lack a last end', () => {
    const bytes = Buffer.from('one\r\n\r\n\ntwo\0\nthree');
    expect(split([bytes], (sink) => new LineSplitter(sink, 100))).toEqual(['1:0 one', '4:8 two\0', '5:13 three']);
  });

  test('of exactly the limit fit, whether they end in LF, CRLF or with the file', () => {
    const found = split([Buffer.from('abcd\nabcd\r\nabcde\nabcd')], (sink) => new LineSplitter(sink, 4));
    expect(found).toEqual(['1:0 abcd', '2:5 abcd', '3:11 !oversized', '4:17 abcd']);
  });
});

describe('texts', () => {
  test('are one document a file where they fit', () => {
    const make = (bytes: string) => split([Buffer.from(bytes)], (sink) => new TextSplitter(sink, 100, 'file'));
    expect(make('a\n\nb\n')).toEqual(['1:0 a\n\nb\n']);
    expect(make('')).toEqual(['1:0 ']);
  });

  test('above the limit are cut behind the last blank line that fits, else behind the last line', () => {
    const found = split([Buffer.from('aa\n\nbb\ncc\ndd\nee\n')], (sink) => new TextSplitter(sink, 9, 'file'));
    expect(found).toEqual(['1:0 aa\n\n', '3:4 bb\ncc\ndd\n', '6:13 ee\n']);
  });

  test('lose only the line that does not fit', () => {
    const found = split([Buffer.from('aa\nbbbbbbbbb\ncc\n')], (sink) => new TextSplitter(sink, 5, 'file'));
    expect(found).toEqual(['1:0 aa\n', '2:3 !oversized', '3:13 cc\n']);
  });

  test('lose nothing else, and every piece has its place, wherever the chunks are cut', () => {
    fc.assert(
      fc.property(text('abc \r\n\n'), places, fc.integer({ min: 1, max: 14 }), (bytes, cuts, maximumBytes) => {
        const found = split(cutAt(bytes, cuts), (sink) => new TextSplitter(sink, maximumBytes, 'file'));
        expect(found).toEqual(split([bytes], (sink) => new TextSplitter(sink, maximumBytes, 'file')));
        const lines = naiveLines(bytes);
        let next = 0;
        let isFull = false;
        for (const one of found) {
          const [, line, byteOffset, content = ''] = /^(\d+):(\d+) ([\s\S]*)$/.exec(one) ?? [];
          // The end of a line that fills the limit belongs to nothing.
          if (isFull && bytes[next] === 0x0a && Number(byteOffset) === next + 1) next++;
          expect(Number(byteOffset)).toBe(next);
          const at = lines.findLast((candidate) => candidate.byteOffset <= next);
          expect(Number(line)).toBe(at?.line);
          if (content === '!oversized') {
            expect(at?.byteOffset).toBe(next);
            next = Math.min(at?.end ?? 0, bytes.length);
            expect(next - Number(byteOffset)).toBeGreaterThan(maximumBytes);
          } else {
            expect(content.length).toBeLessThanOrEqual(maximumBytes);
            expect(content).toBe(bytes.toString('latin1', next, next + content.length));
            next += content.length;
          }
          isFull = content.length === maximumBytes;
        }
        if (isFull && bytes[next] === 0x0a) next++;
        expect(next).toBe(bytes.length);
      }),
      { numRuns: runsOf(2000) },
    );
  });

  test('give the paragraphs of a naive splitter where all fit', () => {
    fc.assert(
      fc.property(text('ab \r\n\n\n'), places, (bytes, cuts) => {
        const expected: Line[] = [];
        let open: { line: number; byteOffset: number } | undefined;
        const close = (end: number) => {
          if (open) expected.push(`${open.line}:${open.byteOffset} ${bytes.toString('latin1', open.byteOffset, end)}`);
          open = undefined;
        };
        for (const { line, byteOffset, content } of naiveLines(bytes)) {
          if (/^[ \t\r]*$/.test(content)) close(byteOffset);
          else open ??= { line, byteOffset };
        }
        close(bytes.length);
        const found = split(cutAt(bytes, cuts), (sink) => new TextSplitter(sink, 1000, 'paragraph'));
        // An empty file is no paragraph.
        expect(found.filter((one) => one !== '1:0 ')).toEqual(expected);
      }),
      { numRuns: runsOf(2000) },
    );
  });
});

describe('JSON', () => {
  const places12 = fc.array(fc.nat(400), { maxLength: 12 });
  const spaces = fc.constantFrom('', ' ', '\n', '\r\n\t');

  test('arrays give their elements, wherever the chunks are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 6 }), spaces, spaces, places12, (values, a, b, cuts) => {
        const json = `${a}[${values.map((value) => `${a}${JSON.stringify(value, null, b)}${b}`).join(',')}${a}]${b}`;
        const bytes = Buffer.from(json);
        const found = split(cutAt(bytes, cuts), (sink) => new JsonSplitter(sink, 10_000, true));
        const contents = found.map((one) => Buffer.from(one.slice(one.indexOf(' ') + 1), 'latin1').toString());
        expect(contents.map((content) => JSON.parse(content) as unknown)).toEqual(
          values.map((value) => JSON.parse(JSON.stringify(value)) as unknown),
        );
        for (const [index, one] of found.entries()) {
          const [line, byteOffset] = (one.split(' ', 1)[0] ?? '').split(':').map(Number);
          expect(
            bytes
              .subarray(byteOffset)
              .toString()
              .startsWith(contents[index] ?? '?'),
          ).toBe(true);
          expect(line).toBe(bytes.subarray(0, byteOffset).toString().split('\n').length);
        }
      }),
      { numRuns: runsOf(1000) },
    );
  });

  test('objects printed over several lines follow one another', () => {
    const bytes = Buffer.from('{\n "a": "}"\n}\n{"b":\n[{}]}\n');
    const found = split(cutAt(bytes, [3, 9, 14]), (sink) => new JsonSplitter(sink, 100, false));
    expect(found).toEqual(['1:0 {\n "a": "}"\n}', '4:14 {"b":\n[{}]}']);
  });

  test('an element above the limit is a fault, and those around it are delivered', () => {
    const bytes = Buffer.from('[{"a":1},\n{"b":"xxxxxxxxxxxxxxxx"},{"c":3}]');
    for (const cuts of [[], [12], [5, 20, 25]]) {
      const found = split(cutAt(bytes, cuts), (sink) => new JsonSplitter(sink, 10, true));
      expect(found).toEqual(['1:1 {"a":1}', '2:10 !oversized', '2:35 {"c":3}']);
    }
  });

  test('that is cut off, or closed wrongly, or followed by something, gives a fault with its place', () => {
    const make = (json: string) => split([Buffer.from(json)], (sink) => new JsonSplitter(sink, 100, true));
    expect(make('[{"a":1},{"b":')).toEqual(['1:1 {"a":1}', '1:9 !truncated']);
    expect(make('[{"a":1}')).toEqual(['1:1 !truncated']);
    expect(make('[1,,2]')).toEqual(['1:1 1', '1:3 !invalid-json', '1:4 2']);
    expect(make('[1,]')).toEqual(['1:1 1', '1:3 !invalid-json']);
    expect(make('[1}]')).toEqual(['1:1 1', '1:2 !invalid-json']);
    expect(make('[1]\n[2]')).toEqual(['1:1 1', '2:4 !invalid-json']);
    expect(make('[]')).toEqual([]);
  });
});
