import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { emitProgram, emitTrainingStep, jaxNames } from '../../../../src/engine/jax/emit/index.ts';
import { recipeNamed, shippedRecipes } from '../../../../src/recipe/index.ts';
import { add, matmul, multiply, reduceSum, scope, type Tensor, trace } from '../../../../src/tensor/index.ts';
import { goldenModules, stepModules } from '../../../golden/jax/modules.ts';
import { runsEverything } from '../../../support/full-tests.ts';
import { opCases } from '../../../support/op-cases.ts';
import { opProgram } from '../../../support/op-programs.ts';

/** Every name of JAX in a text. Module docstrings and comments count too: they may not name what is not there. */
const namesIn = (text: string): Set<string> => new Set(text.match(/\b(?:jax|jnp)(?:\.\w+)+/g));

/** The text with every number, and the hash, as one sign. */
const withoutNumbers = (text: string): string =>
  text.replace(/[0-9a-f]{64}/g, '#').replace(/\d+(?:\.\d+)?(?:e-?\d+)?/g, '#');

let golden: ReadonlyMap<string, string>;
beforeAll(() => {
  golden = goldenModules();
}, 60_000);

const goldenNames = shippedRecipes.flatMap(({ name }) => [`${name}.reference.py`, `${name}.fast.py`]);

