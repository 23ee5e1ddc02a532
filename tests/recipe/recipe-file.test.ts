import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onnxEngine } from '../../src/engine/index.ts';
import { recipeNamed, traceLosses, traceTrainingStep, verifyRecipe } from '../../src/recipe/index.ts';
import { loadRecipe } from '../../src/recipe/node.ts';
import { hashProgram } from '../../src/tensor/index.ts';
import { lateRefusalOf, refusalOf } from '../support/expect-refusal.ts';
import { train } from './support/training.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const size = { vocabularySize: 64, contextLength: 16, numLayers: 1, width: 32 };

/** Outside of the repository: there is no node_modules to find. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'groundwork recipe-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** A recipe whose model does what `forward` says. */
const recipeText = (body: string) => `
import { type GptConfig, gptModel } from 'groundwork-lm/model';
import { defineRecipe, type Recipe } from 'groundwork-lm/recipe';
import {
  multiply, // a comment
  scope,
} from 'groundwork-lm/tensor';
const schedule = { kind: 'constant', warmupSteps: 0, finalFactor: 1, decayShare: 0 } as const;
const group = { algorithm: 'adamw', learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 } as const;
const roles: string[] = ['embedding', 'head', 'matrix', 'gain', 'bias', 'scale'];
const text = \`import x from 'nowhere'\`;
${body}
`;
const plain = recipeText(`
const recipe: Recipe = {
  name: 'plain', summary: text, schedule,
  model: (size) => {
    const config: GptConfig = { ...size };
    const model = gptModel(config);
    return { ...model, forward: (...given) => scope('mine', () => multiply(model.forward(...given), 2)) };
  },
  optimizer: () => ({ groups: [{ ...group, roles }], clipNorm: 1 }),
};
export default defineRecipe(recipe);`);

