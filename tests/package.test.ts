import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

interface Manifest {
  readonly bin: { readonly [name: string]: string };
  readonly files: readonly string[];
  readonly exports: { readonly [subpath: string]: { readonly [condition: string]: string } };
  readonly scripts: { readonly [name: string]: string };
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

/** The source from which the build makes a file of dist/. */
function sourceOf(built: string): string {
  return join(root, built.replace(/^(\.\/)?dist\//, 'src/').replace(/(\.d\.ts|\.js)$/, '.ts'));
}

describe('the package', () => {
  for (const [subpath, conditions] of Object.entries(manifest.exports)) {
    test(`${subpath}: every file that it points to is built from a source`, () => {
      for (const [condition, path] of Object.entries(conditions)) {
        expect(path, condition).toMatch(/^\.\/dist\/.*(\.js|\.d\.ts)$/);
        expect(existsSync(sourceOf(path)), `${condition}: ${path}`).toBe(true);
      }
    });

    test(`${subpath}: types come first and the default last, since the first that fits is taken`, () => {
      const names = Object.keys(conditions);
      expect([names[0], names.at(-1)]).toEqual(['types', 'default']);
      expect(sourceOf(conditions.types ?? '')).toBe(sourceOf(conditions.default ?? ''));
    });
  }

  test('every subpath is a door of a folder, and what it gives can be imported', async () => {
    for (const [subpath, conditions] of Object.entries(manifest.exports)) {
      const path = subpath === '.' ? 'src' : subpath.replace('./', 'src/');
      const source = sourceOf(conditions.default ?? '');
      expect(source).toBe(join(root, path.endsWith('/node') ? `${path}.ts` : `${path}/index.ts`));
      expect(Object.keys((await import(source)) as object).length).toBeGreaterThan(0);
    }
  });

  test('an engine for browsers has the values of the one for Node', async () => {
    const { browser = '', default: node = '' } = manifest.exports['./engine'] ?? {};
    const names = async (path: string) => Object.keys((await import(sourceOf(path))) as object).sort();
    expect(await names(browser)).toEqual(await names(node));
  });

  test('every command has a source that begins with a shebang for Node', () => {
    for (const path of Object.values(manifest.bin)) {
      expect(readFileSync(sourceOf(path), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    }
  });

  test('what it publishes exists or is built', () => {
    const published = manifest.files.filter((name: string) => !name.startsWith('!'));
    // Of a pattern such as python/*.py, the folder.
    const isThere = (name: string) => name === 'dist' || existsSync(join(root, name.split('/*')[0] ?? name));
    for (const name of published) expect(isThere(name), name).toBe(true);
    // The compiler's own notes lie in dist/ so that they go with it; they are nobody else's.
    expect(manifest.files).toContain('!dist/build.tsbuildinfo');
    expect(manifest.scripts.prepare).toContain('build');
  });

  test('every folder of src/ has an index', () => {
    for (const { name } of readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    )) {
      expect(existsSync(join(root, 'src', name, 'index.ts')), name).toBe(true);
    }
  });
});
