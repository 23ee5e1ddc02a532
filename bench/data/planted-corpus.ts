import { assert, present, type RandomStream, randomStream } from '../../src/core/index.ts';

/** What stands at a place of the corpus: a text of its own, or a copy of one that stands before it. */
export type Planted =
  | { readonly kind: 'own'; readonly text: string }
  | { readonly kind: 'exact'; readonly text: string; readonly of: number }
  | { readonly kind: 'near'; readonly text: string; readonly of: number; readonly jaccard: number };

/** Shares of the corpus that are copies. */
const exactShare = 0.05;
const nearShare = 0.05;

/** Words of a text. At 60, one word changed leaves a Jaccard index of 0.84; at 240, one of 0.96. */
const leastWords = 60;
const mostWords = 240;

/** Jaccard indices of near copies, aimed at evenly. */
const leastJaccard = 0.8;
const mostJaccard = 0.98;

/** Longer sentences are left out: two texts that share one would be alike. */
const mostSentenceWords = 30;

/** Of the words of a text, so many are another word of the corpus, and so many one that stands nowhere else. */
const replacedShare = 0.08;
const coinedShare = 0.005;

/**
 * A corpus of any length whose every text is a pure function of its place, so that nothing of it need be kept. A text of its
 * own is drawn together from sentences of real text, one word in twelve replaced, a few coined (new words go on turning up in
 * large corpora too): two such texts share a sentence at most now and then, and not to the letter.
 */
export class PlantedCorpus {
  readonly #sentences: readonly (readonly string[])[];
  readonly #words: readonly string[];

  constructor(sentences: readonly string[]) {
    const divided = sentences.map((sentence) => sentence.split(' '));
    this.#sentences = divided.filter((words) => words.length <= mostSentenceWords);
    assert(this.#sentences.length > 10_000, `${this.#sentences.length} sentences are too few for texts that differ`);
    const stream = randomStream(1, 'bench.data.words');
    this.#words = Array.from({ length: 2 ** 16 }, () => {
      const sentence = oneOf(this.#sentences, stream);
      return oneOf(sentence, stream);
    });
  }

  at(place: number): Planted {
    const of = this.#originalOf(place);
    if (of === undefined) return { kind: 'own', text: this.#ownWords(place).join(' ') };
    if (of.kind === 'exact') return { kind: 'exact', text: this.#ownWords(of.place).join(' '), of: of.place };
    return { kind: 'near', of: of.place, ...this.#nearCopy(place, this.#ownWords(of.place)) };
  }

  /** The place whose text is copied here: any before it that holds a text of its own. */
  #originalOf(place: number): { readonly kind: 'exact' | 'near'; readonly place: number } | undefined {
    const kind = kindAt(place);
    if (kind === 'own') return undefined;
    const stream = randomStream(place, 'bench.data.original');
    for (;;) {
      const candidate = stream.nextInteger(place);
      if (kindAt(candidate) === 'own') return { kind, place: candidate };
    }
  }

  #ownWords(place: number): string[] {
    const stream = randomStream(place, 'bench.data.text');
    const wanted = leastWords + stream.nextInteger(mostWords - leastWords + 1);
    const words: string[] = [];
    while (words.length < wanted) for (const word of oneOf(this.#sentences, stream)) words.push(word);
    words.length = wanted;
    for (let i = Math.round(wanted * replacedShare); i > 0; i--) {
      words[stream.nextInteger(wanted)] = oneOf(this.#words, stream);
    }
    for (let i = stream.nextUniform() + wanted * coinedShare; i >= 1; i--) {
      words[stream.nextInteger(wanted)] = coinedWord(stream);
    }
    return words;
  }

  /** A copy with words replaced, added and left out, until it is as like the original as it should be. */
  #nearCopy(place: number, original: readonly string[]): { readonly text: string; readonly jaccard: number } {
    const stream = randomStream(place, 'bench.data.edits');
    const before = shinglesOf(original.join(' '));
    for (;;) {
      const aim = leastJaccard + (mostJaccard - leastJaccard) * stream.nextUniform();
      // An edit in the middle changes five shingles: J = (n − 5e) / (n + 5e).
      const numEdits = Math.max(1, Math.round((original.length * (1 - aim)) / (5 * (1 + aim))));
      const words = [...original];
      for (let i = 0; i < numEdits; i++) {
        const at = stream.nextInteger(words.length);
        const edit = stream.nextInteger(3);
        if (edit === 0) words[at] = oneOf(this.#words, stream);
        else if (edit === 1) words.splice(at, 0, oneOf(this.#words, stream));
        else words.splice(at, 1);
      }
      const text = words.join(' ');
      const jaccard = jaccardOf(before, shinglesOf(text));
      if (jaccard >= leastJaccard && jaccard <= mostJaccard) return { text, jaccard };
    }
  }
}

function kindAt(place: number): Planted['kind'] {
  if (place === 0) return 'own';
  const chance = randomStream(place, 'bench.data.kind').nextUniform();
  if (chance < exactShare) return 'exact';
  return chance < exactShare + nearShare ? 'near' : 'own';
}

const oneOf = <T>(values: readonly T[], stream: RandomStream): T =>
  present(values[Math.floor((stream.nextUint32() / 2 ** 32) * values.length)], 'a value');

const syllables = 'ba cor del fin gra hol ist jun kel lom mar nev ost pri quo ren sal tur vex wim yor zan'.split(' ');

const coinedWord = (stream: RandomStream): string =>
  Array.from({ length: 2 + stream.nextInteger(3) }, () => oneOf(syllables, stream)).join('');

/**
 * The word 5-grams of a text: lower-cased, without marks, digits as 0, words at whatever is neither letter nor number. Written
 * apart from the code that is judged by it.
 */
export function shinglesOf(text: string): Set<string> {
  const plain = text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/\p{Nd}/gu, '0');
  const words = plain.match(/[\p{L}\p{N}]+/gu) ?? [];
  const shingles = new Set<string>();
  for (let i = 0; i + 5 <= words.length; i++) shingles.add(words.slice(i, i + 5).join(' '));
  return shingles;
}

/** |A ∩ B| / |A ∪ B| */
export function jaccardOf(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const one of a) if (b.has(one)) shared++;
  return shared / (a.size + b.size - shared);
}
