import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { adamW } from '../../../bench/fleet/public-models.ts';
import { emitTrainingStep } from '../../../src/engine/index.ts';
import { type GptConfig, gptModel } from '../../../src/model/index.ts';
import { traceStepParts, traceTrainingStep } from '../../../src/recipe/index.ts';
import { keptBytesPerToken, type TrainingWorkload, trainingWorkload } from '../../../src/theory/index.ts';
import { describeWithJax } from '../../support/jax-python.ts';

/** Prints for each module the bytes that the forward pass over the layers hands to the backward pass: no array is made. */
const question = `
import importlib.util, json, math, sys
import jax, jax.numpy as jnp

def stacked(jaxpr):
    for equation in jaxpr.eqns:
        if equation.primitive.name == "scan":
            return sum(math.prod(v.aval.shape) * v.aval.dtype.itemsize for v in equation.outvars[equation.params["num_carry"]:])
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", None)
            if inner is not None:
                found = stacked(inner)
                if found is not None:
                    return found
    return None

answers = []
for path in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("step", path)
    step = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(step)
    parameters = {n: jax.ShapeDtypeStruct(s, jnp.dtype(d)) for n, (s, d, kind) in step.STATE.items() if kind == "parameter"}
    rows = {n: jax.ShapeDtypeStruct(s, jnp.dtype(d)) for n, (s, d) in step.INPUTS.items() if n != "scheduleFactor"}
    rows["totalWeight"] = jax.ShapeDtypeStruct((), jnp.float32)
    answers.append(stacked(jax.make_jaxpr(jax.jit(jax.value_and_grad(step.loss)))(parameters, rows).jaxpr))
print(json.dumps(answers))
`;

const size = { vocabularySize: 512, contextLength: 64, numLayers: 3, width: 128 };
const rows = 2;
const one = { data: 1, fsdp: 1, model: 1 };

interface Case {
  readonly config: Partial<GptConfig>;
  readonly precision: TrainingWorkload['precision'];
  readonly recompute: boolean;
}

const cases: { readonly [name: string]: Case } = {
  'the layout of Qwen 3': { config: {}, precision: 'bfloat16', recompute: false },
  'the same in float32': { config: {}, precision: 'float32', recompute: false },
  'the same with blocks computed a second time': { config: {}, precision: 'bfloat16', recompute: true },
  'groups of heads, no norms of queries and keys': {
    config: { numHeads: 2, numGroups: 1, qkNorm: 'none' },
    precision: 'bfloat16',
    recompute: false,
  },
  'squared ReLU without gains': {
    config: { mlp: 'reluSquared', hasNormGains: false, qkNorm: 'afterRotary' },
    precision: 'bfloat16',
    recompute: false,
  },
  'gated GELU': { config: { mlp: 'geglu' }, precision: 'bfloat16', recompute: false },
  'GELU by erf, LayerNorm': { config: { mlp: 'gelu', norm: 'layerNorm' }, precision: 'bfloat16', recompute: false },
};

describeWithJax('what an emitted step keeps of its blocks', (python) => {
  test('is what the formula says, to the byte', () => {
    const folder = mkdtempSync(join(tmpdir(), 'emitted-activations-'));
    try {
      const models = Object.entries(cases).map(([name, { config, precision, recompute }], i) => {
        const model = gptModel({ ...size, ...config });
        const options = { microBatchSize: rows, recompute, precision };
        const path = join(folder, `step${i}.py`);
        writeFileSync(
          path,
          emitTrainingStep(traceTrainingStep(model, adamW, options), traceStepParts(model, adamW, options)),
        );
        const workload = trainingWorkload(model, adamW, {
          batchSize: rows,
          precision,
          recompute,
          hasFusedAttention: false,
        });
        const activations = rows * size.contextLength * size.numLayers * keptBytesPerToken(workload, one);
        const inBlocks = Object.entries(model.parameters).filter(([parameter]) => parameter.startsWith('blocks.'));
        const numbers = inBlocks.reduce((sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b, 1), 0);
        // The matrices are kept beside them, in the precision.
        const copies = recompute ? 0 : numbers * (precision === 'bfloat16' ? 2 : 4);
        return { name, path, expected: activations + copies };
      });
      const printed = execFileSync(python, ['-c', question, ...models.map(({ path }) => path)], {
        encoding: 'utf8',
        env: { ...process.env, JAX_PLATFORMS: 'cpu' },
        timeout: 120_000,
      });
      const found: unknown = JSON.parse(printed);
      expect(models.map(({ name }, i) => [name, (found as number[])[i]])).toEqual(
        models.map(({ name, expected }) => [name, expected]),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 120_000);
});
