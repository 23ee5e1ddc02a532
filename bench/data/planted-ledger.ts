import { createHash } from 'node:crypto';
import { present } from '../../src/core/index.ts';
import type { Planted } from './planted-corpus.ts';

/** A hash of a text, to know it again by. */
export const textKey = (text: string | Uint8Array): string =>
  createHash('sha256').update(text).digest('base64').slice(0, 20);

/** What was planted, by place in the corpus. */
export class PlantedLedger {
  readonly #kinds: Planted['kind'][] = [];
  /** For each place, that of the text it is a copy of; its own place where it is none. */
  readonly #originals: number[] = [];
  readonly #jaccards: number[] = [];
  /** The first place of a text. */
  readonly #places = new Map<string, number>();

  get numDocuments(): number {
    return this.#kinds.length;
  }

  add(planted: Planted): void {
    const place = this.#kinds.length;
    this.#kinds.push(planted.kind);
    this.#originals.push(planted.kind === 'own' ? place : planted.of);
    this.#jaccards.push(planted.kind === 'near' ? planted.jaccard : 1);
    if (planted.kind !== 'exact') this.#places.set(textKey(planted.text), place);
  }

  /** The first place where a text with this key stands, undefined where there is none. */
  placeOf(key: string): number | undefined {
    return this.#places.get(key);
  }

  /**
   * Holds what is left against what was planted. Of a text and its copies one is to be left; which one, is left open, for a
   * copy that stands in validation may be the reason why its original was removed.
   *
   * @param keptAt for each place of a text's first occurrence, how often the dataset holds it
   * @param numLeaks documents that were removed because they are like one of validation, and not as duplicates: at most so many
   *   of the near copies that are gone were not found as duplicates
   */
  findings(keptAt: Uint32Array, numLeaks: number): PlantedFindings {
    const exact = { planted: 0, missed: 0 };
    const near = { planted: 0, missed: 0 };
    const bins = new Map<string, { planted: number; found: number }>();
    /** For each original, how often it or a copy of it is left. */
    const left = new Uint32Array(this.numDocuments);
    for (const [place, kind] of this.#kinds.entries()) {
      const original = this.#originalAt(place);
      left[original] = (left[original] ?? 0) + (keptAt[place] ?? 0);
      if (kind === 'own') continue;
      if (kind === 'exact') exact.planted++;
      else {
        const isMissed = keptAt[place] === 1 && keptAt[original] !== 0;
        near.planted++;
        if (isMissed) near.missed++;
        const jaccard = this.#jaccards[place] ?? 1;
        const from = Math.floor(jaccard * 50 + 1e-9) / 50;
        const name = `${from.toFixed(2)}–${(from + 0.02).toFixed(2)}`;
        const bin = bins.get(name) ?? { planted: 0, found: 0 };
        bins.set(name, bin);
        bin.planted++;
        if (!isMissed) bin.found++;
      }
    }
    let kept = 0;
    let falselyRemoved = 0;
    for (const [place, kind] of this.#kinds.entries()) {
      const times = keptAt[place] ?? 0;
      kept += times;
      if (times > 1) exact.missed += times - 1;
      if (kind === 'own' && left[place] === 0) falselyRemoved++;
    }
    const removed = this.numDocuments - kept;
    const foundNear = near.planted - near.missed;
    return {
      numDocuments: this.numDocuments,
      numKept: kept,
      numRemoved: removed,
      numLeaks,
      exact: { ...exact, recall: (exact.planted - exact.missed) / exact.planted },
      near: { ...near, recall: foundNear / near.planted, leastRecall: (foundNear - numLeaks) / near.planted },
      falselyRemoved,
      precision: (removed - falselyRemoved) / removed,
      byJaccard: [...bins].sort(([a], [b]) => (a < b ? -1 : 1)).map(([jaccard, bin]) => ({ jaccard, ...bin })),
    };
  }

  #originalAt(place: number): number {
    return present(this.#originals[place], `the original of place ${place}`);
  }
}

export interface PlantedFindings {
  readonly numDocuments: number;
  readonly numKept: number;
  readonly numRemoved: number;
  /** Documents that were removed as like one of validation, planted or not. */
  readonly numLeaks: number;
  readonly exact: { readonly planted: number; readonly missed: number; readonly recall: number };
  readonly near: {
    readonly planted: number;
    /** Copies that are left beside their original. */
    readonly missed: number;
    readonly recall: number;
    /** The recall of deduplication alone, if every leak was a near copy that it had missed. */
    readonly leastRecall: number;
  };
  /** Texts that are gone and nothing that is like them is left. */
  readonly falselyRemoved: number;
  readonly precision: number;
  readonly byJaccard: readonly { readonly jaccard: string; readonly planted: number; readonly found: number }[];
}
