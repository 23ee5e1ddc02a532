import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeFileSystem } from '../../src/core/node.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import { defineRecipe, type Recipe } from '../../src/recipe/index.ts';
import { add, broadcastTo, slice } from '../../src/tensor/index.ts';
import {
  loadBaseModel,
  openRun,
  planRun,
  type RunDataset,
  recipeOfRun,
  resumeRun,
  startRun,
} from '../../src/training/index.ts';
import { promptsOf } from '../../src/training/prompts.ts';
import { tokenizerDifference } from '../../src/training/tokenizer-difference.ts';
import { byteTokenizer } from '../data/store/small-dataset.ts';
import {
  checkpointBytes,
  closeDatasets,
  quickPlan,
  smallDatasets,
  smallRecipe,
  smallRun,
} from './support/small-training.ts';

let root: string;
let datasets: RunDataset[];
const plan = quickPlan({ numSteps: 4, checkpoints: { everySteps: 2 } });
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'base-model-'));
  datasets = smallDatasets(root);
  await startRun(await smallRun(join(root, 'run'), datasets, { plan }));
});
afterAll(() => {
  closeDatasets(datasets);
  rmSync(root, { recursive: true });
});

test('a run gives its model without its dataset: parameters of the newest checkpoint or of a step, and the tokenizer', async () => {
  const recipe = smallRecipe();
  const base = await loadBaseModel(nodeFileSystem, join(root, 'run'), { recipe });
  expect(base.step).toBe(4);
  expect([...base.parameters.keys()]).toEqual(Object.keys(base.model.parameters));
  expect(base.tokenizer.fingerprint).toBe(datasets[0]?.dataset.manifest.fingerprints.tokenizer);
  const before = await loadBaseModel(nodeFileSystem, join(root, 'run'), { recipe, step: 2 });
  expect(before.step).toBe(2);
  expect(before.parameters.get('head')).not.toEqual(base.parameters.get('head'));
});

test('a recipe that has become another is refused for a model, by the parameter that does not fit', async () => {
  const changed = loadBaseModel(nodeFileSystem, join(root, 'run'), { recipe: smallRecipe({ mlp: 'gelu' }) });
  await expect(changed).rejects.toMatchObject({
    code: 'run-mismatch',
    message: expect.stringMatching(/has a parameter \S+mlp\.up/),
  });
});

test('a recipe in a file goes into the run, and the run needs the file no more', async () => {
  const file = join(root, 'mine.ts');
  writeFileSync(
    file,
    `import { gptModel } from 'groundwork-lm/model';
import { defineRecipe, type RecipeSize } from 'groundwork-lm/recipe';
const roles: string[] = ['matrix', 'embedding', 'head', 'gain', 'bias', 'scale'];
export default defineRecipe({
  name: 'mine',
  summary: 'A recipe in a file.',
  model: (size: RecipeSize) => gptModel({ ...size, headWidth: 16 }),
  optimizer: () => ({
    groups: [{ algorithm: 'adamw', roles, learningRate: 0.003, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 }],
    clipNorm: 1,
  }),
  schedule: { kind: 'constant', warmupSteps: 0, finalFactor: 1, decayShare: 0 },
});
`,
  );
  const { loadRecipe } = await import('../../src/recipe/node.ts');
  const recipe = { recipe: await loadRecipe(file), file };
  const folder = join(root, 'from-file');
  const { schedule } = recipe.recipe;
  await startRun(await smallRun(folder, datasets, { plan: { ...plan, schedule }, recipe }));
  rmSync(file);
  const base = await loadBaseModel(nodeFileSystem, folder);
  expect(base.recipe.name).toBe('mine');
  expect(base.parameters.size).toBe(Object.keys(base.model.parameters).length);
});

