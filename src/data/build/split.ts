import { assert, GroundworkError } from '../../core/index.ts';
import { fate } from '../deduplication/duplicates.ts';
import type { AccountsData } from './accounts.ts';
import type { BlockSet } from './block-set.ts';
import type { BuildSettings } from './build-settings.ts';

/** What becomes of each document: its part, or neither. */
export const side = { none: 0, train: 1, validation: 2 } as const;

/**
 * Puts every document that is left on one side.
 *
 * @param fates what deduplication said of each document
 * @param books of reading and cleaning, to say what became of the rest
 * @returns per document a value of `side`
 * @throws `empty-corpus` where there are no two groups to stand on two sides
 */
export function chooseSides(
  corpus: BlockSet,
  fates: Uint8Array,
  settings: BuildSettings,
  books: AccountsData,
): Uint8Array {
  const input: SplitInput = {
    groupKeys: corpus.column('groupKeys', 2),
    numBytes: corpus.sizes(),
    isKept: (document) => fates[document] === fate.kept,
  };
  const isValidation = chooseValidation(input, {
    fraction: settings.validationFraction,
    maximumBytes: settings.maximumValidationBytes,
  });
  if (!isValidation.includes(1)) {
    const numKept = fates.filter((one) => one === fate.kept).length;
    const left = numKept === 0 ? 'no document is' : numKept === 1 ? 'one document is' : `${numKept} documents are`;
    const found = `${left} left of ${books.read.numDocuments}${removals(books)}`;
    throw new GroundworkError(
      'empty-corpus',
      `${found}; expected two groups or more, one of them of at most ${settings.maximumValidationBytes} bytes to hold out`,
      { hint: 'Give more text, cut long files by --documents paragraph, clean less, or raise --max-validation.' },
    );
  }
  return fates.map((one, document) => {
    if (one !== fate.kept) return side.none;
    return isValidation[document] === 1 ? side.validation : side.train;
  });
}

/** The rules that removed most, for a message. */
function removals({ removed }: AccountsData): string {
  const most = [...removed].sort((a, b) => b.numDocuments - a.numDocuments).slice(0, 3);
  return most.length === 0 ? '' : ` (removed by ${most.map((one) => `${one.rule}: ${one.numDocuments}`).join(', ')})`;
}

/** What the split looks at: each document that is left after deduplication, with its group and its size. */
export interface SplitInput {
  /** 2 numbers a document: a hash of its group, or of its text where there are no groups. */
  readonly groupKeys: Uint32Array;
  /** Size of each document's text in bytes. */
  readonly numBytes: Uint32Array;
  /** Per document, whether it is still there. */
  readonly isKept: (document: number) => boolean;
}

export interface SplitOptions {
  /** The share of the documents that is wanted for validation, in 0 … 1. */
  readonly fraction: number;
  /** The most text that validation takes, in bytes: beyond some 16 MiB more text makes no better measurement. */
  readonly maximumBytes: number;
}

/**
 * Chooses the validation documents: groups in the order of their hashes, read as numbers in [0, 1), as long as these lie below
 * the fraction and the text is no more than it may be. So a document's side depends on its group (or text) alone, and stays
 * the same when other documents come or go, as long as the maximum is not reached. Where no group falls below the fraction,
 * the first that fits is taken. The last group of all stays for training.
 *
 * @returns per document 1 for validation, else 0; all 0 where there are fewer than two groups, or none fits
 */
export function chooseValidation(input: SplitInput, { fraction, maximumBytes }: SplitOptions): Uint8Array<ArrayBuffer> {
  assert(fraction > 0 && fraction < 1, `fraction ${fraction} is not in (0, 1)`);
  const { groupKeys, numBytes, isKept } = input;
  let last = 0;
  for (let i = 0; i < numBytes.length; i++) if (isKept(i)) last = Math.max(last, positionOf(groupKeys, i));
  /** Documents that may be held out and whose hash lies below a limit. */
  const below = (limit: number): number[] => {
    const documents: number[] = [];
    for (let i = 0; i < numBytes.length; i++) {
      const position = positionOf(groupKeys, i);
      if (isKept(i) && position < limit && position !== last) documents.push(i);
    }
    return documents;
  };
  const isValidation = new Uint8Array(numBytes.length);
  const take = (candidates: readonly number[], mostGroups: number): boolean => {
    let left = maximumBytes;
    let numGroups = 0;
    for (const group of groupsByPosition(candidates, groupKeys)) {
      const size = group.reduce((sum, document) => sum + (numBytes[document] ?? 0), 0);
      // A first group that is too large alone does not keep out those behind it.
      if (size > left && numGroups > 0) break;
      if (size > left) continue;
      for (const document of group) isValidation[document] = 1;
      left -= size;
      if (++numGroups === mostGroups) break;
    }
    return numGroups > 0;
  };
  if (!take(below(fraction), Number.POSITIVE_INFINITY)) take(below(1), 1);
  return isValidation;
}

/** Documents by group, the group with the lowest hash first; each group in the order of the corpus. */
function groupsByPosition(documents: readonly number[], groupKeys: Uint32Array): number[][] {
  const groups = new Map<number, number[]>();
  for (const document of documents) {
    const position = positionOf(groupKeys, document);
    const group = groups.get(position);
    if (group) group.push(document);
    else groups.set(position, [document]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

function positionOf(groupKeys: Uint32Array, document: number): number {
  const high = groupKeys[2 * document] ?? 0;
  const low = groupKeys[2 * document + 1] ?? 0;
  return high / 2 ** 32 + low / 2 ** 64;
}