describe('a recipe in a file', () => {
  test('is loaded from any folder, and its tensors are those of this very copy', async () => {
    const recipe = await loadRecipe(write('a folder/plain.ts', plain));
    expect(recipe.name).toBe('plain');
    const program = traceLosses(recipe.model(size), { batchSize: 1 });
    expect(program.nodes.some(({ scope }) => scope.startsWith('mine.blocks.0'))).toBe(true);
  });

  test('may be plain JavaScript', async () => {
    const text = plain.replace(/, type \w+|type \w+, /g, '').replace(/: (Recipe|GptConfig|string\[\]) =/g, ' =');
    const recipe = await loadRecipe(write('plain.js', text.replaceAll(' as const', '')));
    expect(recipe.name).toBe('plain');
  });

  test('imports files beside it, by the name that they have or will have', async () => {
    write('parts/numbers.ts', 'export const clipNorm: number = 3;\nexport { roles } from "./roles.js";');
    write('parts/roles.ts', "export const roles: readonly string[] = ['embedding', 'head', 'matrix', 'gain'];");
    const text = plain
      .replace('const text', "import { clipNorm, roles as own } from './parts/numbers.ts';\nconst text")
      .replace('roles }], clipNorm: 1', 'roles: [...own] }], clipNorm');
    const recipe = await loadRecipe(write('beside.ts', text));
    const optimizer = recipe.optimizer({ size, batchTokens: 16, numSteps: 1 });
    expect(optimizer.clipNorm).toBe(3);
    expect(optimizer.groups[0]?.roles).toEqual(['embedding', 'head', 'matrix', 'gain']);
  });

  test('has its imports found wherever they stand, and nothing else taken for one', async () => {
    write('parts/one.ts', 'export const one = 1; export default 2;');
    const text = plain
      .replace('const text', 'import { one } from "./parts/one.ts"; import two from \'./parts/one.ts\';\nconst text')
      .replace('scope,\n}', "scope, // what's '{' in here; import './nowhere.ts'\n}")
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a file
      .replace('summary: text', 'summary: `${one + two}\nimport two from "./parts/one.ts"`')
      .replace(
        'const recipe:',
        "/* import './nowhere.ts' */ const { default: late } = await import('./parts/one.ts'); const pattern = /import '.'/;\nconst recipe:",
      )
      .replace('clipNorm: 1', 'clipNorm: late');
    const recipe = await loadRecipe(write('anywhere.ts', text));
    expect(recipe.summary).toBe('3\nimport two from "./parts/one.ts"');
    expect(recipe.optimizer({ size, batchTokens: 16, numSteps: 1 }).clipNorm).toBe(2);
  });

  test('is read anew when it has changed', async () => {
    const path = write('changing.ts', plain);
    await loadRecipe(path);
    write('changing.ts', plain.replace("name: 'plain'", "name: 'changed'"));
    expect((await loadRecipe(path)).name).toBe('changed');
  });

  test('re-exports a recipe that ships', async () => {
    const path = write(
      'shipped.ts',
      "import { recipeNamed } from 'groundwork-lm';\nexport default recipeNamed('baseline');",
    );
    expect(await loadRecipe(path)).toBe(recipeNamed('baseline'));
  });

  describe('by the installed package, in a process without TypeScript', () => {
    const dist = (path: string) => JSON.stringify(pathToFileURL(join(root, 'dist', path)).href);
    const head = `
      const { loadRecipe } = await import(${dist('recipe/node.js')});
      const { traceLosses } = await import(${dist('recipe/index.js')});
      const { hashProgram } = await import(${dist('tensor/index.js')});
      const size = ${JSON.stringify(size)};
    `;
    const runNode = async (script: string): Promise<string> => {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [write('load.mjs', head + script)]);
      expect(stderr).toBe('');
      return stdout;
    };

    test('it is loaded to the same graph', async () => {
      const path = write('a folder/plain.ts', plain);
      const found = await runNode(`
        const recipe = await loadRecipe(${JSON.stringify(path)});
        process.stdout.write(hashProgram(traceLosses(recipe.model(size), { batchSize: 1 })));
      `);
      expect(found).toBe(hashProgram(traceLosses((await loadRecipe(path)).model(size), { batchSize: 1 })));
    });

    test('faults at import time name file and line, in a file beside it too', async () => {
      write('parts/faulty.ts', 'const none: { a?: { b: number } } = {};\n\nexport const b = none.a!.b;');
      const files = [
        write('first.ts', "\n\nthrow new TypeError('of the recipe');"),
        write('second.ts', "import { b } from './parts/faulty.ts';\nexport default b;"),
        write(
          'third.ts',
          "import {\n  defineRecipe,\n  Recipe } from 'groundwork-lm/recipe';\nexport default defineRecipe;",
        ),
      ];
      const found = await runNode(`
        for (const file of ${JSON.stringify(files)}) {
          try { await loadRecipe(file); } catch ({ code, message, hint }) { console.log(code + ': ' + message + ' ' + hint); }
        }
      `);
      const [first, second, third] = found.split('\n');
      expect(first).toContain(
        `first.ts cannot be loaded (${join(folder, 'first.ts')}, line 3): TypeError: of the recipe`,
      );
      expect(second).toContain(`second.ts cannot be loaded (${join(folder, 'parts/faulty.ts')}, line 3): TypeError`);
      expect(third).toContain(`third.ts cannot be loaded (${join(folder, 'third.ts')}, line 3): SyntaxError`);
      expect(third).toContain("module groundwork-lm/recipe does not provide an export named 'Recipe'");
      expect(third).toContain('import { type Recipe }');
    });

    test('a function that throws is named with the line of the file', async () => {
      const text = plain.replace('const model = gptModel(config);', 'const model = gptModel(config.options.of);');
      const line = text.slice(0, text.indexOf('config.options')).split('\n').length;
      const found = await runNode(`
        const recipe = await loadRecipe(${JSON.stringify(write('throwing.ts', text))});
        try { recipe.model(size); } catch (error) { process.stdout.write(error.code + ': ' + error.message); }
      `);
      const place = `${join(folder, 'throwing.ts')}, line ${line}`;
      expect(found).toContain(`invalid-recipe: the recipe plain failed in model() (${place}): TypeError`);
    });
  });
});

