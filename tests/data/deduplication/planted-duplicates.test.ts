import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { fate, findDuplicates } from '../../../src/data/deduplication/duplicates.ts';
import { bandOf, SignatureWriter } from '../../../src/data/deduplication/signatures.ts';
import { perturb, proseDocuments, slowJaccard } from './slow-reference.ts';

describe('duplicates planted in real prose', () => {
  test('are found with recall 0.95 and precision 0.99', async () => {
    const stream = randomStream(17, 'planted');
    const originals = proseDocuments(8);
    // Up to 2.5 % of the words replaced: a shingle stays whole with probability (1 − r)⁵, so J falls to about 0.8.
    const copies = originals.map((text) => perturb(text, 0.025 * stream.nextUniform(), stream));
    const texts = [...originals, ...copies];
    const writer = new SignatureWriter();
    for (const text of texts) writer.add(text);
    const block = writer.take();
    const found = await findDuplicates({
      numDocuments: block.numDocuments,
      readExactKeys: () => block.exactKeys,
      readBand: (band) => bandOf(block, band),
    });

    const numPlanted = copies.length;
    let [numFound, similarity] = [0, 0];
    for (let i = 0; i < numPlanted; i++) {
      const [original, copy] = [found.keptFor[i] as number, found.keptFor[numPlanted + i] as number];
      if (original === copy) numFound++;
      if (i % 50 === 0) similarity += slowJaccard(originals[i] as string, copies[i] as string);
    }
    // Speeches repeat one another by themselves too: what was not planted counts as wrong where it is not alike.
    let [numRemoved, numWrong] = [0, 0];
    for (let i = 0; i < texts.length; i++) {
      if (found.fates[i] === fate.kept) continue;
      numRemoved++;
      const kept = found.keptFor[i] as number;
      if (kept !== i - numPlanted && slowJaccard(texts[i] as string, texts[kept] as string) < 0.5) numWrong++;
    }
    const mean = similarity / Math.ceil(numPlanted / 50);
    const size = texts.reduce((sum, text) => sum + text.length, 0);
    const account = `${numFound} of ${numPlanted} found, ${numWrong} of ${numRemoved} wrong, mean J ${mean}, ${size} characters`;
    expect(size, account).toBeGreaterThan(20e6);
    expect(mean, account).toBeGreaterThan(0.8);
    expect(mean, account).toBeLessThan(0.92);
    expect(numFound / numPlanted, account).toBeGreaterThanOrEqual(0.95);
    expect(1 - numWrong / numRemoved, account).toBeGreaterThanOrEqual(0.99);
    expect(found.numExact + found.numNear).toBe(numRemoved);
  });
});
