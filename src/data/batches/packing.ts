import { assert } from '../../core/index.ts';
import type { DatasetPart } from '../store/dataset-part.ts';

/** Pieces of documents: where each begins in its part, and how many tokens of it are read. */
export interface Pieces {
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
}

/** Which pieces stand in which row: row r holds `pieces[firstPiece[r]]` … `pieces[firstPiece[r + 1] − 1]`. */
export interface RowPlan extends Pieces {
  readonly numRows: number;
  readonly firstPiece: Uint32Array;
  /** The share of places that hold a token, 0 … 1. */
  readonly utilisation: number;
}

/**
 * Cuts documents into pieces of at most `contextLength` tokens; only a document's last piece can be shorter.
 *
 * @param documents their numbers; all of the part where it is left out
 * @param omitEnd leave out the last token of each document: it is said, as the target of the one before, but not read
 */
export function cutDocuments(
  part: DatasetPart,
  contextLength: number,
  { documents, omitEnd = false }: { readonly documents?: Float64Array; readonly omitEnd?: boolean } = {},
): Pieces {
  const numDocuments = documents?.length ?? part.numDocuments;
  const lengthOf = (document: number): number =>
    part.documentEnd(document) - part.documentStart(document) - (omitEnd ? 1 : 0);
  let numPieces = 0;
  for (let i = 0; i < numDocuments; i++) numPieces += Math.ceil(lengthOf(documents?.[i] ?? i) / contextLength);
  const starts = new Float64Array(numPieces);
  const lengths = new Uint32Array(numPieces);
  let piece = 0;
  for (let i = 0; i < numDocuments; i++) {
    const document = documents?.[i] ?? i;
    const start = part.documentStart(document);
    const length = lengthOf(document);
    for (let done = 0; done < length; done += contextLength, piece++) {
      starts[piece] = start + done;
      lengths[piece] = Math.min(contextLength, length - done);
    }
  }
  return { starts, lengths };
}

/** Each piece in a row of its own. */
export function rowsOfOnePiece(pieces: Pieces, contextLength: number): RowPlan {
  const numRows = pieces.lengths.length;
  const firstPiece = Uint32Array.from({ length: numRows + 1 }, (_, row) => row);
  return { ...pieces, numRows, firstPiece, utilisation: utilisationOf(pieces, numRows, contextLength) };
}

/**
 * Packs whole pieces into few rows by best-fit-decreasing (Johnson 1974; for training: Ding et al. 2024, "Fewer Truncations
 * Improve Language Modeling"): the longest first, each into the row with the least room that still holds it, else into a
 * new one. It needs at most 11/9 of the fewest rows possible. Pieces of equal length are taken in the order given, so the plan
 * is a pure function of the lengths.
 *
 * Pieces are sorted by counting, and rows are kept in a list per room that is left, with a bit set of the rooms in use: time in
 * proportion to the pieces, times contextLength / 32 at worst.
 */
export function bestFitDecreasing(pieces: Pieces, contextLength: number): RowPlan {
  const { starts, lengths } = pieces;
  const numPieces = lengths.length;
  assert(numPieces < 2 ** 31, `${numPieces} pieces are too many`);
  const order = byLengthDecreasing(lengths, contextLength);

  const rowOf = new Uint32Array(numPieces);
  const rooms = new Rooms(numPieces, contextLength);
  let numRows = 0;
  for (const piece of order) {
    const length = lengths[piece] as number;
    const room = rooms.smallestFrom(length);
    const row = room === -1 ? numRows++ : rooms.take(room);
    rooms.put(row, (room === -1 ? contextLength : room) - length);
    rowOf[piece] = row;
  }

  // The pieces by row; within a row in the order in which they came.
  const firstPiece = new Uint32Array(numRows + 1);
  for (const row of rowOf) firstPiece[row + 1] = (firstPiece[row + 1] as number) + 1;
  for (let row = 0; row < numRows; row++) {
    firstPiece[row + 1] = (firstPiece[row + 1] as number) + (firstPiece[row] as number);
  }
  const next = firstPiece.slice();
  const sorted = { starts: new Float64Array(numPieces), lengths: new Uint32Array(numPieces) };
  for (const piece of order) {
    const row = rowOf[piece] as number;
    const place = next[row] as number;
    next[row] = place + 1;
    sorted.starts[place] = starts[piece] as number;
    sorted.lengths[place] = lengths[piece] as number;
  }
  return { ...sorted, numRows, firstPiece, utilisation: utilisationOf(pieces, numRows, contextLength) };
}

/** Rows by the room that is left in them: for each room a list, the last that came on top. */
class Rooms {
  /** `top[room]`: the row on top of its list, −1 where empty. */
  private readonly top: Int32Array;
  /** `below[row]`: the row beneath it in its list. */
  private readonly below: Int32Array;
  private readonly inUse: Uint32Array;

  constructor(maxRows: number, maxRoom: number) {
    this.top = new Int32Array(maxRoom + 1).fill(-1);
    this.below = new Int32Array(maxRows);
    this.inUse = new Uint32Array((maxRoom >>> 5) + 1);
  }

  put(row: number, room: number): void {
    if (room === 0) return;
    this.below[row] = this.top[room] as number;
    this.top[room] = row;
    this.inUse[room >>> 5] = (this.inUse[room >>> 5] as number) | (1 << (room & 31));
  }

  take(room: number): number {
    const row = this.top[room] as number;
    const next = this.below[row] as number;
    this.top[room] = next;
    if (next === -1) this.inUse[room >>> 5] = (this.inUse[room >>> 5] as number) & ~(1 << (room & 31));
    return row;
  }

  /** The smallest room in use that is at least `room`; −1 where there is none. */
  smallestFrom(room: number): number {
    let word = room >>> 5;
    let bits = (this.inUse[word] as number) & (-1 << (room & 31));
    while (bits === 0) {
      word += 1;
      if (word === this.inUse.length) return -1;
      bits = this.inUse[word] as number;
    }
    return word * 32 + (31 - Math.clz32(bits & -bits));
  }
}

function byLengthDecreasing(lengths: Uint32Array, maxLength: number): Uint32Array {
  const next = new Uint32Array(maxLength + 2);
  for (const length of lengths) {
    const before = maxLength - length + 1;
    next[before] = (next[before] as number) + 1;
  }
  for (let i = 0; i <= maxLength; i++) next[i + 1] = (next[i + 1] as number) + (next[i] as number);
  const order = new Uint32Array(lengths.length);
  for (let piece = 0; piece < lengths.length; piece++) {
    const bucket = maxLength - (lengths[piece] as number);
    const place = next[bucket] as number;
    next[bucket] = place + 1;
    order[place] = piece;
  }
  return order;
}

function utilisationOf({ lengths }: Pieces, numRows: number, contextLength: number): number {
  let sum = 0;
  for (const length of lengths) sum += length;
  return numRows === 0 ? 1 : sum / (numRows * contextLength);
}
