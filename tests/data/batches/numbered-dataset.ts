import { sha256Hex } from '../../../src/core/index.ts';
import { type Dataset, openDataset } from '../../../src/data/store/dataset.ts';
import { publishDataset, writeShard, writeValidationText } from '../../../src/data/store/publication.ts';
import { encodeShard } from '../../../src/data/store/shard.ts';
import { memoryFiles } from '../store/memory-files.ts';
import { emptyReport } from '../store/small-dataset.ts';

export const beginToken = 0;

export interface Numbered {
  /** Lengths of documents without their begin tokens, by shard. */
  readonly train: readonly (readonly number[])[];
  readonly validation?: readonly (readonly number[])[];
  readonly name?: string;
  readonly tokenizer?: string;
}

/**
 * A dataset whose every token is another: the token at position p of a part is p + 1, except for the begin tokens. So what a row
 * holds says where it came from. Each token stands for two bytes.
 */
export function numberedDataset({
  train,
  validation = [],
  name = 'numbered',
  tokenizer = 'numbers',
}: Numbered): Dataset {
  const fs = memoryFiles();
  const encoding = { vocabularySize: 2 ** 20, beginToken };
  const write = (part: 'train' | 'validation', shards: readonly (readonly number[])[]) => {
    let position = 0;
    return shards.map((lengths, number) => {
      const documents = lengths.map((length) => {
        const first = position + 2;
        position += length + 1;
        return { tokens: Uint32Array.from({ length }, (_, i) => first + i), numBytes: 2 * length };
      });
      return writeShard(fs, '/d', part, number, encodeShard(documents, encoding));
    });
  };
  const shards = { train: write('train', train), validation: write('validation', validation) };
  const numBytes = shards.validation.reduce((sum, shard) => sum + shard.numBytes, 0);
  publishDataset(fs, '/d', {
    name,
    fingerprints: {
      corpus: sha256Hex(name + JSON.stringify([train, validation])),
      cleaning: sha256Hex(''),
      deduplication: sha256Hex(''),
      split: sha256Hex(''),
      tokenizer: sha256Hex(tokenizer),
    },
    settings: {},
    vocabularySize: encoding.vocabularySize,
    beginToken,
    shards,
    validationText: writeValidationText(fs, '/d', [new Uint8Array(numBytes).fill(97)]),
    tokenizer,
    report: emptyReport,
    groundworkVersion: '0.1.0',
  });
  return openDataset(fs, '/d');
}

/** The ends of documents, as positions. */
export function endsOf(shards: readonly (readonly number[])[]): number[] {
  let end = 0;
  return shards.flat().map((length) => {
    end += length + 1;
    return end;
  });
}
