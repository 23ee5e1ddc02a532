import { equalBytes, hashBytes, type VocabularyIndex } from './byte-strings.ts';
import type { MergeTable } from './merge-table.ts';
import { longestScanned, type PieceMerger, pieceMergerOf } from './piece-merger.ts';
import { endsAtATime, roomAfter, type Splitter } from './splitter.ts';
import { withRoom } from './typed-array-growth.ts';

const slotStride = 4;
const numSlots = 2 ** 16;
/** Fuller than this, the table takes long to search. */
const maxEntries = numSlots / 2;

/** Turns text into tokens, without a thought for added tokens or normalisation. */
export interface ByteEncoder {
  /** Forgets what an encoding that failed left behind. */
  begin(): void;
  /** Appends the tokens of the text `bytes[start, end)`, valid UTF-8, to what `take` gives next. */
  append(bytes: Uint8Array, start: number, end: number): void;
  appendToken(id: number): void;
  /** The tokens since the last call. */
  take(): Uint32Array;
}

/**
 * The tokens of the pieces met before are kept, since most of a text is words seen already: in typed arrays of a fixed size,
 * hashed by the bytes of the piece, emptied when they are full. What is kept changes the speed and never the result.
 */
export function byteEncoderOf(
  splitter: Splitter,
  index: VocabularyIndex,
  table: MergeTable,
  byteIds: Int32Array,
  ignoreMerges: boolean,
): ByteEncoder {
  const merger: PieceMerger = pieceMergerOf(table, byteIds);
  const firstEnds = new Uint32Array(endsAtATime);
  let out = new Uint32Array(1024);
  let numOut = 0;

  // A slot: hash, length of the piece | number of its tokens << 8 (0 is vacant), where its bytes begin, its one token or
  // where its tokens begin.
  const slots = new Int32Array(numSlots * slotStride);
  const keptBytes = new Uint8Array(maxEntries * 12);
  const keptIds = new Int32Array(maxEntries * 4);
  let numEntries = 0;
  let numKeptBytes = 0;
  let numKeptIds = 0;

  const reserve = (numTokens: number) => {
    out = withRoom(out, numOut + numTokens);
  };

  /** @param rest how many tokens there must be room for after this piece */
  const appendLong = (bytes: Uint8Array, start: number, end: number, rest: number) => {
    const whole = ignoreMerges ? index.find(bytes, start, end) : -1;
    const ids = whole < 0 ? merger.merge(bytes, start, end) : Int32Array.of(whole);
    reserve(ids.length + rest);
    out.set(ids, numOut);
    numOut += ids.length;
  };

  const keep = (slot: number, hash: number, bytes: Uint8Array, start: number, end: number, firstId: number) => {
    const count = numOut - firstId;
    const length = end - start;
    if (numEntries === maxEntries || numKeptBytes + length > keptBytes.length || numKeptIds + count > keptIds.length) {
      slots.fill(0);
      numEntries = 0;
      numKeptBytes = 0;
      numKeptIds = 0;
      // The slot that was found vacant may not be the first of its chain any more.
      return;
    }
    numEntries++;
    slots[slot] = hash;
    slots[slot + 1] = length | (count << 8);
    slots[slot + 2] = numKeptBytes;
    for (let at = start; at < end; at++) keptBytes[numKeptBytes++] = bytes[at] as number;
    if (count === 1) slots[slot + 3] = out[firstId] as number;
    else {
      slots[slot + 3] = numKeptIds;
      for (let at = firstId; at < numOut; at++) keptIds[numKeptIds++] = out[at] as number;
    }
  };

  /** Appends a piece of at most `longestScanned` bytes; there must be room for as many tokens. */
  const appendShort = (bytes: Uint8Array, start: number, end: number) => {
    const length = end - start;
    const hash = hashBytes(bytes, start, end);
    let slot = (hash & (numSlots - 1)) * slotStride;
    for (;;) {
      const entry = slots[slot + 1] as number;
      if (entry === 0) break;
      if (
        slots[slot] === hash &&
        (entry & 0xff) === length &&
        equalBytes(keptBytes, slots[slot + 2] as number, bytes, start, length)
      ) {
        const count = entry >> 8;
        const ids = slots[slot + 3] as number;
        if (count === 1) out[numOut++] = ids;
        else for (let at = 0; at < count; at++) out[numOut++] = keptIds[ids + at] as number;
        return;
      }
      slot = (slot + slotStride) & (numSlots * slotStride - 1);
    }
    const firstId = numOut;
    const whole = ignoreMerges ? index.find(bytes, start, end) : -1;
    if (whole < 0) numOut = merger.scan(bytes, start, end, out, numOut);
    else out[numOut++] = whole;
    keep(slot, hash, bytes, start, end, firstId);
  };

  return {
    begin() {
      numOut = 0;
    },
    append(bytes, start, end) {
      let at = start;
      let ends = firstEnds;
      for (;;) {
        const numPieces = splitter.split(bytes, at, end, ends);
        const last = numPieces === 0 ? at : (ends[numPieces - 1] as number);
        reserve(Math.min(numPieces * longestScanned, last - at));
        for (let piece = 0; piece < numPieces; piece++) {
          const pieceEnd = ends[piece] as number;
          if (pieceEnd - at === 1) out[numOut++] = byteIds[bytes[at] as number] as number;
          else if (pieceEnd - at <= longestScanned) appendShort(bytes, at, pieceEnd);
          else appendLong(bytes, at, pieceEnd, Math.min((numPieces - piece) * longestScanned, last - pieceEnd));
          at = pieceEnd;
        }
        if (numPieces < ends.length) return;
        ends = roomAfter(splitter, ends);
      }
    },
    appendToken(id) {
      reserve(1);
      out[numOut++] = id;
    },
    take() {
      const ids = out.slice(0, numOut);
      numOut = 0;
      // One enormous text does not hold its memory for good.
      if (out.length > 2 ** 22) out = new Uint32Array(1024);
      return ids;
    },
  };
}
