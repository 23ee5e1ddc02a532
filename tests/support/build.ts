import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Builds `dist/`, which worker threads run also where everything else runs from the sources. */
export default function build(): void {
  const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: 'ignore',
  });
  // 2: written in spite of errors in types, which `npm run typecheck` reports.
  if (status !== 0 && status !== 2) throw new Error(`the build failed with exit code ${status}`);
}
