import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { errorCodes } from '../src/core/index.ts';
import { compositeOps, primitiveOps } from '../src/tensor/index.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pagesOfDocs = () =>
  readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []));
const firstCells = (markdown: string) => [...markdown.matchAll(/^\| `([\w-]+)`\s*\|/gm)].map(([, name]) => name);

describe('the docs', () => {
  test('list every op, and no other', () => {
    expect(firstCells(read('docs/ops.md')).sort()).toEqual(Object.keys({ ...primitiveOps, ...compositeOps }).sort());
  });

  test('list every error code with its exit code, and no other', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `([\w-]+)`\s*\| (\d)\s*\|/gm)].map(([, code, exit]) => [
      code,
      Number(exit),
    ]);
    expect(Object.fromEntries(rows)).toEqual(errorCodes);
  });

  test('link only to files that exist', () => {
    const pages = ['README.md', 'bench/README.md', ...pagesOfDocs()];
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].flatMap(([, target = '']) =>
        existsSync(resolve(root, dirname(page), target)) ? [] : [`${page}: ${target}`],
      ),
    );
    expect(broken).toEqual([]);
  });

  test('begin with commands that package.json has', () => {
    const [, block = ''] = /```sh\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
    const commands = block.split('\n').flatMap((line) => /^npm \S+/.exec(line) ?? []);
    expect(commands).toEqual(['npm ci', 'npm start', 'npm test']);
    expect(JSON.parse(read('package.json')).scripts).toMatchObject({
      start: 'node dist/cli/main.js pretrain',
      test: 'vitest run',
    });
  });
});
