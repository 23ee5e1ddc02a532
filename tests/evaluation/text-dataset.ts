import { sha256Hex } from '../../src/core/index.ts';
import { type Dataset, openDataset } from '../../src/data/index.ts';
import { publishDataset, writeShard, writeValidationText } from '../../src/data/store/publication.ts';
import { encodeShard } from '../../src/data/store/shard.ts';
import { serializeTokenizer, type Tokenizer, trainTokenizer } from '../../src/tokenizer/index.ts';
import { memoryFiles } from '../data/store/memory-files.ts';
import { emptyReport } from '../data/store/small-dataset.ts';

/** Sentences of all lengths, some longer than small contexts, some empty. */
export const validationTexts: readonly string[] = [
  'The river runs behind the house.',
  '',
  'Ünïcode — “quoted” 😀 text.',
  `A long one: ${Array.from({ length: 40 }, (_, i) => `word${i % 7}`).join(' ')}.`,
  'a',
  ...Array.from({ length: 9 }, (_, i) => `Document ${i} says ${'again and '.repeat(i)}no more.`),
];

/** A tokenizer with some merges learned from the sentences. */
export function smallTokenizer(vocabularySize: number): Tokenizer {
  return trainTokenizer(
    validationTexts.map((text) => new TextEncoder().encode(text)),
    { vocabularySize, specialTokens: ['<|bos|>'] },
  );
}

/** A dataset in memory: texts, as a tokenizer tells them. */
export function textDataset(
  tokenizer: Tokenizer,
  validation: readonly string[] = validationTexts,
  train: readonly string[] = ['Some text to train on.'],
): Dataset {
  const fs = memoryFiles();
  const beginToken = tokenizer.beginToken ?? 0;
  const encoding = { vocabularySize: tokenizer.vocabularySize, beginToken };
  const write = (part: 'train' | 'validation', texts: readonly string[]) => {
    const documents = texts.map((text) => ({
      tokens: tokenizer.encode(text),
      numBytes: new TextEncoder().encode(text).length,
    }));
    return documents.length === 0 ? [] : [writeShard(fs, '/d', part, 0, encodeShard(documents, encoding))];
  };
  publishDataset(fs, '/d', {
    name: 'texts',
    fingerprints: {
      corpus: sha256Hex(JSON.stringify([train, validation])),
      cleaning: sha256Hex(''),
      deduplication: sha256Hex(''),
      split: sha256Hex(''),
      tokenizer: tokenizer.fingerprint,
    },
    settings: {},
    ...encoding,
    shards: { train: write('train', train), validation: write('validation', validation) },
    validationText: writeValidationText(fs, '/d', [new TextEncoder().encode(validation.join(''))]),
    tokenizer: serializeTokenizer(tokenizer),
    report: emptyReport,
    groundworkVersion: '0.1.0',
  });
  return openDataset(fs, '/d');
}
