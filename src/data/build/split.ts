import { assert, GroundworkError } from '../../core/index.ts';
import { fate } from '../deduplication/duplicates.ts';
import type { BlockSet } from './block-set.ts';
import type { BuildSettings } from './build-settings.ts';

/** What becomes of each document: its part, or neither. */
export const side = { none: 0, train: 1, validation: 2 } as const;

/**
 * Puts every document that is left on one side.
 *
 * @param fates what deduplication said of each document
 * @returns per document a value of `side`
 * @throws `empty-corpus` where there are no two groups to stand on two sides
 */
export function chooseSides(corpus: BlockSet, fates: Uint8Array, settings: BuildSettings): Uint8Array {
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
    const found =
      numKept === 0
        ? `no document is left of ${corpus.blocks.reduce((sum, { header }) => sum + header.accounts.read.numDocuments, 0)}`
        : `${numKept === 1 ? 'one document is' : `${numKept} documents of one group are`} left, expected two at least`;
    throw new GroundworkError('empty-corpus', `${found}: one side is for training, one for validation`, {
      hint: 'Give more text, cut long files into documents with --documents paragraph, or clean less.',
    });
  }
  return fates.map((one, document) => {
    if (one !== fate.kept) return side.none;
    return isValidation[document] === 1 ? side.validation : side.train;
  });
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
 * Chooses the validation documents: those whose group's hash, read as a number in [0, 1), lies below the fraction. So a
 * document's side depends on its group (or text) alone: it stays the same when other documents come or go, unless the limit
 * on the bytes lowers the fraction. Where no group falls below it, the one with the lowest hash is taken.
 *
 * @returns per document 1 for validation, else 0; all 0 where there are fewer than two groups
 */
export function chooseValidation(input: SplitInput, { fraction, maximumBytes }: SplitOptions): Uint8Array<ArrayBuffer> {
  assert(fraction > 0 && fraction < 1, `fraction ${fraction} is not in (0, 1)`);
  const { groupKeys, numBytes, isKept } = input;
  const numDocuments = numBytes.length;
  let totalBytes = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < numDocuments; i++) {
    if (!isKept(i)) continue;
    totalBytes += numBytes[i] ?? 0;
    const position = positionOf(groupKeys, i);
    lowest = Math.min(lowest, position);
    highest = Math.max(highest, position);
  }
  const isValidation = new Uint8Array(numDocuments);
  if (!(lowest < highest)) return isValidation;
  const limit = Math.min(fraction, maximumBytes / totalBytes);
  for (let i = 0; i < numDocuments; i++) {
    const position = positionOf(groupKeys, i);
    if (isKept(i) && (position < limit || position === lowest) && position !== highest) isValidation[i] = 1;
  }
  return isValidation;
}

function positionOf(groupKeys: Uint32Array, document: number): number {
  const high = groupKeys[2 * document] ?? 0;
  const low = groupKeys[2 * document + 1] ?? 0;
  return high / 2 ** 32 + low / 2 ** 64;
}
