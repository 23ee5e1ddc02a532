import { type FileSystem, randomStream, sha256Hex } from '../../../src/core/index.ts';
import type { BuildReport } from '../../../src/data/build-report.ts';
import { publishDataset, writeShard, writeValidationText } from '../../../src/data/store/publication.ts';
import { encodeShard } from '../../../src/data/store/shard.ts';
import { joinTokens, specialToken, tokenizerFromData } from '../../../src/tokenizer/index.ts';
import { patterns } from '../../../src/tokenizer/splitter.ts';
import { serializeTokenizer } from '../../../src/tokenizer/tokenizer-json.ts';

/** Text that tries to become markup, to move a cursor, and to be too long. */
export const hostile = `</pre><script>document.title="broken"</script>\u001b[2J\u202e${'long/'.repeat(60)}`;

const sample = (excerpt: string, line = 1) => ({ source: `folder/${excerpt}`, line, byteOffset: 0, excerpt });

/** A report with something of everything, and hostile text wherever text from outside can stand. */
export const exampleReport: BuildReport = {
  read: { numDocuments: 1000, numBytes: 500_000 },
  kept: { numDocuments: 600, numBytes: 300_000 },
  removed: [
    {
      rule: 'gopher-quality/too-few-words',
      numDocuments: 300,
      numBytes: 120_000,
      samples: [sample('few words'), sample(hostile, 7)],
    },
    { rule: 'duplicate/exact', numDocuments: 60, numBytes: 40_000, samples: [sample('twice')] },
    { rule: 'duplicate/near', numDocuments: 38, numBytes: 39_000, samples: [] },
    { rule: `contaminated/${hostile}`, numDocuments: 1, numBytes: 500, samples: [sample('漢字のテスト')] },
    { rule: 'split/leak', numDocuments: 1, numBytes: 500, samples: [sample('leaked')] },
  ],
  edited: [{ rule: 'redact/email', numDocuments: 12, numEdits: 30, samples: [sample(hostile)] }],
  duplicateGroups: [{ numDocuments: 5, kept: sample(hostile), removed: [sample('a'), sample('b')] }],
  languages: {
    en: { numDocuments: 990, numBytes: 495_000 },
    und: { numDocuments: 9, numBytes: 4500 },
    '??': { numDocuments: 1, numBytes: 500 },
  },
  lengths: [],
  skippedFiles: [{ reason: 'binary', numFiles: 3, samples: [hostile, 'logo.png'] }],
  sources: Array.from({ length: 30 }, (_, at) => ({
    source: at === 0 ? hostile : `source-${at}`,
    numDocuments: 20,
    numBytes: 10_000,
  })),
};

/** A tokenizer whose token n is the byte n, then ` the` and `zebr` and what they are merged of, then `<|bos|>`. */
export const exampleTokenizer = tokenizerFromData({
  pattern: patterns.gpt4,
  ...joinTokens([...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), ...merged(), undefined]),
  merges: Uint32Array.from(mergePairs().flat()),
  addedTokens: [specialToken(262, '<|bos|>')],
  ignoreMerges: false,
  normalization: 'none',
  prefixSpace: false,
});

function mergePairs(): readonly (readonly [number, number])[] {
  // ` t`, `he`, ` the`; `ze`, `br`, `zebr`.
  const code = (character: string) => character.charCodeAt(0);
  return [
    [code(' '), code('t')],
    [code('h'), code('e')],
    [256, 257],
    [code('z'), code('e')],
    [code('b'), code('r')],
    [259, 260],
  ];
}

function merged(): readonly Uint8Array[] {
  return [' t', 'he', ' the', 'ze', 'br', 'zebr'].map((text) => new TextEncoder().encode(text));
}

export interface ExampleDataset {
  /** Texts by shard. */
  readonly train: readonly (readonly string[])[];
  readonly validation?: readonly string[];
  readonly report?: BuildReport;
  readonly name?: string;
}

export function writeExampleDataset(fs: FileSystem, folder: string, example: ExampleDataset): void {
  const { train, validation = [], report = exampleReport, name = 'example' } = example;
  const encoder = new TextEncoder();
  const { vocabularySize, beginToken = 0, fingerprint } = exampleTokenizer;
  const write = (part: 'train' | 'validation', texts: readonly string[], number: number) => {
    const documents = texts.map((text) => {
      const bytes = encoder.encode(text);
      return { tokens: exampleTokenizer.encodeBytes(bytes), numBytes: bytes.length };
    });
    return writeShard(fs, folder, part, number, encodeShard(documents, { vocabularySize, beginToken }));
  };
  publishDataset(fs, folder, {
    name,
    fingerprints: {
      corpus: sha256Hex(JSON.stringify(train)),
      cleaning: sha256Hex('cleaning'),
      deduplication: sha256Hex('deduplication'),
      split: sha256Hex('split'),
      tokenizer: fingerprint,
    },
    settings: { preset: 'none', cleaning: { rules: [], limits: { words: 50 } }, header: hostile },
    vocabularySize,
    beginToken,
    shards: {
      train: train.map((texts, number) => write('train', texts, number)),
      validation: validation.length === 0 ? [] : [write('validation', validation, 0)],
    },
    validationText: writeValidationText(
      fs,
      folder,
      validation.map((text) => encoder.encode(text)),
    ),
    tokenizer: serializeTokenizer(exampleTokenizer),
    report,
    groundworkVersion: '0.1.0',
  });
}

const words = 'the of and a to in is it that was for on are with as his they be at one have this from or had by'.split(
  ' ',
);

/** So many documents of common words, the same for the same seed. */
export function plainTexts(count: number, seed: number, numWords = 60): string[] {
  const random = randomStream(seed, 'texts');
  return Array.from({ length: count }, () =>
    Array.from({ length: numWords }, () => words[random.nextInteger(words.length)]).join(' '),
  );
}
