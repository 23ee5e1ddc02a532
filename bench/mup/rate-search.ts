/**
 * The minimum of a function on the integers that falls and then rises: starts at a guess, and walks until both neighbours of the
 * best are known and higher. Every point is asked for once.
 *
 * @param reach the most steps that it may walk from the guess
 * @returns what was asked, in rising order, and the best
 */
export async function searchMinimum(
  valueAt: (point: number) => Promise<number>,
  guess: number,
  reach = 8,
): Promise<{ best: number; values: ReadonlyMap<number, number> }> {
  const values = new Map<number, number>();
  const ask = async (point: number): Promise<number> => {
    const known = values.get(point);
    if (known !== undefined) return known;
    const found = await valueAt(point);
    // A run that diverged is worse than any other.
    const value = Number.isFinite(found) ? found : Number.POSITIVE_INFINITY;
    values.set(point, value);
    return value;
  };
  let best = guess;
  for (let walked = 0; walked <= reach; walked++) {
    const [lower, here, higher] = [await ask(best - 1), await ask(best), await ask(best + 1)];
    if (Number.isFinite(here) && here <= lower && here <= higher) break;
    // Where all three diverged, the rate is too high.
    best += lower <= higher ? -1 : 1;
  }
  return { best, values: new Map([...values].sort(([a], [b]) => a - b)) };
}
