import type { TokenizerData } from '../../../src/tokenizer/index.ts';

/** Merges a piece the slow way: over and over, the leftmost pair of the lowest rank. */
export function referenceMerge(data: TokenizerData, piece: Uint8Array): number[] {
  const bytesOf = (id: number) => data.tokenBytes.subarray(data.tokenOffsets[id], data.tokenOffsets[id + 1]);
  const keyOf = (bytes: Uint8Array) => bytes.join();
  const ids = new Map<string, number>();
  for (let id = 0; id + 1 < data.tokenOffsets.length; id++) if (bytesOf(id).length > 0) ids.set(keyOf(bytesOf(id)), id);
  const ranks = new Map<string, number>();
  for (let rank = 0; rank * 2 < data.merges.length; rank++) {
    ranks.set(`${data.merges[rank * 2]} ${data.merges[rank * 2 + 1]}`, rank);
  }
  const whole = ids.get(keyOf(piece));
  if (data.ignoreMerges && whole !== undefined) return [whole];
  let tokens = [...piece].map((byte) => ids.get(String(byte)) ?? -1);
  for (;;) {
    let lowest = Number.POSITIVE_INFINITY;
    let where = -1;
    for (let index = 0; index + 1 < tokens.length; index++) {
      const rank = ranks.get(`${tokens[index]} ${tokens[index + 1]}`) ?? Number.POSITIVE_INFINITY;
      if (rank < lowest) {
        lowest = rank;
        where = index;
      }
    }
    if (where < 0) return tokens;
    const joined = tokens.slice(where, where + 2).flatMap((id) => [...bytesOf(id)]);
    tokens = [...tokens.slice(0, where), ids.get(joined.join()) ?? -1, ...tokens.slice(where + 2)];
  }
}
