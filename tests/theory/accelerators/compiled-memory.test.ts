import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { emitTrainingStep } from '../../../src/engine/index.ts';
import { recipeNamed, traceStepParts, traceTrainingStep } from '../../../src/recipe/index.ts';
import { deviceMemory, meshOf, numRowGroups, trainingWorkload } from '../../../src/theory/index.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { describeWithJax } from '../../support/jax-python.ts';

/** Compiles a module for its mesh as the runner does, and prints what a device holds by the account of XLA. Nothing is run. */
const question = `
import importlib.util, sys
sys.path.insert(0, sys.argv[1])
import sharding
spec = importlib.util.spec_from_file_location("step", sys.argv[2])
step = importlib.util.module_from_spec(spec)
spec.loader.exec_module(step)
mesh = sharding.make_mesh(data=1, fsdp=None)
print(sharding.memory_of(sharding.compile_step(step, mesh, "default")))
`;

interface Case {
  readonly recipe: string;
  readonly size: readonly [numLayers: number, width: number, contextLength: number, vocabularySize: number];
  readonly batchSize: number;
  readonly recompute: boolean;
  readonly numDevices: number;
}

const cases: { readonly [name: string]: Case } = {
  'all activations kept, one device': {
    recipe: 'baseline',
    size: [4, 256, 512, 2048],
    batchSize: 4,
    recompute: false,
    numDevices: 1,
  },
  'blocks computed a second time, one device': {
    recipe: 'baseline',
    size: [4, 256, 512, 2048],
    batchSize: 4,
    recompute: true,
    numDevices: 1,
  },
  'all activations kept, FSDP over eight devices': {
    recipe: 'baseline',
    size: [4, 256, 512, 2048],
    batchSize: 8,
    recompute: false,
    numDevices: 8,
  },
  'few tokens, AdamW': { recipe: 'gpt2', size: [8, 512, 16, 512], batchSize: 1, recompute: true, numDevices: 1 },
  'few tokens, Muon, FSDP over eight devices': {
    recipe: 'baseline',
    size: [8, 512, 16, 512],
    batchSize: 8,
    recompute: true,
    numDevices: 8,
  },
};

describeWithJax('the memory of a device by formula and by the account of XLA, in float32', (python) => {
  for (const [name, { recipe: recipeName, size: extents, batchSize, recompute, numDevices }] of Object.entries(cases)) {
    test.skipIf(!runsEverything)(`agree to 15 %: ${name}`, { timeout: 300_000 }, () => {
      const [numLayers, width, contextLength, vocabularySize] = extents;
      const size = { numLayers, width, contextLength, vocabularySize };
      const recipe = recipeNamed(recipeName);
      const model = recipe.model(size);
      const optimizer = recipe.optimizer({ size, batchTokens: batchSize * contextLength, numSteps: 100 });
      const options = { microBatchSize: batchSize, recompute };
      const folder = mkdtempSync(join(tmpdir(), 'compiled-memory-'));
      try {
        const path = join(folder, 'step.py');
        const program = traceTrainingStep(model, optimizer, options);
        writeFileSync(path, emitTrainingStep(program, traceStepParts(model, optimizer, options)));
        const env = { ...process.env, JAX_PLATFORMS: 'cpu', JAX_NUM_CPU_DEVICES: String(numDevices) };
        const printed = execFileSync(python, ['-c', question, resolve('python'), path], { encoding: 'utf8', env });
        const mesh = meshOf(numDevices, { fsdp: true });
        const workload = trainingWorkload(model, optimizer, {
          batchSize,
          recompute,
          precision: 'float32',
          hasFusedAttention: false,
        });
        const rowsPerDevice = batchSize / numRowGroups(mesh);
        const { peak, runtime } = deviceMemory(workload, mesh, { rowsPerDevice, numMicroBatches: 1 });
        const ratio = (peak - runtime) / Number(printed);
        expect(ratio).toBeGreaterThan(0.85);
        expect(ratio).toBeLessThan(1.15);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
