import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type GptConfig, gptParameters, type OptimizerConfig, traceTrainingStep } from '../../examples/gpt.ts';
import { type Engine, type NumericData, onnxEngine, referenceEngine } from '../../src/engine/index.ts';
import { sizeOf } from '../../src/tensor/index.ts';

/**
 * Ten steps of a two-layer GPT against PyTorch. The model, its initial values and its tokens are those of generate.py;
 * both sides compute the initial values by the same integer generator, so that the fixture holds results only.
 */
const config: GptConfig = {
  vocabularySize: 32,
  width: 16,
  numLayers: 2,
  numHeads: 4,
  numGroups: 2,
  contextLength: 12,
  batchSize: 3,
  hiddenWidth: 24,
  hasGains: true,
  mlp: 'swiglu',
  windows: [undefined, 5],
};
const adam: OptimizerConfig = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  decayGains: false,
  clipNorm: 1,
  tapGradients: true,
};

const fixtureSchema = z.object({
  losses: z.array(z.number()).length(10),
  gradientNorms: z.array(z.number()).length(10),
  gradients: z.record(z.string(), z.string()),
  parameters: z.record(z.string(), z.string()),
});

const readFixture = (name: string) =>
  fixtureSchema.parse(JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8')));

const decode = (text: string): Float32Array => {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
};

/** The generator of generate.py: x ← 1664525 x + 1013904223 mod 2³². */
function* uniforms(seed: number): Generator<number, never> {
  let x = seed >>> 0;
  for (;;) {
    x = (Math.imul(1664525, x) + 1013904223) >>> 0;
    yield x / 2 ** 32;
  }
}

function initialValues(): Map<string, Float32Array> {
  return new Map(
    Object.entries(gptParameters(config)).map(([name, shape], p) => {
      const draws = uniforms(p * 7919 + 12345);
      const draw = shape.length === 1 ? (u: number) => 1 + (u - 0.5) * 0.5 : (u: number) => (u - 0.5) * 2 * 0.35;
      return [name, Float32Array.from({ length: sizeOf(shape) }, () => draw(draws.next().value))];
    }),
  );
}

function batch(step: number): { tokens: Int32Array; targets: Int32Array } {
  const { batchSize: B, contextLength: T, vocabularySize: V } = config;
  const draws = uniforms(step * 104729 + 777);
  const ids = Array.from({ length: B * (T + 1) }, () => Math.floor(draws.next().value * V));
  const at = (b: number, t: number) => ids[b * (T + 1) + t] ?? 0;
  return {
    tokens: Int32Array.from({ length: B * T }, (_, i) => at(Math.floor(i / T), i % T)),
    targets: Int32Array.from({ length: B * T }, (_, i) =>
      (i + step) % 7 === 0 ? -1 : at(Math.floor(i / T), (i % T) + 1),
    ),
  };
}

/** The greatest difference between two arrays, relative to the greatest magnitude of the expected one. */
function relativeError(found: NumericData | undefined, expected: Float32Array): number {
  let scale = 0;
  let error = 0;
  expected.forEach((value, i) => {
    scale = Math.max(scale, Math.abs(value));
    error = Math.max(error, Math.abs((found?.[i] ?? Number.NaN) - value));
  });
  return error / Math.max(scale, 1e-12);
}

async function train(engine: Engine, kind: 'adamw' | 'muon', recomputeBlocks: boolean) {
  const program = traceTrainingStep({ ...config, recomputeBlocks }, { ...adam, kind }, { ignoresTargets: true });
  const session = await engine.load(program);
  for (const [name, values] of initialValues()) await session.set(name, values);
  const losses: number[] = [];
  const norms: number[] = [];
  const gradients = new Map<string, NumericData>();
  for (let step = 0; step < 10; step++) {
    const learningRate = Float32Array.of(3e-3);
    const inputs = { ...batch(step), learningRate };
    const outputs = await session.run(
      kind === 'muon' ? { ...inputs, matrixLearningRate: Float32Array.of(0.02) } : inputs,
    );
    losses.push(outputs.loss?.[0] ?? Number.NaN);
    norms.push(outputs.gradientNorm?.[0] ?? Number.NaN);
    if (step > 0) continue;
    for (const [name, values] of Object.entries(outputs)) {
      if (name.startsWith('tap.gradient.')) gradients.set(name.slice('tap.gradient.'.length), values.slice());
    }
  }
  const parameters = new Map<string, NumericData>();
  for (const name of Object.keys(gptParameters(config))) parameters.set(name, await session.get(name));
  await session.close();
  return { losses, norms, gradients, parameters };
}

const engines: [string, () => Promise<Engine>][] = [
  ['reference', async () => referenceEngine()],
  ['onnx/cpu', () => onnxEngine('cpu')],
  ['onnx/cpu on one thread', () => onnxEngine('cpu', { numThreads: 1 })],
];

describe.each(['adamw', 'muon'] as const)('ten steps with %s agree with PyTorch', (kind) => {
  for (const [name, makeEngine] of engines) {
    for (const recomputeBlocks of [false, true]) {
      test(`on ${name}${recomputeBlocks ? ', blocks recomputed' : ''}`, async () => {
        const expected = readFixture(kind);
        const found = await train(await makeEngine(), kind, recomputeBlocks);
        found.losses.forEach((loss, step) => {
          const reference = expected.losses[step] ?? Number.NaN;
          expect(Math.abs(loss / reference - 1), `loss of step ${step}: ${loss}, PyTorch ${reference}`).toBeLessThan(
            1e-5,
          );
        });
        found.norms.forEach((norm, step) => {
          expect(Math.abs(norm / (expected.gradientNorms[step] ?? 0) - 1), `norm of step ${step}`).toBeLessThan(1e-4);
        });
        expect([...found.gradients.keys()].sort()).toEqual(Object.keys(expected.gradients).sort());
        for (const [parameter, text] of Object.entries(expected.gradients)) {
          expect(relativeError(found.gradients.get(parameter), decode(text)), `gradient of ${parameter}`).toBeLessThan(
            1e-4,
          );
        }
        for (const [parameter, text] of Object.entries(expected.parameters)) {
          expect(relativeError(found.parameters.get(parameter), decode(text)), `parameter ${parameter}`).toBeLessThan(
            1e-4,
          );
        }
      });
    }
  }
});
