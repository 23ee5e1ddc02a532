import { dirname, extname, resolve } from 'node:path';
import type { FileSystem } from '../core/index.ts';
import * as core from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import * as model from '../model/index.ts';
import * as optimizer from '../optimizer/index.ts';
import * as tensor from '../tensor/index.ts';
import * as recipes from './index.ts';
import { failRecipe } from './model-check.ts';
import { parseRecipe, type Recipe } from './recipe.ts';

/** What a recipe may import besides files of its own: this very copy of Groundwork, wherever the recipe lies. */
const rooms: { readonly [specifier: string]: object } = {
  'groundwork-lm': { ...core, ...tensor, ...model, ...optimizer, ...recipes },
  'groundwork-lm/core': core,
  'groundwork-lm/tensor': tensor,
  'groundwork-lm/model': model,
  'groundwork-lm/optimizer': optimizer,
  'groundwork-lm/recipe': recipes,
};

/**
 * Loads a recipe that a person wrote: a file that imports from `groundwork-lm/…` and from files beside it, and whose default export is
 * `defineRecipe({…})`. TypeScript needs no compiler and no version of Node that strips types, and the folder needs no
 * node_modules.
 *
 * The file becomes a module of its own: types are blanked out, so that lines and columns stay, and each import is pointed to what it
 * means. It is ordinary code that runs in this process; verification guards the numbers, not the machine.
 *
 * @throws GroundworkError `invalid-recipe` that names file and line, `file-not-found`
 */
export async function loadRecipe(path: string, fs: FileSystem = nodeFileSystem): Promise<Recipe> {
  const file = resolve(path);
  // Loaded when it is needed: it is large, and most commands load no recipe from a file.
  const { transformSync } = await import('@swc/wasm-typescript');
  const url = moduleOf({ fs, transformSync }, file, []);
  let loaded: { readonly [name: string]: unknown };
  try {
    // Not import(url) here: test runners and bundlers take it for one of their own modules, a module of Node's they leave alone.
    // @ts-expect-error: TypeScript knows no modules at data: addresses
    const importer: Importer = await import('data:text/javascript,export default (url) => import(url)');
    loaded = await importer.default(url);
  } catch (cause) {
    if (cause instanceof core.GroundworkError) throw cause;
    return failRecipe(`${path} cannot be loaded: ${withoutModules(String(cause))}`, importHint, cause);
  }
  if (!Object.hasOwn(loaded, 'default')) {
    const names = Object.keys(loaded).join(', ') || 'nothing';
    failRecipe(`${path} has no default export, found ${names}`, 'End it with: export default defineRecipe({ … });');
  }
  return parseRecipe(loaded.default, path);
}

interface Importer {
  default(url: string): Promise<{ readonly [name: string]: unknown }>;
}

const importHint = `A recipe imports from ${Object.keys(rooms).join(', ')} and from files beside it.`;

/** An import or export statement at the beginning of a line, up to the text between the quotes. */
const importPattern = /^([ \t]*(?:import|export)\b(?:[^'"`;=()]*?\bfrom)?\s*)(['"])([^'"\n]+)\2/gm;

interface Tools {
  readonly fs: FileSystem;
  readonly transformSync: typeof import('@swc/wasm-typescript').transformSync;
}

/** The address of a module for a file, and in it of those for the files that it imports. */
function moduleOf(tools: Tools, file: string, importers: readonly string[]): string {
  if (importers.includes(file)) {
    failRecipe(`${file} imports itself, by way of ${importers.at(-1)}`, 'Put what both need into a third file.');
  }
  const code = withoutTypes(tools, file, new TextDecoder().decode(tools.fs.readFile(file)));
  const resolved = code.replace(importPattern, (_, before: string, _quote: string, specifier: string, at: number) => {
    const line = code.slice(0, at + before.length).split('\n').length;
    return `${before}${JSON.stringify(addressOf(tools, specifier, file, line, importers))}`;
  });
  // The name by which the file stands in stack traces.
  return dataUrl(`${resolved}\n//# sourceURL=recipe:${encodeURI(file)}`);
}

function addressOf(tools: Tools, specifier: string, file: string, line: number, importers: readonly string[]): string {
  if (Object.hasOwn(rooms, specifier)) return roomUrl(specifier);
  if (!specifier.startsWith('./') && !specifier.startsWith('../')) {
    return failRecipe(`${file}, line ${line} imports ${specifier}, which a recipe cannot`, importHint);
  }
  const target = resolve(dirname(file), specifier);
  // TypeScript may name a file as it will be called when it is compiled.
  const source = target.replace(/\.js$/, '.ts');
  const { fs } = tools;
  return moduleOf(tools, fs.exists(target) || !fs.exists(source) ? target : source, [...importers, file]);
}

/** The code with types replaced by blanks. JavaScript passes through it as well, for the sake of clear errors. */
function withoutTypes({ transformSync }: Tools, file: string, text: string): string {
  try {
    return transformSync(text, { mode: 'strip-only', filename: file, module: true }).code;
  } catch (fault) {
    if (fault instanceof Error) throw fault;
    const { message, startLine, startColumn } = fault as { message: string; startLine?: number; startColumn?: number };
    const place = startLine === undefined ? '' : `, line ${startLine}, column ${(startColumn ?? 0) + 1}`;
    return failRecipe(
      `${file}${place}: ${message}`,
      extname(file) === '.ts'
        ? 'Mend the syntax there. Types may stand anywhere; enum, namespace and parameter properties are not supported.'
        : 'Mend the syntax there.',
    );
  }
}

/** Where the modules below find the rooms of this copy of Groundwork: by number, since there may be several copies. */
const registryName = 'groundwork-lm.rooms';
let copyNumber: number | undefined;

function registerRooms(): number {
  const key = Symbol.for(registryName);
  const holder = globalThis as unknown as { [key: symbol]: unknown };
  const copies = (holder[key] ?? []) as object[];
  holder[key] = copies;
  return copies.push(rooms) - 1;
}

/** A module that gives out the names of a room. */
function roomUrl(specifier: string): string {
  copyNumber ??= registerRooms();
  const room = rooms[specifier] ?? {};
  return dataUrl(
    `const room = globalThis[Symbol.for('${registryName}')][${copyNumber}]['${specifier}'];\n` +
      `export const { ${Object.keys(room).join(', ')} } = room;`,
  );
}

function dataUrl(code: string): string {
  return `data:text/javascript;charset=utf-8,${encodeURIComponent(code).replaceAll("'", '%27')}`;
}

/** A message without the addresses of modules, each of which is a whole file. */
function withoutModules(message: string): string {
  return message.replaceAll(/(["'`]?)data:text\/javascript[^\s"'`]*\1/g, 'one of its imports');
}
