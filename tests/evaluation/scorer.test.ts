import { afterAll, describe, expect, test } from 'vitest';
import { present, randomStream } from '../../src/core/index.ts';
import { onnxEngine, type Session } from '../../src/engine/index.ts';
import { type Continuation, type ContinuationScore, openScorer } from '../../src/evaluation/index.ts';
import { gptModel } from '../../src/model/index.ts';
import { traceLogits } from '../../src/recipe/index.ts';
import { randomParameters } from './random-parameters.ts';

const engine = await onnxEngine('cpu', { numThreads: 1 });
const vocabularySize = 31;
const contextLength = 40;
const model = gptModel({ vocabularySize, contextLength, numLayers: 2, width: 32, headWidth: 16 });
const parameters = randomParameters(model);

const sessions = new Map<number, Session>();
afterAll(async () => {
  for (const session of sessions.values()) await session.close();
});

async function logitsOf(tokens: readonly number[]): Promise<number[][]> {
  let session = sessions.get(tokens.length);
  if (session === undefined) {
    session = await engine.load(traceLogits(model, { batchSize: 1, contextLength: tokens.length }));
    for (const [name, values] of parameters) await session.set(name, values);
    sessions.set(tokens.length, session);
  }
  const logits = present((await session.run({ tokens: Int32Array.from(tokens) })).logits, 'logits');
  return tokens.map((_, i) => Array.from(logits.subarray(i * vocabularySize, (i + 1) * vocabularySize), Number));
}

/** Token by token: what ln softmax of the last logits of all before it says. */
async function slowScore({ context, continuation }: Continuation): Promise<ContinuationScore> {
  const text = [...Array.from(context), ...Array.from(continuation)];
  let logProbability = 0;
  let isLikeliest = true;
  for (let at = context.length; at < text.length; at++) {
    const row = present((await logitsOf(text.slice(Math.max(0, text.length - contextLength - 1), at))).at(-1), 'a row');
    const largest = Math.max(...row);
    const sum = row.reduce((total, logit) => total + Math.exp(logit - largest), 0);
    logProbability += (row[text[at] as number] as number) - largest - Math.log(sum);
    if (row.indexOf(largest) !== text[at]) isLikeliest = false;
  }
  return { logProbability, numTokens: continuation.length, isLikeliest };
}

const random = randomStream(5, 'texts');
const randomTokens = (length: number) => Array.from({ length }, () => random.nextInteger(vocabularySize));
const lengths: readonly [number, number][] = [
  [1, 1],
  [3, 5],
  [7, 1],
  [8, 1],
  [1, 30],
  [20, 20],
  [40, 1],
  [60, 3],
  [2, 39],
];
const continuations = lengths.map(([context, continuation]) => ({
  context: randomTokens(context),
  continuation: randomTokens(continuation),
}));

async function withScorer<T>(
  work: (scorer: Awaited<ReturnType<typeof openScorer>>) => Promise<T>,
  tokensPerBatch = 128,
) {
  const scorer = await openScorer(engine, model, { tokensPerBatch });
  try {
    await scorer.load(parameters);
    return await work(scorer);
  } finally {
    await scorer.close();
  }
}

describe('the scorer', () => {
  test('gives what the model says token by token, the context cut from the left', async () => {
    const scores = await withScorer((scorer) => scorer.score(continuations));
    for (const [i, continuation] of continuations.entries()) {
      const slow = await slowScore(continuation);
      expect(scores[i]?.logProbability).toBeCloseTo(slow.logProbability, 4);
      expect(scores[i]?.numTokens).toBe(slow.numTokens);
      expect(scores[i]?.isLikeliest).toBe(slow.isLikeliest);
    }
  });

  test('gives the same whatever is scored beside it, and in whatever batches', async () => {
    const together = await withScorer((scorer) => scorer.score(continuations));
    const tiny = await withScorer((scorer) => scorer.score([...continuations].reverse()), 1);
    tiny.reverse().forEach(({ logProbability }, i) => {
      expect(logProbability).toBeCloseTo(together[i]?.logProbability as number, 4);
    });
  });

  test('tells where the continuation is what the model would say', async () => {
    const said: number[] = [];
    for (let i = 0; i < 4; i++) {
      const row = present((await logitsOf([4, 2, ...said])).at(-1), 'a row');
      said.push(row.indexOf(Math.max(...row)));
    }
    const other = [...said.slice(0, 3), ((said[3] as number) + 1) % vocabularySize];
    const [own, changed] = await withScorer((scorer) =>
      scorer.score([
        { context: [4, 2], continuation: said },
        { context: [4, 2], continuation: other },
      ]),
    );
    expect(own?.isLikeliest).toBe(true);
    expect(changed?.isLikeliest).toBe(false);
  });

  test('reads a continuation longer than the context in pieces, each token once', async () => {
    const long = { context: randomTokens(10), continuation: randomTokens(100) };
    const text = [...long.context, ...long.continuation];
    const pieces = [
      { context: text.slice(0, 10), continuation: text.slice(10, 50) },
      { context: text.slice(0, 50), continuation: text.slice(50, 90) },
      { context: text.slice(0, 90), continuation: text.slice(90) },
    ];
    const [whole, ...parts] = await withScorer((scorer) => scorer.score([long, ...pieces]));
    const sum = parts.reduce((total, { logProbability }) => total + logProbability, 0);
    expect(whole?.logProbability).toBeCloseTo(sum, 4);
    expect(whole?.numTokens).toBe(100);
  });

  test('gives nothing for nothing, tells how far it is, and can be stopped', async () => {
    await withScorer(async (scorer) => {
      expect(await scorer.score([])).toEqual([]);
      expect(await scorer.score([{ context: [1], continuation: [] }])).toMatchObject([{ numTokens: 0 }]);
      const seen: number[] = [];
      await scorer.score(continuations, { onScored: (numDone) => void seen.push(numDone) });
      expect(seen.at(-1)).toBe(continuations.length);
      const stopped = scorer.score(continuations, { signal: AbortSignal.abort() });
      await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    });
  });
});
