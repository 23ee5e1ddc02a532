import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { runsEverything } from './support/full-tests.ts';
import { jaxPython } from './support/jax-python.ts';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));

/** The lines of the shell blocks of a page, in their order. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => line.trim() !== ''),
  );
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!runsEverything)('every command of the page', () => {
  // The demo is built once, by the first page that needs it.
  let datasets: string | undefined;
  const pages = [
    'pretraining.md',
    'evaluation.md',
    'runs.md',
    'recipes.md',
    'comparing.md',
    'scaling-laws.md',
    'accelerators.md',
    'jax.md',
    'clusters.md',
  ];
  const needsJax = new Set(['jax.md', 'clusters.md']);
  for (const page of pages) {
    const isRun = !needsJax.has(page) || jaxPython() !== undefined;
    if (!isRun) console.warn(`${page}: skipped: no Python with JAX (python/setup.sh installs it)`);
    test.runIf(isRun)(
      `${page} does what the page says, one after the other in an empty folder`,
      // Other work may go on beside it.
      { timeout: 600_000 },
      async () => {
        const folder = mkdtempSync(join(tmpdir(), 'groundwork-docs-'));
        folders.push(folder);
        datasets ??= mkdtempSync(join(tmpdir(), 'groundwork-docs-datasets-'));
        folders.push(datasets);
        const commands = commandsOf(page);
        expect(commands.length).toBeGreaterThan(2);
        // `groundwork` is what is built here, `examples/` and `laws/` are those of the checkout.
        const setUp = `groundwork() { "${process.execPath}" "${root}/dist/cli/main.js" "$@"; }; ln -s "${root}/examples" examples; ln -s "${root}/laws" laws; ln -s "${datasets}" datasets`;
        for (const command of [setUp, ...commands]) expect(command).not.toMatch(/\bnpm\b/);
        const script = [setUp, ...commands].join('\n');
        const python = jaxPython();
        const env = {
          ...process.env,
          ...(python && { GROUNDWORK_PYTHON: python }),
          PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
        };
        await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env, maxBuffer: 64e6 });
      },
    );
  }
});
