import { dirname, extname, resolve } from 'node:path';
import type { FileSystem } from '../core/index.ts';
import * as core from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import * as model from '../model/index.ts';
import * as optimizer from '../optimizer/index.ts';
import * as tensor from '../tensor/index.ts';
import { causeText, isFaultOfRecipe, placeOf } from './blame.ts';
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
  const [{ transformSync }, { parse }] = await Promise.all([
    import('@swc/wasm-typescript'),
    import('es-module-lexer/js'),
  ]);
  const specifiers = new Map<string, string>();
  const url = moduleOf({ fs, transformSync, parse, specifiers }, file, []);
  let loaded: { readonly [name: string]: unknown };
  try {
    // Not import(url) here: test runners and bundlers take it for one of their own modules, a module of Node's they leave alone.
    // @ts-expect-error: TypeScript knows no modules at data: addresses
    const importer: Importer = await import('data:text/javascript,export default (url) => import(url)');
    loaded = await importer.default(url);
  } catch (cause) {
    if (isFaultOfRecipe(cause)) throw cause;
    return failLoading(path, cause, specifiers);
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

interface Tools {
  readonly fs: FileSystem;
  readonly transformSync: typeof import('@swc/wasm-typescript').transformSync;
  readonly parse: typeof import('es-module-lexer/js').parse;
  /** What is imported, by the address that stands for it: for messages. */
  readonly specifiers: Map<string, string>;
}

/** The address of a module for a file, and in it of those for the files that it imports. */
function moduleOf(tools: Tools, file: string, importers: readonly string[]): string {
  if (importers.includes(file)) {
    failRecipe(`${file} imports itself, by way of ${importers.at(-1)}`, 'Put what both need into a third file.');
  }
  const code = withoutTypes(tools, file, new TextDecoder().decode(tools.fs.readFile(file)));
  let resolved = '';
  let done = 0;
  for (const { n: specifier, s: start, e: end, d: dynamicAt } of tools.parse(code)[0]) {
    // import.meta
    if (dynamicAt === -2) continue;
    const place = `${file}, line ${code.slice(0, start).split('\n').length}`;
    if (specifier === undefined) {
      return failRecipe(`${place} imports what it computes a name for, which a recipe cannot`, importHint);
    }
    const address = addressOf(tools, specifier, file, place, importers);
    tools.specifiers.set(address, specifier);
    // What import(…) imports is an expression, with its quotes.
    resolved += code.slice(done, start) + (dynamicAt >= 0 ? `'${address}'` : address);
    done = end;
  }
  // The name by which the file stands in stack traces.
  return dataUrl(`${resolved}${code.slice(done)}\n//# sourceURL=recipe:${encodeURI(file)}`);
}

function addressOf(tools: Tools, specifier: string, file: string, place: string, importers: readonly string[]): string {
  if (Object.hasOwn(rooms, specifier)) return roomUrl(specifier);
  if (!specifier.startsWith('./') && !specifier.startsWith('../')) {
    return failRecipe(`${place} imports ${specifier}, which a recipe cannot`, importHint);
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

/** A module that could not be linked, or that threw while it ran. */
function failLoading(path: string, cause: unknown, specifiers: ReadonlyMap<string, string>): never {
  // Each address of a module is a whole file.
  const text = causeText(cause).replaceAll(
    /(["'`]?)(data:text\/javascript[^\s"'`]*)\1/g,
    (_, _quote: string, address: string) => specifiers.get(address) ?? 'one of its imports',
  );
  const place = placeOf(cause);
  const missing = /does not provide an export named '([^']+)'/.exec(text)?.[1];
  const hint =
    missing === undefined
      ? importHint
      : `If ${missing} is a type, say so: import { type ${missing} }, or import type { ${missing} }. If not, look for its name there.`;
  return failRecipe(`${path} cannot be loaded${place ? ` (${place})` : ''}: ${text}`, hint, cause);
}
