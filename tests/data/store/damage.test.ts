import { renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonValue, randomStream, sha256Hex } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { openDataset } from '../../../src/data/store/dataset.ts';
import { fingerprintOf } from '../../../src/data/store/manifest.ts';
import { verifyDataset } from '../../../src/data/store/verification.ts';
import { serializeTokenizer } from '../../../src/tokenizer/index.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { memoryFiles } from './memory-files.ts';
import { byteTokenizer, writeSmallDataset } from './small-dataset.ts';
import { temporaryFolder } from './temporary-folder.ts';

const contents = {
  train: [['one', 'two', 'three'], ['four'], ['five', '', 'six']],
  validation: [['seven', 'acht'], ['ñu']],
};
const pristine = memoryFiles();
writeSmallDataset(pristine, '/d', contents);
const paths = [...pristine.files.keys()].map((path) => path.slice('/d/'.length)).sort();

/** A copy with one file replaced (`undefined`: deleted). */
function damaged(path: string, bytes: Uint8Array | undefined): ReturnType<typeof memoryFiles> {
  const files = new Map(pristine.files);
  if (bytes === undefined) files.delete(`/d/${path}`);
  else files.set(`/d/${path}`, bytes);
  return memoryFiles(files);
}
const bytesOf = (path: string): Uint8Array => pristine.files.get(`/d/${path}`) as Uint8Array;
type Manifest = { [key: string]: JsonValue };
const manifest = (): Manifest => JSON.parse(Buffer.from(bytesOf('dataset.json')).toString());
/** The text of a manifest with a hash that fits: what an attacker writes, who can compute one. */
const signed = ({ manifestSha256: _, ...fields }: Manifest): string =>
  `${canonicalJson({ ...fields, manifestSha256: sha256Hex(canonicalJson(fields)) })}\n`;

describe('a dataset that was damaged', () => {
  for (const path of paths) {
    test(`${path}: cut off anywhere, it is named, and not opened`, () => {
      const bytes = bytesOf(path);
      const { length } = bytes;
      for (const size of new Set([0, 1, 7, 8, length >> 1, length - 1])) {
        if (size >= length) continue;
        const fs = damaged(path, bytes.slice(0, size));
        const problems = verifyDataset(fs, '/d', { deep: true });
        expect(problems[0]?.file).toBe(path);
        const refusal = refusalOf(() => openDataset(fs, '/d'));
        expectRefusal(refusal, 'invalid-dataset');
        expect(refusal.message).toContain(path);
        if (path !== 'dataset.json') expect(refusal.message).toContain(`found ${size} bytes, expected ${length} bytes`);
      }
    });

    test(`${path}: with one bit flipped, any of a hundred, it is named with both hashes`, () => {
      const bytes = bytesOf(path);
      const random = randomStream(1, path);
      for (let seed = 0; seed < 100; seed++) {
        const flipped = bytes.slice();
        const place = random.nextInteger(bytes.length);
        flipped[place] = (flipped[place] as number) ^ (1 << random.nextInteger(8));
        const fs = damaged(path, flipped);
        const [problem, ...others] = verifyDataset(fs, '/d', { deep: false });
        expect(problem?.file).toBe(path);
        expect(others).toEqual([]);
        if (path === 'dataset.json')
          expectRefusal(
            refusalOf(() => openDataset(fs, '/d')),
            'invalid-dataset',
          );
        else {
          expect(problem?.expected).toMatch(/^SHA-256 [0-9a-f]{64}$/);
          expect(problem?.found).toMatch(/^SHA-256 [0-9a-f]{64}$/);
          if (seed < 10) expect(verifyDataset(fs, '/d', { deep: true })[0]).toEqual(problem);
        }
      }
    });

    test(`${path}: deleted, it is named`, () => {
      const fs = damaged(path, undefined);
      expect(verifyDataset(fs, '/d', { deep: true })[0]).toMatchObject({ file: path, found: 'no such file' });
      expectRefusal(
        refusalOf(() => openDataset(fs, '/d')),
        'invalid-dataset',
      );
    });
  }

  test('files that the manifest does not list are named, and none that lie beneath them', () => {
    const fs = memoryFiles(new Map(pristine.files));
    for (const path of ['extra', 'train/00003.tokens', 'train/00000.tokens.tmp', 'more/a', 'more/b']) {
      fs.files.set(`/d/${path}`, new Uint8Array(1));
    }
    expect(verifyDataset(fs, '/d', { deep: false }).map(({ file }) => file)).toEqual([
      'extra',
      'more',
      'train/00000.tokens.tmp',
      'train/00003.tokens',
    ]);
    openDataset(fs, '/d').close();
  });

  test('all that is wrong is listed', () => {
    const fs = damaged('train/00000.tokens', new Uint8Array(3));
    fs.files.delete('/d/tokenizer.json');
    fs.files.set('/d/validation.text', new Uint8Array(bytesOf('validation.text').length));
    fs.files.set('/d/extra', new Uint8Array(1));
    const files = verifyDataset(fs, '/d', { deep: false }).map(({ file }) => file);
    expect(files).toEqual(['tokenizer.json', 'train/00000.tokens', 'validation.text', 'extra']);
  });

  test('a file that changes after the dataset was opened is noticed when it is read', () => {
    const fs = memoryFiles(new Map(pristine.files));
    const dataset = openDataset(fs, '/d');
    fs.files.set('/d/train/00001.documents', new Uint8Array(8));
    fs.files.set('/d/train/00000.tokens', new Uint8Array(4));
    fs.files.set('/d/tokenizer.json', new Uint8Array(bytesOf('tokenizer.json').length));
    const read = () => dataset.train.readTokens(0, 5, new Int32Array(5));
    for (const use of [() => dataset.train.documentEnd(3), read, () => dataset.tokenizer()]) {
      expectRefusal(refusalOf(use), 'invalid-dataset');
    }
  });
});

