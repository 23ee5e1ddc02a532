import { describe, expect, test } from 'vitest';
import { cleanBy, ruleOf } from './cleaning-support.ts';

const five = 'This is one sentence. This is two. This is three. This is four. This is five.';

describe('C4', () => {
  test('removes documents of fewer than five sentences', async () => {
    const clean = await cleanBy('c4');
    expect(ruleOf(clean(five))).toBe('kept');
    expect(ruleOf(clean(five.replace('four. This', 'four, this')))).toBe('too-few-sentences');
  });

  test.each([
    ['long-word-line', `This has a word ${'x'.repeat(1001)}`, `This has a word ${'x'.repeat(1000)}`],
    ['short-line', 'Two words', 'Three words here'],
    ['javascript-line', 'Please turn on JavaScript now', 'Please turn on Java script now'],
    ['policy-line', 'Read our Cookie Policy here', 'Read our cookies and policies here'],
  ])('takes out lines by %s and keeps those beside the border', async (rule, removed, kept) => {
    const clean = await cleanBy('c4');
    expect(clean(`${five}\n${removed}`)).toEqual({ kept: true, text: five, edits: [{ rule: `c4/${rule}`, count: 1 }] });
    expect(clean(`${five}\n${kept}`)).toEqual({ kept: true, text: `${five}\n${kept}`, edits: [] });
  });

  test.each([
    ['lorem-ipsum', 'Here is Lorem Ipsum again'],
    ['curly-bracket', 'if (a) { b }'],
  ])('removes documents by %s', async (rule, line) => {
    const clean = await cleanBy('c4');
    expect(ruleOf(clean(`${five}\n${line}`))).toBe(rule);
  });

  test('does not ask a line that is taken out for brackets', async () => {
    const clean = await cleanBy('c4');
    expect(ruleOf(clean(`${five}\nvar{ }`))).toBe('kept');
    expect(ruleOf(clean(`${five}\nthe javascript function { }`))).toBe('kept');
  });

  test('asks for terminal punctuation only where told to', async () => {
    const clean = await cleanBy('c4', 'requireTerminalPunctuation=true');
    for (const end of ['.', '?', '!', '"', "'"]) {
      expect(clean(`${five}\nThe line ends so${end}`)).toMatchObject({ text: `${five}\nThe line ends so${end}` });
    }
    for (const end of ['', '...', ':', '…'])
      expect(clean(`${five}\nThe line ends so${end}`)).toMatchObject({ text: five });
    const lenient = await cleanBy('c4');
    expect(lenient(`${five}\nThe line ends so`)).toMatchObject({ text: `${five}\nThe line ends so` });
  });

  test('takes out citations, also where that makes a phrase', async () => {
    const clean = await cleanBy('c4');
    expect(clean(`${five}\nA claim.[12] Another[citation needed] one[edit] [a].`)).toEqual({
      kept: true,
      text: `${five}\nA claim. Another one [a].`,
      edits: [{ rule: 'c4/citation', count: 3 }],
    });
    expect(clean(`${five}\nAsk for java[1]script there`)).toMatchObject({ text: five });
  });

  test('takes off the white space at the ends of lines', async () => {
    const clean = await cleanBy('c4');
    expect(clean(`  ${five} \r\n\tAnd one more line.\u00a0`)).toMatchObject({ text: `${five}\nAnd one more line.` });
  });
});

describe('FineWeb', () => {
  const long = (index: number, end = ''): string => `The long line with number ${index} of all these lines${end}`;
  const lines = (count: number, end = ''): string[] => Array.from({ length: count }, (_, index) => long(index, end));

  test('wants 0.12 of the lines to end in punctuation of any script', async () => {
    const clean = await cleanBy('fineweb');
    expect(ruleOf(clean([...lines(88), ...lines(12, '。')].join('\n')))).toBe('kept');
    expect(ruleOf(clean([...lines(89), ...lines(11, '.')].join('\n')))).toBe('terminal-punctuation');
    expect(ruleOf(clean([...lines(89), ...lines(11, '. ')].join('\n')))).toBe('terminal-punctuation');
  });

  test('removes where more than 0.67 of the lines have at most 30 code points', async () => {
    const clean = await cleanBy('fineweb');
    const short = (count: number, length: number): string[] =>
      Array.from({ length: count }, (_, index) => `${'😀'.repeat(length - 15)}line number ${100 + index}`);
    const text = (count: number, length = 30): string =>
      [...lines(100 - count, '.'), ...short(count, length)].join('\n');
    expect(ruleOf(clean(text(67)))).toBe('kept');
    expect(ruleOf(clean(text(68)))).toBe('short-lines');
    expect(ruleOf(clean(text(68, 31)))).toBe('kept');
  });

  test('removes where repeated lines hold more than 0.01 of the characters', async () => {
    const clean = await cleanBy('fineweb', 'maxShortLines=off');
    const text = (size: number): string =>
      ['Again so.', 'Again so.', `${'word '.repeat((size - 23) / 5)}word.`].join('\n');
    // 9 of 903 characters, and 9 of 898.
    expect(ruleOf(clean(text(903)))).toBe('kept');
    expect(ruleOf(clean(text(898)))).toBe('duplicate-line-characters');
  });

  test('removes where there are more than 0.3 line feeds a word', async () => {
    const clean = await cleanBy('fineweb', 'maxShortLines=off', 'maxDuplicateLineCharacters=off');
    // 10 words and the full stops, which are words too, make 20; 6 line feeds are 0.3 of them.
    const ten = 'a. b. c. d. e. f. g. h. i. jj';
    expect(ruleOf(clean(`${ten}${'\n'.repeat(3)}.`))).toBe('kept');
    expect(ruleOf(clean(`${ten}${'\n'.repeat(4)}.`))).toBe('line-feeds');
  });
});
