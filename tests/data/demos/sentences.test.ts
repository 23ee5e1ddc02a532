import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sentenceRanges } from '../../../src/data/demos/sentences.ts';

const sentencesOf = (text: string): string[] => sentenceRanges(text).map(({ start, end }) => text.slice(start, end));

test.each([
  ['The war is over. We won it! Did we? Yes.', ['The war is over.', 'We won it!', 'Did we?', 'Yes.']],
  ['I thank Mr. Adams and Gen. Grant. They came.', ['I thank Mr. Adams and Gen. Grant.', 'They came.']],
  [
    'He left the U.S. Senate. He lives in the U.S. The rest stay.',
    ['He left the U.S. Senate.', 'He lives in the U.S.', 'The rest stay.'],
  ],
  [
    'John F. Kennedy spoke. See No. 4 and Dec. 7, 1941. No. We shall not.',
    ['John F. Kennedy spoke.', 'See No. 4 and Dec. 7, 1941.', 'No.', 'We shall not.'],
  ],
  [
    'It grew 4.5 per cent to $1.25. It fell by 3. 5 points.',
    ['It grew 4.5 per cent to $1.25.', 'It fell by 3. 5 points.'],
  ],
  [
    'He said: "We shall see." (They did.) "And now?" Nothing.',
    ['He said: "We shall see."', '(They did.)', '"And now?"', 'Nothing.'],
  ],
  ['1. Peace. 2. Work for all. (a) Farms.', ['1. Peace.', '2. Work for all.', '(a) Farms.']],
  ['It cost 5 cents. the end', ['It cost 5 cents. the end']],
  ['Our hopes . . . are high. In 1889. In 1890.', ['Our hopes . . . are high.', 'In 1889.', 'In 1890.']],
  ['Adams, Jr. Esq. and Co. Ltd. met at 4 p.m. The end.', ['Adams, Jr. Esq. and Co. Ltd. met at 4 p.m.', 'The end.']],
  ['  ', []],
  ['no end', ['no end']],
])('%j has the sentences that a reader hears', (text, sentences) => {
  expect(sentencesOf(text)).toEqual(sentences);
});

test('sentences follow one another, and what lies between them is white space', () => {
  const words = fc.constantFrom(
    'Mr.',
    'The',
    'war',
    'U.S.',
    'No.',
    '4',
    '3.5',
    '"Yes."',
    'end.',
    'end?',
    '(a)',
    'I.',
    '...',
  );
  const spaces = fc.constantFrom(' ', '  ', '\n');
  fc.assert(
    fc.property(fc.array(fc.tuple(words, spaces)), (parts) => {
      const text = parts.flat().join('');
      let position = 0;
      for (const { start, end } of sentenceRanges(text)) {
        expect(text.slice(position, start).trim()).toBe('');
        expect(text.slice(start, end)).toBe(text.slice(start, end).trim());
        expect(end).toBeGreaterThan(start);
        position = end;
      }
      expect(text.slice(position).trim()).toBe('');
    }),
  );
});
