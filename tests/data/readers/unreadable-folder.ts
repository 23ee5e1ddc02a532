import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Makes a folder below `parent/name` whose path is too long for the system, so that whoever runs the tests cannot list it,
 * not even root.
 *
 * @returns what takes it away again, which `rmSync` could not
 */
export function makeUnreadableFolder(parent: string, name: string): () => void {
  const half = Array.from({ length: 12 }, () => 'n'.repeat(200));
  const [outer, inner] = [join(parent, name, ...half), join(dirname(parent), `${name}-inner`)];
  mkdirSync(outer, { recursive: true });
  mkdirSync(join(inner, ...half), { recursive: true });
  renameSync(inner, join(outer, 'inner'));
  return () => {
    renameSync(join(outer, 'inner'), inner);
    rmSync(inner, { recursive: true });
    rmSync(join(parent, name), { recursive: true });
  };
}