describe('a manifest that someone wrote', () => {
  const cases: [string, (fields: Manifest) => Manifest | string, RegExp][] = [
    ['of another version', (fields) => ({ ...fields, version: 2 }), /"version":2, expected "version":1/],
    ['of another format', (fields) => ({ ...fields, format: 'tar' }), /"format":"tar"/],
    ['with an unknown field', (fields) => ({ ...fields, more: 1 }), /more/],
    ['without a field', ({ name: _, ...fields }) => fields, /name/],
    ['that is a list', () => '[]', /found \[\], expected an object/],
    ['that is no JSON', () => '{"format":', /expected JSON/],
    [
      'that is written with spaces',
      (fields) => `${JSON.stringify(JSON.parse(signed(fields)), null, 1)}\n`,
      /another way/,
    ],
    ['with a field given twice', (fields) => signed(fields).replace('{', '{"beginToken":0,'), /another way/],
    ['with a byte-order mark', (fields) => `\ufeff${signed(fields)}`, /expected JSON/],
    [
      'nested 10,000 levels deep',
      (fields) =>
        signed(fields)
          .replace('{"preset"', `${'{"a":'.repeat(1e4)}{"preset"`)
          .replace('"none"}', `"none"}${'}'.repeat(1e4)}`),
      /nesting/,
    ],
    [
      'with a fingerprint of something else',
      (fields) => ({ ...fields, fingerprint: 'f'.repeat(64) }),
      /fingerprint: found f+, expected/,
    ],
    [
      'with a begin token outside of the vocabulary',
      (fields) => ({ ...fields, beginToken: 257 }),
      /beginToken: found 257, expected less than 257/,
    ],
    [
      'with the wrong token type',
      (fields) => ({ ...fields, tokenType: 'uint32' }),
      /tokenType: found uint32, expected uint16/,
    ],
  ];
  const part = (fields: Manifest) =>
    structuredClone(fields.train) as { [key: string]: JsonValue; shards: { [key: string]: JsonValue }[] };
  for (const count of [2 ** 53 + 2, 1e300, 2 ** 40, -1, 0.5]) {
    cases.push([
      `that claims ${count} tokens in a shard`,
      (fields) => {
        const train = part(fields);
        (train.shards[0] as Manifest).numTokens = count;
        return { ...fields, train: { ...train, numTokens: count + 9 } };
      },
      /numTokens/,
    ]);
    cases.push([
      `that claims ${count} bytes of tokens`,
      (fields) => ({
        ...fields,
        files: (fields.files as Manifest[]).map((file) =>
          file.path === 'train/00000.tokens' ? { ...file, sizeBytes: count } : file,
        ),
      }),
      /sizeBytes/,
    ]);
  }
  cases.push([
    'that claims 4,000,000,000 tokens everywhere alike',
    (fields) => {
      const train = part(fields);
      const [first] = train.shards as Manifest[];
      const more = 4e9 - (first?.numTokens as number);
      (first as Manifest).numTokens = 4e9;
      train.numTokens = (train.numTokens as number) + more;
      const files = (fields.files as Manifest[]).map((file) =>
        file.path === 'train/00000.tokens' ? { ...file, sizeBytes: 8e9 } : file,
      );
      return { ...fields, train, files };
    },
    /train\/00000\.tokens: found \d+ bytes, expected 8000000000 bytes/,
  ]);
  for (const path of ['../x', '/etc/passwd', 'C:\\x', 'a\0b', 'CON', 'a\u0308', 'n'.repeat(300), 'train/../../x', '']) {
    cases.push([
      `that lists ${JSON.stringify(path.slice(0, 20))}`,
      (fields) => ({
        ...fields,
        files: [...(fields.files as Manifest[]), { path, sizeBytes: 1, sha256: 'a'.repeat(64) }].sort((a, b) =>
          (a.path as string) < (b.path as string) ? -1 : 1,
        ),
      }),
      /unsafe path/,
    ]);
  }
  for (const [what, extra] of [
    ['a file twice', 'report.json'],
    ['a file again in capitals', 'REPORT.json'],
    ['itself', 'dataset.json'],
  ] as const) {
    cases.push([
      `that lists ${what}`,
      (fields) => ({
        ...fields,
        files: [...(fields.files as Manifest[]), { path: extra, sizeBytes: 1, sha256: 'a'.repeat(64) }].sort((a, b) =>
          (a.path as string) < (b.path as string) ? -1 : 1,
        ),
      }),
      /files\.\d+\.path: found/,
    ]);
  }
  cases.push([
    'that leaves out a shard',
    (fields) => ({
      ...fields,
      files: (fields.files as Manifest[]).filter(({ path }) => path !== 'train/00001.tokens'),
    }),
    /expected an entry for train\/00001\.tokens/,
  ]);

  for (const [what, change, message] of cases) {
    test(`${what} is refused`, () => {
      const changed = change(manifest());
      const text = typeof changed === 'string' ? changed : signed(changed);
      const fs = damaged('dataset.json', new TextEncoder().encode(text));
      const refusal = refusalOf(() => openDataset(fs, '/d'));
      expectRefusal(refusal, 'invalid-dataset');
      expect(refusal.message).toMatch(message);
      expect(verifyDataset(fs, '/d', { deep: true })[0]?.file).toBe(
        what.includes('everywhere') ? 'train/00000.tokens' : 'dataset.json',
      );
    });
  }

  test('with keys like __proto__ changes nothing but is refused, or is kept as data among the settings', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const text = Buffer.from(bytesOf('dataset.json')).toString();
      const fields = JSON.parse(text.replace('"beginToken"', `"${key}":{"polluted":1},"beginToken"`)) as Manifest;
      const atTop = damaged('dataset.json', new TextEncoder().encode(signed(fields)));
      expectRefusal(
        refusalOf(() => openDataset(atTop, '/d')),
        'invalid-dataset',
      );

      const inside = JSON.parse(text.replace('{"preset"', `{"${key}":{"polluted":1},"preset"`)) as Manifest;
      const dataset = openDataset(damaged('dataset.json', new TextEncoder().encode(signed(inside))), '/d');
      expect(Object.keys(dataset.manifest.settings as object)).toEqual([key, 'preset'].sort());
      expect((dataset.manifest.settings as { polluted?: unknown }).polluted).toBeUndefined();
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    }
  });

  test('that is said to be enormous is not read', () => {
    const fs = memoryFiles(new Map(pristine.files));
    const reading = {
      ...fs,
      stat: (path: string) => (path.endsWith('dataset.json') ? { sizeBytes: 2 ** 40, isFolder: false } : fs.stat(path)),
      readFile: () => expect.fail('it was read'),
    };
    expectRefusal(
      refusalOf(() => openDataset(reading, '/d')),
      'invalid-dataset',
    );
  });
});

