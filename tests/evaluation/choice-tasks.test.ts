import { describe, expect, test } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { continuationsOf } from '../../src/evaluation/choice-tasks/prompts.ts';
import { askChoices, readChoiceItems, type Scorer } from '../../src/evaluation/index.ts';
import { byteTokenizer } from '../data/store/small-dataset.ts';
import { smallTokenizer } from './text-dataset.ts';

const tokenizer = byteTokenizer(257);
const read = (...lines: unknown[]) =>
  readChoiceItems(
    new TextEncoder().encode(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')),
    'tasks.jsonl',
  );
const faultOf = (...lines: unknown[]): string => {
  try {
    read(...lines);
  } catch (fault) {
    if (fault instanceof GroundworkError && fault.code === 'invalid-tasks') return fault.message;
    throw fault;
  }
  return '';
};

const colours = { query: 'The sky is', choices: ['blue', 'green', 'bluebell'], gold: 0 };
const schema = {
  context_options: ['The ball fell since Ann', 'The ball fell since Bob'],
  continuation: 'let go.',
  gold: 1,
};
const saying = { context: 'One, two, ', continuation: 'three' };

describe('a file of tasks', () => {
  test('is read in each style, with extra fields and blank lines', () => {
    expect(read({ ...colours, id: 7 }, '', { context: 'The sea is', choices: ['a', 'b'], gold: 1 }, '')).toEqual([
      { style: 'multiple_choice', ...colours },
      { style: 'multiple_choice', query: 'The sea is', choices: ['a', 'b'], gold: 1 },
    ]);
    expect(read(schema)).toEqual([
      { style: 'schema', contexts: schema.context_options, continuation: 'let go.', gold: 1 },
    ]);
    expect(read(saying)).toEqual([{ style: 'language_modeling', ...saying }]);
  });

  test.each([
    [['{"query"'], 'tasks.jsonl, line 1: found no JSON'],
    [[colours, '', '[1]'], 'tasks.jsonl, line 3: found a list'],
    [[colours, { ...colours, gold: 3 }], 'tasks.jsonl, line 2: field gold'],
    [[{ ...colours, gold: -1 }], 'line 1: field gold'],
    [[{ ...colours, choices: ['one'] }], 'line 1: field choices'],
    [[{ ...colours, choices: ['one', ''] }], 'line 1: field choices.1'],
    [[{ choices: ['a', 'b'], gold: 0 }], 'line 1: field query: expected either query or context'],
    [[{ question: 'why' }], 'line 1: found the fields question, expected query, choices and gold'],
    [[colours, saying], 'line 2: found language_modeling, expected multiple_choice'],
    [[''], 'tasks.jsonl: found no task'],
  ])('that is broken is refused by file and line: %j', (lines, fault) => {
    expect(faultOf(...lines)).toContain(fault);
  });

  test('that is not UTF-8 is refused by its line', () => {
    const bytes = new Uint8Array([...new TextEncoder().encode(`${JSON.stringify(colours)}\n{"query": "`), 0xff, 0x0a]);
    expect(() => readChoiceItems(bytes, 'x.jsonl')).toThrow(/x\.jsonl, line 2: found bytes that are not UTF-8/);
  });
});

describe('what is scored', () => {
  const texts = (style: object, options = {}, index = 0, ...others: object[]) =>
    continuationsOf(read(style, ...others), index, tokenizer, options).map(({ context, continuation }) => [
      tokenizer.decode(Array.from(context)),
      tokenizer.decode(Array.from(continuation)),
    ]);

  test('of multiple choice is all from where the options differ, at least the last token of each', () => {
    expect(texts({ ...colours, choices: ['blue', 'green'] })).toEqual([
      ['<|bos|>The sky is ', 'blue'],
      ['<|bos|>The sky is ', 'green'],
    ]);
    expect(texts(colours)[2]).toEqual(['<|bos|>The sky is ', 'bluebell']);
    expect(texts({ query: 'q', choices: ['ab', 'abc'], gold: 0 })).toEqual([
      ['<|bos|>q a', 'b'],
      ['<|bos|>q a', 'bc'],
    ]);
  });

  test('of a schema is what the texts have in common at the end', () => {
    const [first, second] = texts(schema);
    expect(first?.[1]).toBe(' let go.');
    expect(second).toEqual(['<|bos|>The ball fell since Bob', ' let go.']);
  });

  test('of language modeling is all that the context alone does not have', () => {
    expect(texts(saying)).toEqual([['<|bos|>One, two,', ' three']]);
  });

  test('is cut where the tokens of the whole text differ, whatever tokens the parts would have alone', () => {
    const merging = smallTokenizer(300);
    const [item] = continuationsOf(read({ context: 'word1 word', continuation: '2 word3' }), 0, merging, {
      delimiter: '',
    });
    const whole = [...Array.from(item?.context ?? []), ...Array.from(item?.continuation ?? [])];
    expect(whole.slice(1)).toEqual([...merging.encode('word1 word2 word3')]);
  });

  test('has solved examples in front, never the question itself, and others with another seed', () => {
    const items = Array.from({ length: 9 }, (_, i) => ({
      query: `q${i}`,
      choices: [`right${i}`, `wrong${i}`],
      gold: 0,
    }));
    const front = (index: number, seed: number): string =>
      texts(items[0] as object, { numShots: 3, seed, delimiter: ': ' }, index, ...items.slice(1))[0]?.join('') ?? '';
    const asked = front(4, 1);
    expect(asked).toMatch(/^<\|bos\|>(q\d: right\d\n\n){3}q4: right4$/);
    expect(asked.match(/q4/g)).toHaveLength(1);
    expect(new Set(asked.match(/q\d/g)).size).toBe(4);
    expect(front(4, 1)).toBe(asked);
    expect(front(4, 2)).not.toBe(asked);
    expect(front(5, 1).slice(0, 40)).not.toBe(asked.slice(0, 40));
  });
});

/** Finds texts likely by a rule. */
const scorerBy = (likelihood: (continuation: string) => number): Scorer => ({
  contextLength: 1024,
  load: async () => undefined,
  score: async (continuations) =>
    continuations.map(({ context, continuation }) => {
      const text = tokenizer.decode([...Array.from(context), ...Array.from(continuation)]);
      const logProbability = likelihood(text);
      return { logProbability, numTokens: continuation.length, isLikeliest: logProbability === 0 };
    }),
  close: async () => undefined,
});

describe('answers', () => {
  const items = read(
    { query: 'a', choices: ['yes', 'no', 'perhaps', 'never'], gold: 0 },
    { query: 'b', choices: ['no', 'yes'], gold: 1 },
    { query: 'c', choices: ['no', 'yes'], gold: 0 },
    { query: 'd', choices: ['no', 'yes'], gold: 1 },
  );
  const knowing = scorerBy((text) => (text.includes('yes') ? -3 : -30));

  test('are the likeliest options, and accuracy is centred on chance', async () => {
    const result = await askChoices(knowing, tokenizer, items);
    expect(result.answers.map(({ chosen }) => chosen)).toEqual([0, 1, 1, 1]);
    expect(result.accuracy).toBe(0.75);
    expect(result.chance).toBe((0.25 + 3 * 0.5) / 4);
    expect(result.centeredAccuracy).toBeCloseTo((0.75 - 0.4375) / (1 - 0.4375), 12);
    expect(result.style).toBe('multiple_choice');
  });

  test('are compared by mean or by total, as asked', async () => {
    const [item] = read({ query: 'q', choices: ['short', 'a very long answer'], gold: 1 });
    const flat = scorerBy((text) => -Math.sqrt(text.length));
    const chosen = async (compare: 'mean' | 'total') =>
      (await askChoices(flat, tokenizer, item ? [item] : [], { compare })).answers[0]?.chosen;
    expect(await chosen('mean')).toBe(1);
    expect(await chosen('total')).toBe(0);
  });

  test('of language modeling are right where every token is the likeliest', async () => {
    const said = read(saying, { context: 'Three, four,', continuation: 'nine' });
    const result = await askChoices(
      scorerBy((text) => (text.includes('nine') ? -1 : 0)),
      tokenizer,
      said,
    );
    expect(result).toMatchObject({ accuracy: 0.5, chance: 0, centeredAccuracy: 0.5 });
    expect(result.answers.map(({ isCorrect }) => isCorrect)).toEqual([true, false]);
  });

  test('of a model that gives no number are wrong and counted', async () => {
    const result = await askChoices(
      scorerBy(() => Number.NaN),
      tokenizer,
      items,
    );
    expect(result).toMatchObject({ accuracy: 0, numNonFinite: 4 });
    expect(result.answers[0]?.chosen).toBeUndefined();
  });

  test('are refused with half a shot', async () => {
    await expect(askChoices(knowing, tokenizer, items, { numShots: 0.5 })).rejects.toMatchObject({ code: 'usage' });
  });
});