describe('emitted modules', () => {
  test.each(goldenNames)('%s is what it was', (name) => {
    const kept = readFileSync(new URL(`../../../golden/jax/${name}`, import.meta.url), 'utf8');
    const text = golden.get(name) ?? '';
    // One line at a time: a difference of whole files says nothing.
    const [lines, keptLines] = [text.split('\n'), kept.split('\n')];
    const first = lines.findIndex((line, i) => line !== keptLines[i]);
    expect(
      first < 0 ? undefined : `line ${first + 1}: ${lines[first]}`,
      'the text changed; if it should, run: npx tsx tests/golden/jax/generate.ts',
    ).toBeUndefined();
    expect(lines.length).toBe(keptLines.length);
  });

  test('name nothing of JAX that is not on the list, and the list has nothing more', () => {
    const texts = [...golden.values()];
    for (const cases of Object.values(opCases)) {
      for (const opCase of cases) texts.push(emitProgram(opProgram(opCase)));
    }
    const found = new Set(texts.flatMap((text) => [...namesIn(text)]));
    expect([...found].filter((name) => !jaxNames.has(name))).toEqual([]);
    const rare = ['jnp.float16', 'jnp.bfloat16', 'jnp.array'];
    expect([...jaxNames].filter((name) => !found.has(name) && !rare.includes(name))).toEqual([]);
  });

  test.skipIf(spawnSync('python3', ['--version']).status !== 0)('compile', () => {
    const script = 'import json, sys\nfor text in json.load(sys.stdin): compile(text, "step.py", "exec")';
    const { status, stderr } = spawnSync('python3', ['-c', script], {
      input: JSON.stringify([...golden.values()]),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test.each(shippedRecipes)('of $name compute cheap parts twice in the fast form only', ({ name }) => {
    const [fast = '', reference] = [golden.get(`${name}.fast.py`), golden.get(`${name}.reference.py`)];
    expect(fast).toMatch(/^(rms|layer)_norm = jax\.checkpoint\((rms|layer)_norm, /m);
    expect(fast).toMatch(/^(silu|gelu|relu_squared) = jax\.checkpoint\((silu|gelu|relu_squared), /m);
    expect(fast).toContain('    return jax.checkpoint(after_head_matmul)(head_matmul, rows)');
    expect(reference).not.toContain('jax.checkpoint(');
  });

  test('of a loss without a product behind the layers are written as they are', () => {
    const rows = { tokens: { shape: [2, 3], dtype: 'int32' }, weights: { shape: [2, 3] } } as const;
    const state = { 'blocks.0.weight': { shape: [3, 3] } };
    type Tensors = { readonly [name: string]: Tensor };
    const lossOf = (inputs: Tensors, values: Tensors) => {
      const product = scope('blocks.0', () => matmul(inputs.weights as Tensor, values['blocks.0.weight'] as Tensor));
      return { loss: scope('loss', () => reduceSum(multiply(product, product))) };
    };
    const loss = trace((inputs: Tensors, values: Tensors) => ({ outputs: lossOf(inputs, values) }), {
      inputs: { ...rows, totalWeight: { shape: [] } },
      state,
    });
    const program = trace((inputs: Tensors, values: Tensors) => ({ outputs: lossOf(inputs, values) }), {
      inputs: { ...rows, scheduleFactor: { shape: [] } },
      state,
    });
    const update = trace((inputs: Tensors) => ({ outputs: { loss: inputs.loss as Tensor } }), {
      inputs: { 'gradient.blocks.0.weight': { shape: [3, 3] }, loss: { shape: [] }, scheduleFactor: { shape: [] } },
      state,
    });
    const text = emitTrainingStep(program, { loss, update, microBatchSize: 2, numMicroBatches: 1, recompute: false });
    expect(text).not.toContain('jax.checkpoint(');
    expect(text).toContain('    return loss_reduce_sum');
  });

  test('are the same text each time', () => {
    const again = stepModules(recipeNamed('gpt2'), { numLayers: 4 }).reference;
    expect(again).toBe(golden.get('gpt2.reference.py'));
  });

  test.each(shippedRecipes)(
    'of $name do not grow with the number of layers',
    (recipe) => {
      const options = recipe.name === 'baseline' ? { numMicroBatches: 2, recompute: true } : {};
      const few = stepModules(recipe, { numLayers: 4, ...options });
      for (const numLayers of runsEverything ? [8, 12, 24] : [12]) {
        const many = stepModules(recipe, { numLayers, ...options });
        expect(withoutNumbers(many.fast)).toBe(withoutNumbers(few.fast));
        expect(withoutNumbers(many.reference)).toBe(withoutNumbers(few.reference));
      }
    },
    120_000,
  );
});

describe('the names of a Program', () => {
  /** A Program whose every name tries to leave its string, its comment or its line. */
  const hostile = ['"]; import os #', '\'\'\'\n"""', 'a\\', 'naïve – 😀', 'jax', 'def', 'x\u2028y'];
  const program = trace(
    (inputs: { readonly [name: string]: Tensor }, state: { readonly [name: string]: Tensor }) => {
      const tensors = [...Object.values(inputs), ...Object.values(state)];
      const total = hostile.reduce(
        (sum, name, i) => scope(name, () => multiply(add(sum, tensors[i] as Tensor), 0.5)),
        reduceSum(tensors.at(-1) as Tensor),
      );
      return { outputs: Object.fromEntries(hostile.map((name) => [name, total])) };
    },
    {
      inputs: Object.fromEntries(hostile.map((name) => [name, { shape: [] }])),
      state: Object.fromEntries(hostile.map((name) => [`state ${name}`, { shape: [2] }])),
    },
  );

  test.skipIf(spawnSync('python3', ['--version']).status !== 0)('cannot become code, whatever they are', () => {
    const text = emitProgram(program, { title: 'ends """\nimport os' });
    // Only the tables are run: they need no JAX.
    const script = [
      'import ast, json, sys',
      'tree = ast.parse(sys.stdin.read())',
      'tables = {}',
      'for node in tree.body:',
      '    assert not isinstance(node, ast.Import) or node.names[0].name.startswith("jax")',
      '    if isinstance(node, ast.Assign): tables[node.targets[0].id] = ast.literal_eval(node.value)',
      // Without escapes: halves of a character cannot be printed.
      'print(json.dumps([list(tables[name]) for name in ("INPUTS", "OUTPUTS", "STATE")], ensure_ascii=False))',
    ].join('\n');
    const { stdout, stderr } = spawnSync('python3', ['-c', script], {
      input: text,
      encoding: 'utf8',
      env: { ...process.env, PYTHONUTF8: '1' },
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([hostile, hostile, hostile.map((name) => `state ${name}`)]);
  });
});