describe('contents that do not mean what the manifest says, with hashes that fit', () => {
  /** Replaces a file and mends size, hash and signature: only a deep look can tell. */
  function forged(path: string, bytes: Uint8Array): ReturnType<typeof memoryFiles> {
    const fields = manifest();
    const files = (fields.files as Manifest[]).map((file) =>
      file.path === path ? { path, sizeBytes: bytes.length, sha256: sha256Hex(bytes) } : file,
    );
    const fs = damaged(path, bytes);
    fs.files.set('/d/dataset.json', new TextEncoder().encode(signed({ ...fields, files })));
    return fs;
  }
  const index = (): Uint32Array => new Uint32Array(bytesOf('train/00000.documents').slice().buffer);
  const tokens = (): Uint16Array => new Uint16Array(bytesOf('train/00000.tokens').slice().buffer);
  const edited = <T extends Uint16Array | Uint32Array>(array: T, place: number, value: number): Uint8Array => {
    array[place] = value;
    return new Uint8Array(array.buffer);
  };

  for (const [what, path, bytes, found] of [
    ['document ends that fall', 'train/00000.documents', edited(index(), 2, 3), 'its end at 3'],
    ['document ends that stand still', 'train/00000.documents', edited(index(), 2, 4), 'its end at 4'],
    ['a last end beyond the tokens', 'train/00000.documents', edited(index(), 4, 99), 'its end at 99'],
    ['byte lengths with another sum', 'train/00000.documents', edited(index(), 1, 99), '107 bytes'],
    ['a token outside of the vocabulary', 'train/00000.tokens', edited(tokens(), 5, 257), '257 at position 5'],
    ['a document that does not begin with the begin token', 'train/00000.tokens', edited(tokens(), 4, 7), '7'],
    [
      'text that is not UTF-8',
      'validation.text',
      Uint8Array.from(bytesOf('validation.text'), () => 0x80),
      'document 0 at byte 0, which is not',
    ],
    [
      'another tokenizer',
      'tokenizer.json',
      new TextEncoder().encode(serializeTokenizer(byteTokenizer(258))),
      byteTokenizer(258).fingerprint,
    ],
    ['a report of another form', 'report.json', new TextEncoder().encode('{}'), expect.stringContaining('read')],
    ['a report that is no JSON', 'report.json', new TextEncoder().encode('{'), expect.stringContaining('JSON')],
  ] as const) {
    test(`${what} are found`, () => {
      const fs = forged(path, bytes);
      expect(verifyDataset(fs, '/d', { deep: false })).toEqual([]);
      const problems = verifyDataset(fs, '/d', { deep: true });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatchObject({ file: path, found });
      if (path.endsWith('.documents')) {
        const dataset = openDataset(fs, '/d');
        expectRefusal(
          refusalOf(() => dataset.train.documentEnd(0)),
          'invalid-dataset',
        );
      }
    });
  }
});

