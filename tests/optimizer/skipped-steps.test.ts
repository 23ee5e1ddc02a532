import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomStream } from '../../src/core/index.ts';
import type { NumericData, Session } from '../../src/engine/index.ts';
import type { OptimizerSpec } from '../../src/optimizer/index.ts';
import { sizeOf } from '../../src/tensor/index.ts';
import { describeOnProviders } from '../support/providers.ts';
import { type Parameters, statesOf, updateProgram } from './support/update-program.ts';

const adam = { algorithm: 'adamw', learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8 } as const;
const optimizer: OptimizerSpec = {
  groups: [
    { algorithm: 'muon', roles: ['matrix'], learningRate: 0.02, momentum: 0.95, weightDecay: 0.1, numIterations: 5 },
    { ...adam, roles: ['embedding'], weightDecay: 0.2 },
    { ...adam, roles: ['gain'], weightDecay: 0 },
  ],
  clipNorm: 1,
};
const parameters: Parameters = {
  embedding: { shape: [9, 5], role: 'embedding' },
  matrix: { shape: [6, 4], role: 'matrix' },
  gain: { shape: [5], role: 'gain' },
};
const numSteps = 12;

interface Fault {
  readonly loss?: number;
  readonly scheduleFactor?: number;
  /** Put into one element of the gradient of this parameter; `factor` scales all of them instead. */
  readonly gradient?: { readonly name: string; readonly value: number };
  readonly factor?: number;
}

function feeds(step: number, fault: Fault): Record<string, Float32Array> {
  const { loss = 2, gradient, factor = 1, scheduleFactor = 1 - step / (2 * numSteps) } = fault;
  const inputs: Record<string, Float32Array> = {
    loss: Float32Array.of(loss),
    scheduleFactor: Float32Array.of(scheduleFactor),
  };
  for (const [name, { shape }] of Object.entries(parameters)) {
    const random = randomStream(3, `${name} ${step}`);
    const values = Float32Array.from({ length: sizeOf(shape) }, () => random.nextNormal() * factor);
    if (gradient?.name === name) values[3] = gradient.value;
    inputs[`gradient.${name}`] = values;
  }
  return inputs;
}

function bitsOf(states: ReadonlyMap<string, NumericData>): Map<string, number[]> {
  return new Map([...states].map(([name, data]) => [name, [...new Uint32Array(Float32Array.from(data).buffer)]]));
}

/** Numbers whose bits are lost most easily. */
const zeros = [-0, 0];
const denormals = [1.4e-45, -1.4e-45, -1e-40];

/** Something for every state, as if steps had been before: signs and kinds of numbers in all combinations. */
function startOf(name: string, size: number, isGpu: boolean): Float32Array {
  const random = randomStream(5, name);
  const isSecond = name.endsWith('.secondMoment');
  const values = Float32Array.from({ length: size }, () => {
    if (size === 1) return 0;
    const x = random.nextNormal();
    return isSecond ? x * x : x;
  });
  // WebGPU may take denormal numbers for 0.
  const special = isGpu ? zeros : [...zeros, ...denormals];
  if (size > 1) values.set(isSecond ? special.map((x) => (Object.is(x, -0) ? x : Math.abs(x))) : special);
  // Where the parameter is −0, the moment is negative, and elsewhere it is −0.
  if (name.endsWith('.firstMoment')) values.set([-1, 1, -0]);
  return values;
}

/**
 * Trains from the start; the faults are steps of their own, put in before the step that they are listed at. Returns the bits after
 * each step.
 */
async function train(
  session: Session,
  isGpu: boolean,
  faults: ReadonlyMap<number, readonly Fault[]>,
): Promise<Map<string, number[]>[]> {
  for (const [name, { node }] of Object.entries(session.program.state)) {
    const size = sizeOf(session.program.nodes[node]?.shape ?? []);
    await session.set(name, startOf(name, size, isGpu));
  }
  const history: Map<string, number[]>[] = [];
  for (let step = 0; step < numSteps; step++) {
    for (const fault of faults.get(step) ?? []) {
      const before = bitsOf(await statesOf(session));
      const { isApplied } = await session.run(feeds(step, fault));
      expect(isApplied?.[0]).toBe(0);
      expect(bitsOf(await statesOf(session))).toEqual(before);
    }
    const { isApplied } = await session.run(feeds(step, {}));
    expect(isApplied?.[0]).toBe(1);
    const states = await statesOf(session);
    for (const data of states.values()) expect([...data].every(Number.isFinite)).toBe(true);
    history.push(bitsOf(states));
  }
  return history;
}

const faults: { readonly [name: string]: Fault } = {
  'NaN in a gradient of AdamW': { gradient: { name: 'embedding', value: Number.NaN } },
  'NaN in a gradient of Muon': { gradient: { name: 'matrix', value: Number.NaN } },
  '+Infinity in a gradient': { gradient: { name: 'gain', value: Number.POSITIVE_INFINITY } },
  '−Infinity in a gradient': { gradient: { name: 'matrix', value: Number.NEGATIVE_INFINITY } },
  'a loss that is NaN': { loss: Number.NaN },
  'a loss that is infinite': { loss: Number.POSITIVE_INFINITY },
  'finite gradients whose norm overflows': { factor: 1e30 },
  'a schedule factor that is NaN': { scheduleFactor: Number.NaN },
};

await describeOnProviders(
  'a step that is not finite leaves every bit of parameters and optimizer as it was, of −0 and denormal numbers too, and later steps are those of a run without it',
  (engine, provider) => {
    const isGpu = provider === 'webgpu';
    let session: Session;
    let undisturbed: Map<string, number[]>[];
    beforeAll(async () => {
      session = await engine.load(updateProgram(optimizer, parameters));
      undisturbed = await train(session, isGpu, new Map());
    });
    afterAll(() => session.close());

    for (const [name, fault] of Object.entries(faults)) {
      test(`${name}, at step 7`, async () => {
        expect(await train(session, isGpu, new Map([[7, [fault]]]))).toEqual(undisturbed);
      });
    }

    test('all of them in a row, at the very first step and at the last', async () => {
      const all = Object.values(faults);
      const steps = [0, numSteps - 1].map((step) => [step, all] as const);
      expect(await train(session, isGpu, new Map(steps))).toEqual(undisturbed);
    });
  },
  ['cpu', 'wasm', 'webgpu'],
);
