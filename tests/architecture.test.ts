import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Import, importsOf } from './support/imports.ts';

const source = resolve(dirname(fileURLToPath(import.meta.url)), '../src');

/** The rooms of the house, the ground first. A room imports from lower floors only (docs/design.md). */
const floors: readonly (readonly string[])[] = [
  ['core'],
  ['tensor', 'page'],
  ['engine', 'tokenizer'],
  ['model', 'optimizer', 'data'],
  ['recipe', 'theory'],
  ['evaluation'],
  ['training'],
  ['research', 'export'],
  ['cli', 'server'],
];
const floorOf = (room: string): number => floors.findIndex((rooms) => rooms.includes(room));

/**
 * Files by which a room may be entered from outside. `browser.ts` is for bundles that run in a browser, `node.ts` for the
 * part of a room that needs Node where the rest of it does not.
 */
const doors = ['index.ts', 'browser.ts', 'node.ts'];

/** The entry points of what runs in a browser. */
const browserEntries = [
  'core/index.ts',
  'tensor/index.ts',
  'page/index.ts',
  'tokenizer/index.ts',
  'theory/index.ts',
  'engine/browser.ts',
];

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.split(sep).join('/'))
  .sort();
const textOf = (file: string): string => readFileSync(join(source, file), 'utf8');
const rooms = readdirSync(source, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '');
/** The file that a relative import means, as a path under src/. */
const targetOf = (file: string, { specifier }: Import): string =>
  relative(source, resolve(source, dirname(file), specifier))
    .split(sep)
    .join('/');
const isRelative = ({ specifier }: Import) => specifier.startsWith('.');
const isNode = ({ specifier }: Import) => specifier.startsWith('node:') || builtinModules.includes(specifier);

/** What is wrong with an import from one file under src/ of another, if anything. */
function faultOf(file: string, target: string): string | undefined {
  const [room, other] = [roomOf(file), roomOf(target)];
  if (target.startsWith('../')) return 'leaves src/';
  if (room === other) return undefined;
  if (room !== '' && other === '') return 'climbs to the top of src/';
  if (room !== '' && floorOf(other) >= floorOf(room)) return `${room} stands no higher than ${other}`;
  const inside = target.slice(other.length + 1);
  return doors.includes(inside) ? undefined : `enters ${other} by ${inside}, which is no door`;
}