test('a recipe that imports files goes into the run with all of them, and goes on from there', async () => {
  mkdirSync(join(root, 'own/parts'), { recursive: true });
  writeFileSync(join(root, 'own/numbers.ts'), 'export const learningRate = 0.003;\n');
  writeFileSync(
    join(root, 'own/parts/groups.ts'),
    `import { learningRate } from '../numbers.ts';
export const groups = [{ algorithm: 'adamw', roles: ['matrix', 'embedding', 'head', 'gain', 'bias', 'scale'], learningRate, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 }];
`,
  );
  const file = join(root, 'own/parts/recipe.ts');
  writeFileSync(
    file,
    `import { gptModel } from 'groundwork-lm/model';
import { defineRecipe } from 'groundwork-lm/recipe';
import { groups } from './groups.ts';
export default defineRecipe({
  name: 'parts',
  summary: 'A recipe in three files.',
  model: (size) => gptModel({ ...size, headWidth: 16 }),
  optimizer: () => ({ groups, clipNorm: 1 }),
  schedule: { kind: 'constant', warmupSteps: 0, finalFactor: 1, decayShare: 0 },
});
`,
  );
  const { loadRecipe } = await import('../../src/recipe/node.ts');
  const recipe = { recipe: await loadRecipe(file), file };
  const folder = join(root, 'three-files');
  const controller = new AbortController();
  const run = await smallRun(folder, datasets, { plan: { ...plan, schedule: recipe.recipe.schedule }, recipe });
  const onEvent: typeof run.onEvent = ({ type }) => {
    if (type === 'step') controller.abort('SIGINT');
  };
  const stopped = startRun({ ...run, signal: controller.signal, onEvent });
  await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  rmSync(join(root, 'own'), { recursive: true });
  const { manifest } = openRun(nodeFileSystem, folder);
  expect(manifest.recipe.file).toBe('recipe/parts/recipe.ts');
  const own = await recipeOfRun(manifest, folder);
  await resumeRun({ ...run, recipe: { recipe: own, file: join(folder, 'recipe/parts/recipe.ts') } });
  expect((await loadBaseModel(nodeFileSystem, folder)).recipe.name).toBe('parts');
});

test('a recipe that sees the future is refused before a run begins', async () => {
  const { model, ...rest } = smallRecipe();
  const leaking: Recipe = defineRecipe({
    ...rest,
    model: (size) => {
      const honest = model(size);
      return {
        ...honest,
        // Each position also reads the last one of its row.
        forward: (parameters, tokens, sequence) => {
          const logits = honest.forward(parameters, tokens, sequence);
          const [B = 1, T = 1, V = 1] = logits.shape;
          return add(logits, broadcastTo(slice(logits, 1, T - 1, T), [B, T, V]));
        },
      };
    },
  });
  const run = await smallRun(join(root, 'leaking'), datasets, {
    plan,
    recipe: { recipe: leaking, file: null },
  });
  await expect(startRun(run)).rejects.toMatchObject({ code: 'future-leak', exitCode: 3 });
  expect(nodeFileSystem.exists(join(root, 'leaking'))).toBe(false);
  const surroundings = {
    fs: nodeFileSystem,
    engine: await onnxEngine('cpu', { numThreads: 1 }),
    recipe: leaking,
    datasets,
  };
  const request = { budget: { kind: 'steps', numSteps: 5 }, size: { numLayers: 1, width: 32 } } as const;
  await expect(planRun(request, surroundings)).rejects.toMatchObject({ code: 'future-leak' });
  await expect(planRun({ ...request, skipProbe: true }, surroundings)).rejects.toMatchObject({ code: 'future-leak' });
});

test('a run that was killed before its first checkpoint begins again at its beginning', async () => {
  const run = await smallRun(join(root, 'early'), datasets, { plan });
  const controller = new AbortController();
  controller.abort('SIGTERM');
  await expect(startRun({ ...run, signal: controller.signal })).rejects.toMatchObject({ code: 'interrupted' });
  rmSync(join(run.folder, 'checkpoints'), { recursive: true });
  rmSync(join(run.folder, 'tokenizer.json'));
  await resumeRun(run);
  expect(checkpointBytes(run.folder, 4)).toEqual(checkpointBytes(join(root, 'run'), 4));
  expect(openRun(nodeFileSystem, run.folder).events()).toContainEqual({ type: 'resumed', step: 0 });
});

test('prompts are the headers of validation documents', () => {
  const { dataset } = datasets[0] as RunDataset;
  const prompts = promptsOf(dataset, byteTokenizer(257), 3);
  expect(prompts).toHaveLength(3);
  for (const prompt of prompts) expect(prompt).toMatch(/^18\d\d:$/);
  expect(promptsOf(dataset, byteTokenizer(257), 3)).toEqual(prompts);
});

test('the difference of two tokenizers is named', () => {
  expect(tokenizerDifference(byteTokenizer(257), byteTokenizer(257))).toBeUndefined();
  expect(tokenizerDifference(byteTokenizer(258), byteTokenizer(257))).toBe('it has 258 tokens, expected 257');
});