describe('links', () => {
  test('to outside of the dataset are refused by opening and named by verifying', () => {
    const folder = temporaryFolder();
    writeSmallDataset(nodeFileSystem, join(folder, 'd'), contents);
    const target = join(folder, 'outside');
    writeFileSync(target, bytesOf('train/00000.tokens'));
    unlinkSync(join(folder, 'd/train/00000.tokens'));
    symlinkSync(target, join(folder, 'd/train/00000.tokens'));
    expectRefusal(
      refusalOf(() => openDataset(nodeFileSystem, join(folder, 'd'))),
      'unsafe-path',
    );
    const problems = verifyDataset(nodeFileSystem, join(folder, 'd'), { deep: true });
    expect(problems[0]).toMatchObject({ file: 'train/00000.tokens', expected: 'a file inside the dataset' });
  });

  test('in place of the manifest are refused, were the manifest right', () => {
    const folder = temporaryFolder();
    writeSmallDataset(nodeFileSystem, join(folder, 'd'), contents);
    renameSync(join(folder, 'd/dataset.json'), join(folder, 'outside.json'));
    symlinkSync('../outside.json', join(folder, 'd/dataset.json'));
    expectRefusal(
      refusalOf(() => openDataset(nodeFileSystem, join(folder, 'd'))),
      'invalid-dataset',
    );
    const problems = verifyDataset(nodeFileSystem, join(folder, 'd'), { deep: true });
    expect(problems).toMatchObject([{ file: 'dataset.json', expected: 'a file inside the dataset' }]);
  });

  test('to the folder of a dataset are followed', () => {
    const folder = temporaryFolder();
    writeSmallDataset(nodeFileSystem, join(folder, 'd'), contents);
    symlinkSync('d', join(folder, 'link'));
    expect(openDataset(nodeFileSystem, join(folder, 'link')).train.numDocuments).toBe(7);
  });
});

describe('fingerprintOf', () => {
  test('changes with each of what a dataset is made from', () => {
    const base = { corpus: 'a', cleaning: 'b', deduplication: 'c', split: 'd', tokenizer: 'e' };
    const all = [base, ...Object.keys(base).map((key) => ({ ...base, [key]: 'x' }))].map(fingerprintOf);
    expect(new Set(all).size).toBe(6);
  });
});
