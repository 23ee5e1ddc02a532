import { describe, expect, test } from 'vitest';
import { onnxEngine, referenceEngine } from '../../../src/engine/index.ts';
import { gptModel } from '../../../src/model/index.ts';
import {
  findLeak,
  graphDifference,
  probeForLeaks,
  requireCausal,
  requireNoLeakInProbe,
  sameGraph,
} from '../../../src/recipe/causality/causality.ts';
import { traceLogits } from '../../../src/recipe/inference.ts';
import { shippedRecipes } from '../../../src/recipe/recipes/shipped.ts';
import {
  cumulativeSum,
  fill,
  less,
  log,
  negate,
  reduceMean,
  reduceSum,
  reshape,
  square,
  trace,
  where,
} from '../../../src/tensor/index.ts';
import { extents, type Mixing, mixingModel } from './mixing-models.ts';

const tracer =
  (mixing: Mixing, contextLength = 16) =>
  (batchSize: number) =>
    traceLogits(mixingModel(mixing, contextLength), { batchSize });

const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'future-leak', message: expect.stringMatching(message) });

/** Rows one after the other in two long rows: with two rows nothing happens, with more they see each other. */
const twoLongRows: Mixing = {
  mix: (x) => {
    const [, , features] = extents(x);
    const long = reshape(x, [2, 1, -1, features]);
    return reshape(cumulativeSum(long, 2), x.shape);
  },
};

/** Looks ahead where there are more than three rows, which it counts inside the graph. */
const countsRows: Mixing = {
  mix: (x) => {
    const numRows = reduceSum(fill(1, [extents(x)[0]]));
    return where(less(numRows, 3.5), x, reduceMean(x, [1], { keepDimensions: true }));
  },
};

/** Looks ahead where there are more than three rows, as TypeScript sees them. */
const branches: Mixing = {
  mix: (x) => (extents(x)[0] > 3 ? reduceMean(x, [1], { keepDimensions: true }) : square(x)),
};

describe('a model that behaves at two rows only', () => {
  test('is refused where it merges rows', () => {
    expect(findLeak(tracer(twoLongRows)(2))).toBeUndefined();
    expect(() => requireCausal(tracer(twoLongRows), 4)).toThrow(refusal(/cumulativeSum in mixing/));
  });

  test('is refused where it counts rows', () => {
    expect(sameGraph(tracer(countsRows)(2), tracer(countsRows)(4))).toBe(true);
    expect(() => requireCausal(tracer(countsRows), 4)).toThrow(refusal(/another constant for another number of rows/));
  });

  test('is refused where its graph is another one', () => {
    expect(graphDifference(tracer(branches)(2), tracer(branches)(4))).toMatch(/between batches of 2 and 4 rows/);
    expect(() => requireCausal(tracer(branches), 4)).toThrow(refusal(/between batches/));
  });

  test('is seen by the probe at the real number of rows', async () => {
    const engine = referenceEngine();
    for (const mixing of [twoLongRows, countsRows, branches]) {
      await expect(requireNoLeakInProbe(engine, tracer(mixing)(4))).rejects.toThrow(
        refusal(/change by .* when tokens from/),
      );
    }
  });
});

const options = {
  'the default': {},
  'ALiBi and groups': { positions: 'alibi', numHeads: 4, numGroups: 2 },
  'windows and learned positions': { positions: 'learned', windowPattern: 'SL', norm: 'layerNorm', hasBiases: true },
  'value embeddings and scales': {
    hasValueEmbeddings: true,
    hasResidualScales: true,
    hasInputScales: true,
    logitSoftcap: 15,
  },
} as const;

describe.each(Object.entries(options))('a GPT with %s', (_, given) => {
  const model = gptModel({ vocabularySize: 32, contextLength: 64, numLayers: 2, width: 32, ...given });

  test.each([false, true])('is proved causal (documents: %s)', (documentMask) => {
    requireCausal((batchSize) => traceLogits(model, { batchSize, documentMask }), 8);
    requireCausal((batchSize) => traceLogits(model, { batchSize, documentMask }), 1);
  });
});

describe.each(shippedRecipes.map((recipe) => [recipe.name, recipe] as const))('the recipe %s', (_, recipe) => {
  const model = recipe.model({ vocabularySize: 64, contextLength: 160, numLayers: 4, width: 64 });

  test.each([false, true])('passes proof and probe (documents: %s)', async (documentMask) => {
    const trace = (batchSize: number) => traceLogits(model, { batchSize, documentMask });
    requireCausal(trace, 4);
    expect(await probeForLeaks(await onnxEngine('cpu', { numThreads: 1 }), trace(2))).toBeUndefined();
  });
});

test('a probe that sees no finite logits says so', async () => {
  const nowhere: Mixing = { mix: (x) => log(negate(square(x))) };
  await expect(probeForLeaks(referenceEngine(), tracer(nowhere)(2))).rejects.toThrow(
    expect.objectContaining({ code: 'invalid-recipe' }),
  );
});

test('a Program that is no forward pass is refused by name', () => {
  const program = trace(({ ids }) => ({ outputs: { logits: ids } }), {
    inputs: { ids: { shape: [2, 4], dtype: 'int32' } },
  });
  expect(() => findLeak(program)).toThrow(expect.objectContaining({ code: 'invalid-recipe' }));
});
