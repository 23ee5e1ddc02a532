import { randomStream } from '../../src/core/index.ts';
import { parityDocuments } from './parity-documents.ts';
import { demoTexts, sentencesOf } from './real-text.ts';

/** A document of the corpus that both sides are given. */
export interface CorpusDocument {
  readonly id: string;
  readonly text: string;
}

/** In texts made from others, so many of the kinds of word in it are another word. */
const replacedShare = 0.4;
/** Documents that are followed by a copy of themselves, and by one with a few words changed. */
const exactShare = 0.03;
const nearShare = 0.05;

/**
 * Documents of a size in all: whole and broken pages, speeches, definitions; then all of them again with words replaced,
 * the same word by the same one throughout a document, so that what repeats itself in it goes on doing so. Among them exact
 * and near copies. The same on every machine that has installed the packages of the lock file.
 */
export async function* webLikeCorpus(sizeBytes: number): AsyncGenerator<CorpusDocument> {
  const pool = await realDocuments();
  const words = pool.flatMap((text) => text.slice(0, 2000).match(/\b[a-z]{4,12}\b/g) ?? []);
  const stream = randomStream(1, 'bench.data.corpus');
  let written = 0;
  for (let number = 0; written < sizeBytes; number++) {
    const round = Math.floor(number / pool.length);
    const original = pool[number % pool.length] ?? '';
    const text = round === 0 ? original : withOtherWords(original, words, round * pool.length + number);
    yield { id: String(number), text };
    written += Buffer.byteLength(text);
    const chance = stream.nextUniform();
    if (chance < exactShare) {
      yield { id: `${number}-exact`, text };
      written += Buffer.byteLength(text);
    } else if (chance < exactShare + nearShare) {
      const parts = text.split(' ');
      for (let i = 0; i < parts.length; i += 40 + stream.nextInteger(200)) {
        parts[i] = words[stream.nextInteger(words.length)] ?? '';
      }
      yield { id: `${number}-near`, text: parts.join(' ') };
      written += Buffer.byteLength(text);
    }
  }
}

async function realDocuments(): Promise<string[]> {
  const documents = parityDocuments().map(({ text }) => text);
  // Whole paragraphs of prose, as a good page has them, and lists of definitions.
  const prose = await demoTexts('presidents');
  for (let i = 0; i < prose.length; i += 6) documents.push(prose.slice(i, i + 6).join('\n\n'));
  const definitions = (await demoTexts('dictionary')).flatMap((gloss) => sentencesOf(gloss));
  for (let i = 0; i < definitions.length; i += 60) {
    const lines = definitions.slice(i, i + 15).map((line) => `The word ${line}.`);
    documents.push(lines.join(i % 120 === 0 ? ' ' : '\n'));
  }
  // The first of the corpus are of all kinds, however small it is.
  const order = randomStream(2, 'bench.data.order');
  const keyed = documents.map((text) => ({ text, key: order.nextUniform() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ text }) => text);
}

function withOtherWords(text: string, words: readonly string[], seed: number): string {
  const others = new Map<string, string>();
  const stream = randomStream(seed, 'bench.data.words');
  return text.replace(/\b[a-z]{4,}\b/g, (word) => {
    let other = others.get(word);
    if (other === undefined) {
      other = stream.nextUniform() < replacedShare ? (words[stream.nextInteger(words.length)] ?? word) : word;
      others.set(word, other);
    }
    return other;
  });
}
