import { type FileSystem, sha256Hex } from '../../../src/core/index.ts';
import type { BuildReport } from '../../../src/data/build-report.ts';
import type { DatasetManifest } from '../../../src/data/store/manifest.ts';
import { publishDataset, writeShard, writeValidationText } from '../../../src/data/store/publication.ts';
import { encodeShard, type TokenizedDocument } from '../../../src/data/store/shard.ts';
import {
  patterns,
  serializeTokenizer,
  specialToken,
  type Tokenizer,
  tokenizerFromData,
} from '../../../src/tokenizer/index.ts';

export const emptyReport: BuildReport = {
  read: { numDocuments: 0, numBytes: 0 },
  kept: { numDocuments: 0, numBytes: 0 },
  removed: [],
  edited: [],
  duplicateGroups: [],
  languages: {},
  lengths: [],
  skippedFiles: [],
  sources: [],
};

export interface SmallDataset {
  readonly name?: string;
  /** Texts by shard; each byte of a text is a token. */
  readonly train: readonly (readonly string[])[];
  readonly validation?: readonly (readonly string[])[];
  readonly vocabularySize?: number;
  readonly settings?: { readonly [key: string]: string };
}

/** The begin token of small datasets; tokens below it are bytes. */
export const beginToken = 256;

/** A document of one token per byte. */
export function byteDocument(text: string): TokenizedDocument {
  const bytes = new TextEncoder().encode(text);
  return { tokens: bytes, numBytes: bytes.length };
}

/** A tokenizer with a token for each byte, the begin token, and where there is room a last token that is never used. */
export function byteTokenizer(vocabularySize: number): Tokenizer {
  const names = ['<|bos|>', '<|last|>'].slice(0, vocabularySize - beginToken);
  return tokenizerFromData({
    pattern: patterns.gpt4,
    tokenBytes: Uint8Array.from({ length: 256 }, (_, byte) => byte),
    tokenOffsets: Uint32Array.from({ length: vocabularySize + 1 }, (_, id) => Math.min(id, 256)),
    merges: new Uint32Array(),
    addedTokens: names.map((name, i) => specialToken(i === 0 ? beginToken : vocabularySize - 1, name)),
    ignoreMerges: false,
    normalization: 'none',
    prefixSpace: false,
  });
}

/** Writes a dataset whose tokenizer has a token for each byte and nothing else. */
export function writeSmallDataset(fs: FileSystem, folder: string, small: SmallDataset): DatasetManifest {
  const { vocabularySize = 257, validation = [], name = 'small' } = small;
  const tokenizer = byteTokenizer(vocabularySize);
  const encoding = { vocabularySize, beginToken };
  const write = (part: 'train' | 'validation', shards: readonly (readonly string[])[]) =>
    shards.map((texts, i) => writeShard(fs, folder, part, i, encodeShard(texts.map(byteDocument), encoding)));
  return publishDataset(fs, folder, {
    name,
    fingerprints: {
      corpus: sha256Hex(JSON.stringify(small.train)),
      cleaning: sha256Hex('cleaning'),
      deduplication: sha256Hex('deduplication'),
      split: sha256Hex('split'),
      tokenizer: tokenizer.fingerprint,
    },
    settings: small.settings ?? { preset: 'none' },
    vocabularySize,
    beginToken,
    shards: { train: write('train', small.train), validation: write('validation', validation) },
    validationText: writeValidationText(fs, folder, [new TextEncoder().encode(validation.flat().join(''))]),
    tokenizer: serializeTokenizer(tokenizer),
    report: emptyReport,
    groundworkVersion: '0.1.0',
  });
}
