import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { emitTrainingStep } from '../../src/engine/index.ts';
import { recipeNamed, traceStepParts, traceTrainingStep } from '../../src/recipe/index.ts';
import { describeWithJax, quicklyCompiled } from '../support/jax-python.ts';

/** Runs lines of Python that can import the runner's modules, and reads the JSON that they print last. */
function answerOf(python: string, lines: string, args: readonly string[] = []): unknown {
  const script = `import json, sys\nsys.path.insert(0, sys.argv[1])\nimport jax, sharding\n${lines}`;
  const printed = execFileSync(python, ['-c', script, resolve('python'), ...args], {
    encoding: 'utf8',
    env: quicklyCompiled,
  });
  return JSON.parse(printed);
}

const whichSuits = `
from types import SimpleNamespace as Device
devices = {
    "H100": Device(platform="gpu", compute_capability="9.0"),
    "T4": Device(platform="gpu", compute_capability="7.5"),
    "MI300X": Device(platform="gpu", compute_capability="gfx942"),
    "TPU": Device(platform="tpu"),
}
print(json.dumps([[name, precision] for name, device in devices.items() for precision in ("default", "highest")
    if sharding.suits_cudnn(device, precision)]))
`;

/** Stands for a device whose cuDNN is asked, and says what \`refusal\` holds only when XLA compiles what was traced. */
const refused = `
import importlib.util
spec = importlib.util.spec_from_file_location("step", sys.argv[2])
step = importlib.util.module_from_spec(spec)
spec.loader.exec_module(step)

kernels, told, real_attention, real_compile = [], [], jax.nn.dot_product_attention, jax.stages.Lowered.compile

def attention(*arrays, implementation, **options):
    kernels.append(implementation)
    return real_attention(*arrays, **options)

def compile_as_told(lowered, *options):
    if kernels[-1] == "cudnn":
        raise RuntimeError(sys.argv[3])
    return real_compile(lowered, *options)

jax.nn.dot_product_attention, jax.stages.Lowered.compile = attention, compile_as_told
sharding.suits_cudnn = lambda device, precision: True
try:
    sharding.compile_step(step, sharding.make_mesh(), "default", tell=told.append)
    error = None
except RuntimeError as refusal:
    error = str(refusal)
print(json.dumps({"kernels": sorted(set(map(str, kernels))), "last": kernels[-1], "told": told, "error": error}))
`;

describeWithJax('the kernel of attention', (python) => {
  test('is cuDNN’s for products in bfloat16 on graphics cards of NVIDIA from Ampere on', () => {
    expect(answerOf(python, whichSuits)).toEqual([['H100', 'default']]);
  });

  const compileRefusedBy = (refusal: string): unknown => {
    const size = { numLayers: 2, width: 32, contextLength: 16, vocabularySize: 64 };
    const recipe = recipeNamed('baseline');
    const model = recipe.model(size);
    const optimizer = recipe.optimizer({ size, batchTokens: 32, numSteps: 10 });
    const options = { microBatchSize: 2 };
    const folder = mkdtempSync(join(tmpdir(), 'attention-'));
    try {
      const path = join(folder, 'step.py');
      const program = traceTrainingStep(model, optimizer, options);
      writeFileSync(path, emitTrainingStep(program, traceStepParts(model, optimizer, options)));
      return answerOf(python, refused, [path, refusal]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('is XLA’s, traced anew, where cuDNN does not take the model', () => {
    expect(compileRefusedBy('No valid engine configs\nof this graph')).toEqual({
      kernels: ['None', 'cudnn'],
      last: null,
      told: ['attention: xla, since cuDNN does not take this model: No valid engine configs'],
      error: null,
    });
  });

  test('is asked for no second time where a device has no memory left', () => {
    expect(compileRefusedBy('RESOURCE_EXHAUSTED: out of memory')).toEqual({
      kernels: ['cudnn'],
      last: 'cudnn',
      told: [],
      error: 'RESOURCE_EXHAUSTED: out of memory',
    });
  });
});
