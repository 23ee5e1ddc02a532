import { describe, expect, test } from 'vitest';
import { codeDocuments, firstBytes, proseDocuments } from '../../bench/tokenizer/corpora.ts';
import { learnMerges } from '../../src/tokenizer/merge-learning.ts';
import { PieceCounts } from '../../src/tokenizer/piece-counts.ts';
import { patterns, splitterOf } from '../../src/tokenizer/splitter.ts';
import { runsEverything } from '../support/full-tests.ts';
import { linesOf, spell, trainNatively } from './support/native-training.ts';

const sizeBytes = runsEverything ? Number.POSITIVE_INFINITY : 500_000;

describe('the tokenizer that Hugging Face trains on the same text', () => {
  test.each([
    ['prose', proseDocuments],
    ['code', codeDocuments],
  ])('has the same merges as ours, and the same ids, on %s', (_, documents) => {
    const corpus = `${firstBytes(documents(), sizeBytes).join('\n')}\n`;
    const counts = new PieceCounts();
    const splitter = splitterOf(patterns.gpt4);
    // Its trainer for Node reads files, and takes every line for a document.
    for (const line of linesOf(corpus)) counts.addDocument(splitter, line);
    const data = counts.toData();
    const [native] = trainNatively([corpus], patterns.gpt4);
    // Its alphabet is that of the corpus, and its vocabulary has 30,000 tokens.
    const alphabet = native?.vocabulary.filter((token) => token.length === 1) ?? [];
    const ours = spell(learnMerges(data, { vocabularySize: 30_000 + 256 - alphabet.length }));
    expect(ours.merges).toEqual(native?.merges);
    expect(ours.vocabulary.filter((token) => token.length > 1 || alphabet.includes(token))).toEqual(native?.vocabulary);
    expect(spell(learnMerges(data, { vocabularySize: 4096 })).merges).toEqual(native?.merges.slice(0, 4096 - 256));
    if (runsEverything) expect(corpus.length).toBeGreaterThan(5e6);
  });
});
