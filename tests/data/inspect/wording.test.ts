import { expect, test } from 'vitest';
import { flatSettings, languageName, placeName, plural, tokenName } from '../../../src/data/inspect/wording.ts';

test('settings are listed by their paths', () => {
  expect(flatSettings({ a: { b: 1, c: [] }, d: ['x', 2], e: [{ f: null }], g: {}, h: true })).toEqual([
    ['a.b', '1'],
    ['a.c', '(none)'],
    ['d', 'x, 2'],
    ['e.0.f', 'null'],
    ['g', '(none)'],
    ['h', 'true'],
  ]);
});

test('languages have English names; what is no language code stands for itself', () => {
  expect(['en', 'de', 'und', 'qqq', 'not a code'].map(languageName)).toEqual([
    'English',
    'German',
    'undetermined',
    'qqq',
    'not a code',
  ]);
});

test('places, tokens and counts are written as people read them', () => {
  expect(placeName({ source: 'speeches/1862.txt', line: 12 })).toBe('speeches/1862.txt:12');
  expect(tokenName(' a\n\tb\u00a0')).toBe('␣a⏎⇥b⍽');
  expect([plural(1, 'document'), plural(2000, 'document')]).toEqual(['1 document', '2,000 documents']);
});
