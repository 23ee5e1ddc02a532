import { describe, expect, test } from 'vitest';
import { referenceEngine } from '../../src/engine/index.ts';
import type { OptimizerSpec } from '../../src/optimizer/index.ts';
import { normals } from '../support/evaluate.ts';
import { expectClose } from '../support/expect-close.ts';
import { ReferenceOptimizer } from './support/reference-optimizer.ts';
import { type Parameters, updateProgram } from './support/update-program.ts';

const adam = { algorithm: 'adamw', beta1: 0.9, beta2: 0.95, epsilon: 1e-8 } as const;

const optimizer: OptimizerSpec = {
  groups: [
    { algorithm: 'muon', roles: ['matrix'], learningRate: 0.02, momentum: 0.95, weightDecay: 0.1, numIterations: 5 },
    { ...adam, roles: ['embedding', 'head'], learningRate: 0.01, weightDecay: 0.2 },
    { ...adam, roles: ['gain', 'bias'], learningRate: 0.003, weightDecay: 0, beta1: 0.8, beta2: 0.99, epsilon: 1e-6 },
  ],
  clipNorm: 1,
};

const parameters: Parameters = {
  embedding: { shape: [7, 4], role: 'embedding' },
  tall: { shape: [6, 4], role: 'matrix' },
  wide: { shape: [3, 5], role: 'matrix', learningRateFactor: 0.5, weightDecayFactor: 2 },
  gain: { shape: [4], role: 'gain' },
  head: { shape: [7, 4], role: 'head', learningRateFactor: 0.25, weightDecayFactor: 0.5 },
};

/** Trains with both for some steps of random gradients and compares every state after each. */
async function compare(spec: OptimizerSpec, scaleOf: (step: number) => number, numSteps = 12): Promise<number[]> {
  const session = await referenceEngine().load(updateProgram(spec, parameters));
  const start = Object.entries(parameters).map(([name, { shape }]) => [name, normals(name, shape).data] as const);
  for (const [name, data] of start) await session.set(name, data);
  const reference = new ReferenceOptimizer(spec, parameters, new Map(start));
  const norms: number[] = [];
  for (let step = 0; step < numSteps; step++) {
    const gradients = new Map(
      Object.entries(parameters).map(([name, { shape }]) => [
        name,
        normals(`${name} ${step}`, shape).data.map((x) => x * scaleOf(step)),
      ]),
    );
    const factor = 1 / (1 + step);
    const { gradientNorm, isApplied } = await session.run({
      loss: Float64Array.of(2),
      scheduleFactor: Float64Array.of(factor),
      ...Object.fromEntries([...gradients].map(([name, data]) => [`gradient.${name}`, data])),
    });
    const norm = reference.step(gradients, factor);
    norms.push(norm);
    expectClose(gradientNorm ?? [], [norm]);
    expect(isApplied?.[0]).toBe(1);
    for (const [name, data] of reference.parameters) expectClose(await session.get(name), data, 1e-10);
  }
  return norms;
}

describe('the update is that of PyTorch in float64, parameter by parameter', () => {
  test('while gradients are clipped in some steps and not in others', async () => {
    const norms = await compare(optimizer, (step) => (step % 2 === 0 ? 10 : 0.01));
    expect(norms.some((norm) => norm > 1) && norms.some((norm) => norm < 1)).toBe(true);
  });

  test('without clipping', async () => {
    await compare({ ...optimizer, clipNorm: null }, () => 3);
  });

  test('when AdamW updates the matrices too', async () => {
    const [, second, third] = optimizer.groups;
    if (!second || !third) throw new RangeError('a group is missing');
    const groups = [{ ...second, roles: ['matrix', 'embedding', 'head'] }, third];
    await compare({ groups, clipNorm: 0.5 }, () => 1);
  });
});
