import { describe, expect, test } from 'vitest';
import { assignParameters, type OptimizerSpec, optimizerSchema } from '../../src/optimizer/index.ts';
import { refusalOf } from '../support/expect-refusal.ts';

const adam = { algorithm: 'adamw', beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 } as const;
const optimizer: OptimizerSpec = {
  groups: [
    { algorithm: 'muon', roles: ['matrix'], learningRate: 0.02, momentum: 0.95, weightDecay: 0.2, numIterations: 5 },
    { ...adam, roles: ['embedding', 'gain'], learningRate: 0.01 },
  ],
  clipNorm: 1,
};

/** Refused as a fault of the recipe, in words that name what was found. */
function expectInvalid(body: () => unknown, message: RegExp): void {
  const error = refusalOf(body);
  expect(error.code).toBe('invalid-recipe');
  expect(error.message).toMatch(message);
}

describe('an optimizer', () => {
  test('gives each parameter the group of its role, with its own factors', () => {
    const assigned = assignParameters(optimizer, {
      embedding: { shape: [4, 2], role: 'embedding' },
      matrix: { shape: [2, 2], role: 'matrix', learningRateFactor: 0.5, weightDecayFactor: 4 },
    });
    expect(
      assigned.map(({ name, groupIndex, learningRate, weightDecay }) => [name, groupIndex, learningRate, weightDecay]),
    ).toEqual([
      ['embedding', 1, 0.01, 0.1],
      ['matrix', 0, 0.01, 0.8],
    ]);
  });

  test('is refused where a role of the model has no group', () => {
    expectInvalid(() => assignParameters(optimizer, { head: { shape: [4, 2], role: 'head' } }), /head/);
  });

  test('is refused where Muon would update what is no matrix', () => {
    const given = { 'blocks.0.stack': { shape: [2, 2, 2], role: 'matrix' } };
    expectInvalid(() => assignParameters(optimizer, given), /blocks\.0\.stack.*\[2, 2, 2\]/);
  });

  test('is refused where a step would take more than half of a parameter, or its rate is no number', () => {
    for (const [learningRateFactor, weightDecayFactor] of [
      [10, 20],
      [Number.NaN, 1],
      [-1, 1],
      // More than float32 holds.
      [1e300, 0],
    ] as const) {
      const given = { w: { shape: [2, 2], role: 'matrix', learningRateFactor, weightDecayFactor } };
      expectInvalid(() => assignParameters(optimizer, given), /learning rate/);
    }
  });

  test('has only numbers that stay what they are in float32', () => {
    const group = { ...adam, roles: ['embedding'], learningRate: 0.01 };
    const isValid = (fields: object, clipNorm: number | null = 1) =>
      optimizerSchema.safeParse({ groups: [{ ...group, ...fields }], clipNorm }).success;
    expect([isValid({}), isValid({ epsilon: 2 ** -126 }), isValid({ beta2: 1 - 2 ** -24 }), isValid({}, 3e38)]).toEqual(
      Array(4).fill(true),
    );
    for (const x of [1e-46, 1e-39, 1e39, Number.POSITIVE_INFINITY, 0, -1]) {
      expect([x, isValid({ epsilon: x }), isValid({ learningRate: x }), isValid({}, x)]).toEqual([
        x,
        false,
        false,
        false,
      ]);
    }
    for (const beta of [1 - 1e-9, 1, -0.1]) {
      expect([beta, isValid({ beta1: beta }), isValid({ beta2: beta })]).toEqual([beta, false, false]);
    }
    const muon = { ...optimizer.groups[0], momentum: 1 - 1e-9 };
    const issue = optimizerSchema.safeParse({ groups: [muon], clipNorm: 1 }).error?.issues[0];
    expect([issue?.path.join('.'), issue?.message]).toEqual(['groups.0.momentum', expect.stringMatching(/float32/)]);
  });

  test('has each role in one group only, and no unknown fields', () => {
    expect(optimizerSchema.safeParse(optimizer).success).toBe(true);
    const twice = { ...optimizer, groups: [...optimizer.groups, { ...adam, roles: ['gain'], learningRate: 1 }] };
    expect(optimizerSchema.safeParse(twice).error?.issues[0]?.message).toMatch(/gain stands in two groups/);
    expect(optimizerSchema.safeParse({ ...optimizer, nesterov: true }).success).toBe(false);
  });
});