describe('a recipe file that cannot be used is refused in words, with the file named', () => {
  const cases: { readonly [fault: string]: readonly [text: string, message: RegExp] } = {
    'a syntax error': ['const a: number = 3;\nconst b: = 4;\n', /bad\.ts, line 2, column 10: /],
    'an enum': ['enum A { B }\nexport default A;', /bad\.ts, line 1, .*enum/],
    'no default export': ['export const recipe = 3;', /bad\.ts has no default export, found recipe/],
    'nothing at all': ['', /bad\.ts has no default export, found nothing/],
    'another default export': ['export default 3;', /bad\.ts: /],
    'a field too much': ["export default { nmae: 'x' };", /bad\.ts/],
    'an import of Node': [
      "import { readFileSync } from 'node:fs';\nexport default readFileSync;",
      /line 1 imports node:fs/,
    ],
    'an import of a package': ["\nimport zod from 'zod';\nexport default zod;", /line 2 imports zod/],
    'a second import of a package on the line': [
      "import 'groundwork-lm'; import zod from 'zod';\nexport default zod;",
      /line 1 imports zod/,
    ],
    'an import whose name it computes': [
      "const name = 'zod';\nexport default await import(name);",
      /line 2 imports what it computes a name for/,
    ],
    'a symbol thrown at the top': ["throw Symbol('mine');", /Symbol\(mine\)/],
    'something without a text thrown at the top': ['throw Object.create(null);', /no text/],
    'a field that throws when it is read': [
      "export default { get name() { throw new Error('mine'); } };",
      /Error: mine/,
    ],
    'a name that a room does not have': [
      "import { nothing } from 'groundwork-lm/model';\nexport default nothing;",
      /nothing/,
    ],
    'an exception at the top': ["throw new TypeError('of the recipe');", /of the recipe/],
    'itself among its imports': ["import './bad.ts';\nexport default 3;", /bad\.ts imports itself/],
    'an unknown kind of schedule': [plain.replace("kind: 'constant'", "kind: 'sine'"), /schedule\.kind/],
  };
  for (const [fault, [text, message]] of Object.entries(cases)) {
    test(fault, async () => {
      const error = await lateRefusalOf(loadRecipe(write('bad.ts', text)));
      expect(error.code).toBe('invalid-recipe');
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain('data:');
      expect(error.message.length).toBeLessThan(500);
    });
  }

  test('a missing file, and a missing file beside it', async () => {
    expect((await lateRefusalOf(loadRecipe(join(folder, 'none.ts')))).code).toBe('file-not-found');
    const path = write('lonely.ts', "import './none.ts';\nexport default 1;");
    expect((await lateRefusalOf(loadRecipe(path))).message).toMatch(/none\.ts/);
  });

  test('a function that throws, when it is called', async () => {
    const text = plain.replace('const model = gptModel(config);', 'const model = gptModel(config.options.of);');
    const recipe = await loadRecipe(write('throwing.ts', text));
    const error = refusalOf(() => recipe.model(size));
    expect(error.code).toBe('invalid-recipe');
    expect(error.message).toMatch(/the recipe plain failed in model\(\).*: TypeError/);
  });
});

test('the example of a recipe trains', async () => {
  const recipe = await loadRecipe(join(root, 'examples/my-recipe.ts'));
  const small = { vocabularySize: 61, contextLength: 16, numLayers: 2, width: 32 };
  await verifyRecipe(recipe, small, { microBatchSize: 16 });
  const model = recipe.model(small);
  const optimizer = recipe.optimizer({ size: small, batchTokens: 256, numSteps: 40 });
  const engine = await onnxEngine('cpu', { numThreads: 1 });
  const { losses } = await train(engine, model, traceTrainingStep(model, optimizer, { microBatchSize: 16 }), 40);
  expect(losses[0]).toBeGreaterThan(3.9);
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.8);
});

test('the example of a recipe is one', async () => {
  const path = join(root, 'examples/my-recipe.ts');
  expect(readFileSync(path, 'utf8')).toContain("from 'groundwork-lm/recipe'");
  expect((await loadRecipe(path)).name).toBe('my-recipe');
});
