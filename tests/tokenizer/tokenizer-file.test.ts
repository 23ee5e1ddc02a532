import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { serializeTokenizer, tokenizerFromData } from '../../src/tokenizer/index.ts';
import { readTokenizer } from '../../src/tokenizer/node.ts';
import { smallTokenizerData } from './support/small-tokenizer.ts';

const folder = mkdtempSync(join(tmpdir(), 'groundwork-tokenizer-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

const small = tokenizerFromData(smallTokenizerData({ merges: [['t', 'h']], specials: ['<|bos|>'] }));
const ranks = Array.from({ length: 256 }, (_, byte) => `${Buffer.of(byte).toString('base64')} ${byte}`).join('\n');
const refusal = expect.objectContaining({ code: 'invalid-tokenizer' });

describe('a tokenizer is read', () => {
  test('from a tokenizer.json', () => {
    expect(readTokenizer(fileOf('tokenizer.json', serializeTokenizer(small))).fingerprint).toBe(small.fingerprint);
  });

  test('from a file of ranks whose name tells the pattern', () => {
    expect(readTokenizer(fileOf('cl100k_base.tiktoken', ranks)).vocabularySize).toBe(256);
    const path = fileOf('mine.tiktoken', ranks);
    expect(() => readTokenizer(path)).toThrow(refusal);
    expect(() => readTokenizer(path)).toThrow(path);
  });

  test('or refused by name where it is broken or is not text', () => {
    for (const [contents, fault] of [
      ['{', 'is not JSON'],
      [Uint8Array.of(0x7b, 0xff), 'is not UTF-8'],
    ] as const) {
      const path = fileOf('broken.json', contents);
      expect(() => readTokenizer(path)).toThrow(refusal);
      expect(() => readTokenizer(path)).toThrow(path);
      expect(() => readTokenizer(path)).toThrow(fault);
    }
  });

  test('or refused where there is none', () => {
    const read = () => readTokenizer(join(folder, 'nothing.json'));
    expect(read).toThrow(expect.objectContaining({ code: 'file-not-found' }));
  });
});
