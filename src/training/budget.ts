import { GroundworkError } from '../core/index.ts';

const millisecondsOf: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const longest = 366 * 86_400_000;

/**
 * Reads a length of time such as `90s`, `10m`, `1h30m` or `1.5h`.
 *
 * @param what it is, for messages
 * @returns milliseconds
 * @throws `usage` for anything else
 */
export function parseDuration(text: string, what = 'budget of time'): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*(ms|[smhd])/gi)];
  const isWhole =
    parts.map(([part]) => part.replaceAll(/\s/g, '')).join('') === text.replaceAll(/\s/g, '') && parts.length > 0;
  const durationMs = parts.reduce(
    (sum, [, digits = '', unit = '']) => sum + Number(digits) * (millisecondsOf[unit.toLowerCase()] ?? Number.NaN),
    0,
  );
  if (isWhole && durationMs > 0 && durationMs <= longest) return durationMs;
  throw new GroundworkError('usage', `the ${what} is "${text}", expected a length such as 90s, 10m or 1h30m`, {
    hint: 'Give a number and a unit: s for seconds, m for minutes, h for hours, d for days.',
  });
}

const powers: { readonly [prefix: string]: number } = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  b: 1e9,
  t: 1e12,
  p: 1e15,
  e: 1e18,
};

/**
 * Reads a large number such as `2000000`, `20M`, `1.5G` or `3e15`, in powers of a thousand.
 *
 * @param what it counts, for messages
 * @throws `usage` for anything else, or less than 1
 */
export function parseQuantity(text: string, what: string): number {
  const [, digits, prefix = ''] = /^(\d+(?:\.\d+)?(?:e\+?\d{1,2})?)\s*([kmgbtpe]?)$/i.exec(text.trim()) ?? [];
  const quantity = Number(digits) * (powers[prefix.toLowerCase()] ?? Number.NaN);
  if (quantity >= 1 && Number.isFinite(quantity)) return quantity;
  throw new GroundworkError('usage', `the number of ${what} is "${text}", expected a number such as 20M or 3e15`, {
    hint: 'Write it out, or with k, M, G, T or P for powers of a thousand.',
  });
}
