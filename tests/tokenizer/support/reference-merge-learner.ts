import { byteCharacters } from '../../../src/tokenizer/byte-alphabet.ts';

/**
 * Byte pair encoding as it is written in a textbook: counts every pair of every piece anew for each merge.
 *
 * @param pieces how often each piece occurs; a character of Latin-1 is a byte
 * @returns the merges, as texts of Latin-1
 */
export function learnMergesSlowly(
  pieces: ReadonlyMap<string, number>,
  limits: { readonly numMerges: number; readonly minimumFrequency: number; readonly maximumTokenLength: number },
): [string, string][] {
  const tokens = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  tokens.sort((x, y) => spelling(x).charCodeAt(0) - spelling(y).charCodeAt(0));
  const words = Array.from(pieces, ([piece, count]) => ({
    count,
    ids: [...piece].map((byte) => tokens.indexOf(byte)),
  }));
  const merges: [string, string][] = [];
  const text = (id: number) => tokens[id] ?? '';
  while (merges.length < limits.numMerges) {
    const totals = new Map<string, number>();
    for (const { count, ids } of words) {
      for (let i = 0; i + 1 < ids.length; i++) {
        const [first, second] = [ids[i] ?? -1, ids[i + 1] ?? -1];
        const length = text(first).length + text(second).length;
        if (length > 2 && length > limits.maximumTokenLength) continue;
        totals.set(`${first} ${second}`, (totals.get(`${first} ${second}`) ?? 0) + count);
      }
    }
    const candidates = Array.from(totals, ([key, count]) => {
      const [first = -1, second = -1] = key.split(' ').map(Number);
      return { first, second, count };
    });
    candidates.sort((x, y) => y.count - x.count || x.first - y.first || x.second - y.second);
    const [best] = candidates;
    if (!best || best.count < Math.max(1, limits.minimumFrequency)) break;
    const { first, second } = best;
    const merged = text(first) + text(second);
    merges.push([text(first), text(second)]);
    tokens.push(merged);
    for (const word of words) word.ids = withMerge(word.ids, first, second, tokens.length - 1);
  }
  return merges;
}

function withMerge(ids: readonly number[], first: number, second: number, merged: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const isPair = ids[i] === first && ids[i + 1] === second;
    result.push(isPair ? merged : (ids[i] ?? -1));
    if (isPair) i++;
  }
  return result;
}

function spelling(byte: string): string {
  return byteCharacters[byte.charCodeAt(0)] ?? '';
}
