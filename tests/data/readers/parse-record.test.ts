import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecordFormat } from '../../../src/data/document.ts';
import { applyFaultPolicy } from '../../../src/data/readers/fault-policy.ts';
import { isRecordFault, type ParseOptions, parseRecord } from '../../../src/data/readers/parse-record.ts';
import { decodeUtf8, firstInvalidUtf8 } from '../../../src/data/readers/strict-utf8.ts';
import { runsOf } from '../../support/full-tests.ts';

function parse(format: RecordFormat, content: string | Uint8Array, options?: ParseOptions, line = 1) {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return parseRecord({ source: 'a/b.jsonl', line, byteOffset: 100, format, bytes }, options);
}
function textOf(format: RecordFormat, content: string | Uint8Array, options?: ParseOptions): string {
  const parsed = parse(format, content, options);
  return isRecordFault(parsed) ? `!${parsed.kind}` : parsed.text;
}

describe('UTF-8', () => {
  test('is refused exactly where TextDecoder refuses it, and the byte named is the first bad one', () => {
    const pieces = fc.constantFrom(
      [0x61],
      [0xc3, 0xa9],
      [0xe2, 0x82, 0xac],
      [0xf0, 0x9f, 0x98, 0x80],
      [0xed, 0xa0, 0x80],
      [0xe0, 0x80, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xc0, 0x80],
      [0x80],
      [0xff],
      [0xf0, 0x9f],
    );
    const bytes = fc.oneof(
      fc.array(pieces, { maxLength: 8 }).map((all) => Uint8Array.from(all.flat())),
      fc.uint8Array({ maxLength: 12 }),
    );
    const strict = new TextDecoder('utf-8', { fatal: true });
    const isGood = (part: Uint8Array) => {
      try {
        strict.decode(part);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(bytes, (all) => {
        const at = firstInvalidUtf8(all);
        expect(at < 0).toBe(isGood(all));
        if (at < 0) return;
        // Everything before is good, and with the byte it is not, however it goes on.
        expect(isGood(all.subarray(0, at))).toBe(true);
        expect(new TextDecoder().decode(all.subarray(at)).startsWith('\ufffd')).toBe(true);
      }),
      { numRuns: runsOf(3000) },
    );
  });

  test('that is broken makes a fault that names the byte in the file', () => {
    const fault = parse('text', Buffer.from([0x61, 0x62, 0xff, 0x63]));
    expect(fault).toMatchObject({
      kind: 'invalid-utf8',
      line: 1,
      byteOffset: 100,
      message: 'found 0xff 0x63 at byte 102, expected UTF-8',
    });
    expect(parse('text', Buffer.from('\ufefftext', 'utf16le'))).toMatchObject({
      message: expect.stringContaining('UTF-16') as string,
    });
  });

  test('keeps NUL and a byte-order mark in the midst of a text', () => {
    expect(decodeUtf8(Buffer.from('a\0b\ufeffc'))).toEqual({ text: 'a\0b\ufeffc' });
  });
});

describe('a JSON record', () => {
  test('gives its text field and the fields that were asked for, as text', () => {
    const json = '{"text":"hello","id":7,"tags":["a"],"meta":{"lang":"en"},"none":null,"a.b":"dotted"}';
    const metadataFields = ['id', 'tags', 'meta.lang', 'none', 'absent', 'a.b'];
    expect(parse('json', json, { metadataFields })).toEqual({
      source: 'a/b.jsonl',
      line: 1,
      byteOffset: 100,
      text: 'hello',
      metadata: { id: '7', tags: '["a"]', 'meta.lang': 'en', 'a.b': 'dotted' },
    });
    expect(textOf('json', '{"article":{"body":"x"}}', { textField: 'article.body' })).toBe('x');
    expect(textOf('json', '{"text":""}')).toBe('');
  });

  test('without a string in the text field is a fault that says what it has', () => {
    const messageOf = (json: string) => {
      const parsed = parse('json', json);
      return isRecordFault(parsed) ? `${parsed.kind}: ${parsed.message}` : 'a document';
    };
    expect(messageOf('{"body":"x","id":1}')).toBe(
      'missing-field: found no field text (the record has body, id), expected a string in the field text',
    );
    expect(messageOf('{"text":5}')).toContain('found a number in the field text');
    expect(messageOf('{"text":null}')).toContain('found null in the field text');
    expect(messageOf('["text"]')).toContain('the record is an array');
    expect(messageOf('"text"')).toContain('the record is a string');
    expect(messageOf('{"text":"a\u0000b"}')).toMatch(/^invalid-json: /);
    expect(messageOf('{"text":"a"')).toMatch(/^invalid-json: /);
    expect(messageOf('')).toMatch(/^invalid-json: /);
  });

  test('takes nothing from what all objects inherit', () => {
    expect(textOf('json', '{}', { textField: 'constructor.name' })).toBe('!missing-field');
    expect(textOf('json', '{"__proto__":"mine"}', { textField: '__proto__' })).toBe('mine');
    const parsed = parse('json', '{"text":"a","__proto__":"b"}', { metadataFields: ['__proto__'] });
    expect(isRecordFault(parsed) ? [] : Object.entries(parsed.metadata)).toEqual([['__proto__', 'b']]);
  });

  test('has U+FFFD for the escape of a lone surrogate, and pairs stay whole', () => {
    expect(textOf('json', '{"text":"a\\ud800b\\udc00c\\ud83d\\ude00"}')).toBe('a\ufffdb\ufffdc😀');
    expect(textOf('json', '{"text":"\\uD800"}')).toBe('\ufffd');
  });

  test('nested a hundred thousand deep ends in a document or a fault', () => {
    const deep = '['.repeat(1e5) + ']'.repeat(1e5);
    expect(textOf('json', `{"text":"a","deep":${deep}}`)).toBe('a');
    // Writing it out again is deeper than the stack of older versions of Node.
    const written = textOf('json', `{"text":"a","deep":${deep}}`, { metadataFields: ['deep'] });
    expect(['a', '!invalid-json']).toContain(written);
  });
});

describe('Markdown', () => {
  test('stays as it is, without front matter, whose fields can be asked for', () => {
    const markdown = '---\ntitle: "A walk"\ntags: x\n---\n\n# Head\n\n*text*\n---\nmore\n';
    expect(parse('markdown', markdown, { metadataFields: ['title', 'author'] })).toMatchObject({
      text: '# Head\n\n*text*\n---\nmore\n',
      metadata: { title: 'A walk' },
    });
    expect(textOf('markdown', '+++\ntitle = "x"\n+++\nbody')).toBe('body');
    expect(textOf('markdown', '---\r\ntitle: x\r\n---\r\nbody')).toBe('body');
  });

  test('between two rules is no front matter where it names no field or begins with a blank line', () => {
    for (const text of [
      '---\n\nAn essay.\n\nSecond: yes.\n\n---\n\nAbout the author',
      '---\nAn essay, see https://example.com.\n---\nAbout',
      '+++\nhttps://example.com\n+++\nAbout',
    ]) {
      expect(textOf('markdown', text)).toBe(text);
    }
    expect(textOf('markdown', '---\n---\nbody')).toBe('body');
    expect(textOf('markdown', '---\n# a comment\ntags:\n  - x\n---\nbody')).toBe('body');
  });

  test('that begins with a rule keeps it, and so does a later piece of a file', () => {
    expect(textOf('markdown', '---\nno second rule')).toBe('---\nno second rule');
    expect(parse('markdown', '---\na: b\n---\nc', {}, 7)).toMatchObject({ text: '---\na: b\n---\nc' });
  });
});

describe('the policy for faults', () => {
  const fault = parse('json', '{"body":"x"}');
  if (!isRecordFault(fault)) throw new Error('expected a fault');

  test('skip lets the build go on', () => {
    expect(() => applyFaultPolicy(fault, 'skip')).not.toThrow();
  });

  test('stop names source, line and byte, what was found, and the way on', () => {
    expect(() => applyFaultPolicy(fault, 'stop')).toThrow(
      expect.objectContaining({
        code: 'invalid-document',
        message: expect.stringMatching(/^a\/b\.jsonl:1:100: missing-field: found no field text/) as string,
        hint: expect.stringContaining('--on-fault skip') as string,
      }) as Error,
    );
  });
});
