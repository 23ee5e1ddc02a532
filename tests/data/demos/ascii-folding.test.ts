import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asciiFolded } from '../../../src/data/demos/ascii-folding.ts';

test('typographic signs become those of a typewriter, and letters lose their marks', () => {
  expect(asciiFolded('“America’s” naïve—Nicolás… 54° 40')).toBe('"America\'s" naive--Nicolas... 54 degrees 40');
  expect(asciiFolded('security -– that’s well‑being – now, 1914–1918')).toBe(
    "security -- that's well-being -- now, 1914-1918",
  );
});

test('the result is ASCII without control characters, and ASCII text stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => void expect(asciiFolded(text)).toMatch(/^[\n -~]*$/)),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[\n -~]*$/), (text) => {
      expect(asciiFolded(text)).toBe(text);
    }),
  );
});
