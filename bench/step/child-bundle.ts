import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * Compiles our own children to plain JavaScript, so that they start, as a user's program would, without a compiler in
 * the same process.
 *
 * @param folder where to put `ours.mjs` and `gemm.mjs`; below the checkout, so that they find its packages
 */
export function bundleChildren(folder: string): void {
  buildSync({
    entryPoints: [join(here, 'ours.ts'), join(here, 'gemm.ts')],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
}
