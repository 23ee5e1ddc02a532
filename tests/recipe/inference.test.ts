import { describe, expect, test } from 'vitest';
import { present } from '../../src/core/index.ts';
import { type NumericData, referenceEngine } from '../../src/engine/index.ts';
import {
  initialize,
  recipeNamed,
  shippedRecipes,
  traceDecode,
  traceLogits,
  tracePrefill,
} from '../../src/recipe/index.ts';
import { expectClose } from '../support/expect-close.ts';
import { refusalOf } from '../support/expect-refusal.ts';

const [B, T, V, beginning] = [2, 8, 37, 5];
const size = { vocabularySize: V, contextLength: T, numLayers: 2, width: 32 };
const tokens = Int32Array.from({ length: B * T }, (_, i) => (i * i * 7 + 3) % V);

/** Columns `from` up to `to` of rows of `width` columns, which are of `depth` numbers each. */
function columns(data: NumericData, width: number, depth: number, from: number, to: number): number[] {
  const rowSize = width * depth;
  return Array.from({ length: data.length / rowSize }, (_, row) =>
    Array.from(data.slice(row * rowSize + from * depth, row * rowSize + to * depth)),
  ).flat();
}

describe('prefill and decode', () => {
  for (const recipe of shippedRecipes) {
    test(`of ${recipe.name} say at each position what reading the whole text says`, async () => {
      const model = recipe.model(size);
      const { numLayers, numGroups, headWidth } = present(model.cache, 'a cache');
      const engine = referenceEngine();
      const [whole, prefill, decode] = await Promise.all([
        engine.load(traceLogits(model, { batchSize: B })),
        engine.load(tracePrefill(model, { batchSize: B, contextLength: beginning })),
        engine.load(traceDecode(model, { batchSize: B })),
      ]);
      for (const session of [whole, prefill, decode]) {
        for (const [name, values] of initialize(model, 1)) {
          // Nothing that starts at 0 may hide a part of the model.
          await session.set(
            name,
            values.map((x, i) => (x === 0 ? Math.sin(i) / 9 : x)),
          );
        }
      }
      const { logits: expected = [] } = await whole.run({ tokens });
      const begun = await prefill.run({ tokens: Int32Array.from(columns(tokens, T, 1, 0, beginning)) });
      expectClose(begun.logits ?? [], columns(expected as NumericData, T, V, 0, beginning), 1e-10);
      // What prefill kept goes into the first columns of what decode keeps.
      for (let layer = 0; layer < numLayers; layer++) {
        for (const part of ['keys', 'values']) {
          const name = `layers.${layer}.${part}`;
          const kept = present(begun[name], name);
          expect(kept).toHaveLength(B * numGroups * beginning * headWidth);
          const wide = new Float64Array(B * numGroups * T * headWidth);
          for (let row = 0; row < B * numGroups; row++) {
            const own = kept.slice(row * beginning * headWidth, (row + 1) * beginning * headWidth);
            wide.set(Array.from(own), row * T * headWidth);
          }
          await decode.set(name, wide);
        }
      }
      for (let position = beginning; position < T; position++) {
        const { logits = [] } = await decode.run({
          tokens: Int32Array.from(columns(tokens, T, 1, position, position + 1)),
          position: Int32Array.of(position),
        });
        expectClose(logits, columns(expected as NumericData, T, V, position, position + 1), 1e-10);
      }
    });
  }

  test('are refused of a model that keeps no keys and values', () => {
    const { cache: _, ...model } = recipeNamed('baseline').model(size);
    for (const work of [() => tracePrefill(model, { batchSize: 1 }), () => traceDecode(model, { batchSize: 1 })]) {
      expect(refusalOf(work).code).toBe('invalid-recipe');
    }
  });
});
