import { describe, expect, test } from 'vitest';
import type { Initialization, Model } from '../../src/model/index.ts';
import { initialize, recipeNamed } from '../../src/recipe/index.ts';

const model = recipeNamed('gpt2').model({ vocabularySize: 64, contextLength: 16, numLayers: 1, width: 32 });

/** The numbers of one parameter that begins so. */
function valuesOf(initialization: Initialization, length = 1000): number[] {
  const only: Model = { ...model, parameters: { only: { shape: [length], role: 'gain', initialization } } };
  return [...(initialize(only, 1).get('only') ?? [])];
}

describe('a parameter', () => {
  test('begins at its constant everywhere', () => {
    expect(valuesOf({ kind: 'constant', value: 0.25 })).toEqual(Array(1000).fill(0.25));
    expect(valuesOf({ kind: 'constant', value: 0.1 }, 1)).toEqual([Math.fround(0.1)]);
  });

  test('begins at 0 with no deviation, and apart from it with one', () => {
    expect(valuesOf({ kind: 'normal', deviation: 0 })).toEqual(Array(1000).fill(0));
    expect(new Set(valuesOf({ kind: 'normal', deviation: 1e-3 })).size).toBeGreaterThan(990);
  });

  test('never begins at −0, not even where float32 has no smaller number', () => {
    const kinds: readonly Initialization[] = [
      { kind: 'constant', value: -0 },
      { kind: 'constant', value: -1e-50 },
      { kind: 'normal', deviation: 0 },
      { kind: 'normal', deviation: 1e-46 },
      { kind: 'normal', deviation: 1e-45 },
    ];
    for (const kind of kinds) {
      expect([kind, valuesOf(kind).filter((x) => Object.is(x, -0)).length]).toEqual([kind, 0]);
    }
    // The last of them has more than one number: denormals stay.
    expect(new Set(valuesOf({ kind: 'normal', deviation: 1e-45 })).size).toBeGreaterThan(2);
  });
});
