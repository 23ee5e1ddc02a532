import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ContaminationIndex,
  contaminationWords,
  type EvaluationTexts,
  fewestContaminationWords,
} from '../../../src/data/deduplication/contamination-index.ts';
import { runsOf } from '../../support/full-tests.ts';
import { oddTexts, slowWindows, slowWords } from './slow-reference.ts';

/** For each window of the document, the first evaluation that has it. */
function slowContamination(evaluations: readonly EvaluationTexts[], document: string) {
  const owner = new Map<string, string>();
  const lengths = new Set<number>();
  for (const { name, texts } of evaluations) {
    for (const text of texts) {
      const { length } = slowWords(text);
      if (length >= fewestContaminationWords) lengths.add(Math.min(length, contaminationWords));
      for (const window of slowWindows(text, contaminationWords)) if (!owner.has(window)) owner.set(window, name);
    }
  }
  const words = slowWords(document);
  const windows = words.length < fewestContaminationWords ? slowWindows(document, contaminationWords) : [];
  for (const length of lengths) if (length <= words.length) windows.push(...slowWindows(document, length));
  const hits = windows.map((window) => owner.get(window)).filter((name) => name !== undefined);
  const counts = evaluations.map(({ name }) => ({ name, numHits: hits.filter((hit) => hit === name).length }));
  const best = counts.reduce((a, b) => (b.numHits > a.numHits ? b : a), { name: '', numHits: 0 });
  return best.numHits > 0 ? best : undefined;
}

const letters = 'abcdefghijklmnopqrstuvwxyz'.split('');
const sentence = letters.slice(0, 13).join(' ');
const indexOf = (...texts: string[]) => ContaminationIndex.build([{ name: 'quiz', texts }]);

describe('the contamination index', () => {
  test('finds what the slow reference finds', () => {
    let numFound = 0;
    const scenes = fc
      .record({
        names: fc.array(fc.array(oddTexts, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
        other: oddTexts,
        from: fc.nat(30),
        to: fc.nat(60),
      })
      .map(({ names, other, from, to }) => {
        const piece = (names[0]?.[0] ?? '').slice(from, from + to * 4);
        return { names, document: other.length % 2 ? `${other} ${piece} ${other}` : piece };
      });
    fc.assert(
      fc.property(scenes, ({ names, document }) => {
        const evaluations = names.map((texts, i) => ({ name: `evaluation ${i}`, texts }));
        const found = ContaminationIndex.build(evaluations).findContamination(document);
        expect(found).toEqual(slowContamination(evaluations, document));
        if (found) numFound++;
      }),
      { numRuns: runsOf(600) },
    );
    expect(numFound).toBeGreaterThan(runsOf(80) / 2);
  });

  test('finds thirteen words in a row, in any dress, but not twelve', () => {
    const index = indexOf(`${sentence} n o p`);
    expect(index.findContamination(`x ${sentence} x`)).toEqual({ name: 'quiz', numHits: 1 });
    expect(index.findContamination(`x ${sentence} n x`)).toEqual({ name: 'quiz', numHits: 2 });
    expect(index.findContamination(`x — ${sentence.toUpperCase().replaceAll(' ', ', ')}!`)?.numHits).toBe(1);
    expect(index.findContamination(`x ${letters.slice(0, 12).join(' ')} x`)).toBeUndefined();
    expect(index.findContamination(letters.slice(0, 12).join(' '))).toBeUndefined();
    expect(index.findContamination(letters.slice(0, 13).reverse().join(' '))).toBeUndefined();
  });

  test('finds an evaluation text of eight to twelve words anywhere, a shorter one only where it is the whole document', () => {
    const eight = letters.slice(0, 8).join(' ');
    expect(indexOf(eight).findContamination(`x ${eight} x`)?.numHits).toBe(1);
    const seven = letters.slice(0, 7).join(' ');
    expect(indexOf(seven).findContamination(`x ${seven} x`)).toBeUndefined();
    expect(indexOf(seven).findContamination(`${seven}?`)?.numHits).toBe(1);
    expect(indexOf('Yes').findContamination('yes, it is so')).toBeUndefined();
  });

  test('names the evaluation with the most hits, and the first of equals', () => {
    const [one, other] = [`${sentence} n`, letters.slice(10, 26).join(' ')];
    const index = ContaminationIndex.build([
      { name: 'first', texts: [one] },
      { name: 'second', texts: [other, one] },
    ]);
    expect(index.findContamination(`${one} ${other}`)).toEqual({ name: 'second', numHits: 4 });
    expect(index.findContamination(one)).toEqual({ name: 'first', numHits: 2 });
  });

  test('of nothing finds nothing, and a document without words has nothing to find', () => {
    expect(ContaminationIndex.build([]).findContamination(sentence)).toBeUndefined();
    expect(indexOf('', ' …').findContamination('')).toBeUndefined();
    expect(indexOf('', ' …').findContamination('!')).toBeUndefined();
  });

  test('answers the same from its data in another thread, over the same memory', () => {
    const texts = Array.from(
      { length: 3000 },
      (_, i) => `${sentence} ${letters[i % 26]}${letters[Math.floor(i / 26) % 26]}`,
    );
    const index = indexOf(...texts, 'a b');
    const data = structuredClone(index.data);
    expect(data.windows.keys.buffer).toBeInstanceOf(SharedArrayBuffer);
    const again = ContaminationIndex.fromData(data);
    expect(again.hash).toBe(index.hash);
    for (const text of [texts[5] as string, 'a b', 'a b c']) {
      expect(again.findContamination(text)).toEqual(index.findContamination(text));
    }
  });

  test('has a hash that changes with names and texts, and with nothing else', () => {
    const hash = indexOf(sentence, 'a b').hash;
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(indexOf(sentence.toUpperCase(), 'a, b').hash).toBe(hash);
    expect(indexOf(`${sentence} n`, 'a b').hash).not.toBe(hash);
    expect(indexOf(sentence, 'a c').hash).not.toBe(hash);
    expect(ContaminationIndex.build([{ name: 'other', texts: [sentence, 'a b'] }]).hash).not.toBe(hash);
  });
});