describe('the rules of the house', () => {
  test('every room of src/ has its floor', () => {
    expect(rooms.filter((room) => floorOf(room) < 0)).toEqual([]);
    expect(rooms.length).toBeGreaterThanOrEqual(3);
  });

  test('imports run downward only, and by the doors', () => {
    const faults: string[] = [];
    for (const file of files) {
      for (const one of importsOf(textOf(file)).filter(isRelative)) {
        const target = targetOf(file, one);
        const fault = faultOf(file, target) ?? (files.includes(target) ? undefined : 'there is no such file');
        if (fault) faults.push(`${file} imports ${target}: ${fault}`);
      }
    }
    expect(faults).toEqual([]);
  });

  test('every room has an index.ts that begins by saying what the room is for', () => {
    for (const room of rooms) {
      expect(files, `${room}/index.ts`).toContain(`${room}/index.ts`);
      expect(textOf(`${room}/index.ts`), `${room}/index.ts`).toMatch(new RegExp(`^(//|/\\*\\*) ?${room}/: \\S`));
    }
  });

  test('an index.ts lists its names by hand', () => {
    for (const file of files.filter((path) => path.endsWith('/index.ts'))) {
      expect(textOf(file), file).not.toMatch(/export\s*(type\s*)?\*/);
    }
  });

  test('no file has more than 400 lines', () => {
    const long = files.filter((file) => textOf(file).trimEnd().split('\n').length > 400);
    expect(long).toEqual([]);
  });

  test('files are named in kebab-case, and none is a drawer for odds and ends', () => {
    const bad = files.filter((file) => {
      const names = file.replace(/\.ts$/, '').split('/');
      return names.some(
        (name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || /^(utils?|helpers?|common|misc|types)$/.test(name),
      );
    });
    expect(bad).toEqual([]);
  });

  test('theory/ does no input or output: it imports nothing of Node', () => {
    const bad = files.filter((file) => roomOf(file) === 'theory' && importsOf(textOf(file)).some(isNode));
    expect(bad).toEqual([]);
  });

  for (const entry of browserEntries) {
    test.runIf(existsSync(join(source, entry)))(`nothing that ${entry} reaches needs Node`, () => {
      const faults: string[] = [];
      const reached = new Set<string>();
      const stack = [entry];
      for (let file = stack.pop(); file !== undefined; file = stack.pop()) {
        if (reached.has(file)) continue;
        reached.add(file);
        for (const one of importsOf(textOf(file))) {
          if (one.isTypeOnly) continue;
          if (isRelative(one)) stack.push(targetOf(file, one));
          else if (isNode(one) || one.specifier === 'onnxruntime-node') faults.push(`${file} imports ${one.specifier}`);
        }
      }
      expect(faults).toEqual([]);
      expect(reached.size).toBeGreaterThan(1);
    });
  }
});

describe('the test of the rules', () => {
  test('finds every form of import and export', () => {
    const found = importsOf(`
      import './side-effect.ts';
      import a from "./default.ts";
      import * as b from './star.ts';
      import c, { d, type D } from './mixed.ts';
      import {
        e,
        f as g,
      } from './lines.ts';
      import type { H } from './type.ts';
      export { i } from './export.ts';
      export * from './all.ts';
      export * as j from './named.ts';
      export type { K } from './export-type.ts';
      const l = await import('./dynamic.ts');
      type M = typeof import('./typeof.ts');
      import{n}from'./tight.ts';export{o}from'./tight-too.ts';
    `);
    expect(found.map(({ specifier }) => specifier).sort()).toEqual(
      [
        './side-effect.ts',
        './default.ts',
        './star.ts',
        './mixed.ts',
        './lines.ts',
        './type.ts',
        './export.ts',
        './all.ts',
        './named.ts',
        './export-type.ts',
        './dynamic.ts',
        './typeof.ts',
        './tight.ts',
        './tight-too.ts',
      ].sort(),
    );
    expect(found.filter(({ isTypeOnly }) => isTypeOnly).map(({ specifier }) => specifier)).toEqual([
      './type.ts',
      './export-type.ts',
      './typeof.ts',
    ]);
  });

  test('takes nothing else for an import', () => {
    const found = importsOf(`
      // import a from './comment.ts';
      /* import b from './block.ts';
         const c = import('./block-too.ts'); */
      const text = "import d from './string.ts'";
      const template = \`import e from './template.ts'\`;
      const url = 'https://example.org'; // export * from './after-url.ts'
      export const from = './constant.ts';
      export function load() { return important('./call.ts'); }
      const re = x.import('./method.ts');
    `);
    expect(found).toEqual([]);
  });

  test('refuses a dynamic import that cannot be followed', () => {
    expect(() => importsOf('await import(name)')).toThrow(/name/);
  });

  test('knows a wrong import from a right one', () => {
    expect(faultOf('tensor/trace.ts', 'core/index.ts')).toBeUndefined();
    expect(faultOf('tensor/trace.ts', 'tensor/ops/index.ts')).toBeUndefined();
    expect(faultOf('index.ts', 'tensor/index.ts')).toBeUndefined();
    expect(faultOf('tensor/ops/matmul.ts', 'core/errors.ts')).toMatch('no door');
    expect(faultOf('index.ts', 'core/errors.ts')).toMatch('no door');
    expect(faultOf('core/errors.ts', 'tensor/index.ts')).toMatch('no higher');
    expect(faultOf('engine/engine.ts', 'tokenizer/index.ts')).toMatch('no higher');
    expect(faultOf('theory/loss.ts', 'training/index.ts')).toMatch('no higher');
    expect(faultOf('core/errors.ts', 'index.ts')).toMatch('top of src/');
    expect(faultOf('core/errors.ts', '../examples/gpt.ts')).toMatch('leaves src/');
  });
});
