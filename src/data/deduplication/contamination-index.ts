import { createHash } from 'node:crypto';
import { canonicalJson, present } from '../../core/index.ts';
import { KeyTable, type KeyTableData } from './key-table.ts';
import { WordHasher } from './word-hashes.ts';
import { WordWindows } from './word-windows.ts';

/** Words of a window (GPT-3: Brown et al. 2020, appendix C). */
export const contaminationWords = 13;
/** Evaluation texts of so many words or more are looked for anywhere in a document; shorter ones are common speech. */
export const fewestContaminationWords = 8;

/** Texts that a model will be judged by, under the name of their evaluation. */
export interface EvaluationTexts {
  readonly name: string;
  readonly texts: readonly string[];
}

/** What a worker needs to look for contamination; its arrays are shared, not copied. */
export interface ContaminationData {
  readonly names: readonly string[];
  /** Windows by the number of the evaluation that has them first. */
  readonly windows: KeyTableData;
  /** Whole texts of fewer than 8 words, likewise. */
  readonly wholes: KeyTableData;
  /** The numbers of words in the windows, ascending: 13, and 8 to 12 where an evaluation text is so short. */
  readonly lengths: readonly number[];
}

export interface Contamination {
  /** The evaluation with the most hits, the first of them by the order of the index. */
  readonly name: string;
  /** Windows of the document that the evaluation has too. */
  readonly numHits: number;
}

/**
 * The evaluations' windows of 13 normalised words. A document that has any of them is contaminated. An evaluation text of 8 to 12
 * words is one window of its own length; one of fewer is found only in a document that consists of those words.
 */
export class ContaminationIndex {
  readonly data: ContaminationData;
  readonly #windows: KeyTable;
  readonly #wholes: KeyTable;
  readonly #words = new WordHasher();
  readonly #scratch = new WordWindows();

  private constructor(data: ContaminationData, windows: KeyTable, wholes: KeyTable) {
    this.data = data;
    this.#windows = windows;
    this.#wholes = wholes;
  }

  static build(evaluations: readonly EvaluationTexts[]): ContaminationIndex {
    const [windows, wholes] = [new KeyTable(), new KeyTable()];
    const [words, found] = [new WordHasher(), new WordWindows()];
    const lengths = new Set<number>();
    evaluations.forEach(({ texts }, number) => {
      for (const text of texts) {
        words.read(text);
        found.read(words, contaminationWords);
        const isWhole = words.numWords < fewestContaminationWords;
        if (!isWhole) lengths.add(Math.min(words.numWords, contaminationWords));
        const table = isWhole ? wholes : windows;
        for (let i = 0; i < found.count; i++) table.insert(found.low[i] as number, found.high[i] as number, number);
      }
    });
    const names = evaluations.map(({ name }) => name);
    const sorted = [...lengths].sort((a, b) => a - b);
    const data = { names, windows: windows.data, wholes: wholes.data, lengths: sorted };
    return new ContaminationIndex(data, windows, wholes);
  }

  /** The index again in a worker, from what the main thread sent. */
  static fromData(data: ContaminationData): ContaminationIndex {
    return new ContaminationIndex(data, KeyTable.fromData(data.windows), KeyTable.fromData(data.wholes));
  }

  /** SHA-256 of all that decides an answer, in hexadecimal, for the manifest of a dataset. */
  get hash(): string {
    const { names, windows, wholes, lengths } = this.data;
    const hash = createHash('sha256').update(canonicalJson({ names: [...names], lengths: [...lengths] }));
    for (const array of [windows.keys, windows.values, wholes.keys, wholes.values]) {
      hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    }
    return hash.digest('hex');
  }

  /** Which evaluation a document gives away, if any. */
  findContamination(text: string): Contamination | undefined {
    this.#words.read(text);
    const { numWords } = this.#words;
    const hits = new Map<number, number>();
    if (numWords < fewestContaminationWords) this.#count(this.#wholes, numWords, hits);
    for (const length of this.data.lengths) if (length <= numWords) this.#count(this.#windows, length, hits);
    let best = -1;
    for (const [number, numHits] of hits) {
      const most = hits.get(best) ?? 0;
      if (numHits > most || (numHits === most && number < best)) best = number;
    }
    if (best < 0) return undefined;
    return { name: present(this.data.names[best], 'the name of an evaluation'), numHits: hits.get(best) ?? 0 };
  }

  #count(table: KeyTable, length: number, hits: Map<number, number>): void {
    const windows = this.#scratch;
    windows.read(this.#words, length);
    for (let i = 0; i < windows.count; i++) {
      const number = table.find(windows.low[i] as number, windows.high[i] as number);
      if (number >= 0) hits.set(number, (hits.get(number) ?? 0) + 1);
    }
  }
}
