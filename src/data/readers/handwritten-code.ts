import type { SkipReason } from '../document.ts';
import { generatedMark, lineLimits } from '../machine-made.ts';

const scriptExtensions = ['ts', 'tsx', 'mts', 'cts', 'js', 'mjs', 'cjs', 'jsx'];
/** The extensions of source code that are read by default. */
export const codeExtensions: readonly string[] = scriptExtensions;

/** Folders at the top of a package in which what was compiled or bundled from `src/` usually lies. */
const outputFolders = new Set(
  'amd build bundle bundles cjs commonjs dist dist-cjs dist-es dist-esm dist-types dist-web es es5 es6 esm esm5 esm2015 esm2020 esnext fesm2015 fesm2020 fesm2022 lib lib-cjs lib-esm module modules out out-tsc output types umd'.split(
    ' ',
  ),
);

/**
 * Which files of a package are output of a compiler whose source the package ships too: what lies in an output folder
 * where there is code in `src/`, and what lies beside a TypeScript file of the same name.
 *
 * @param paths the code files of the package, with `/`
 */
export function buildOutputsAmong(paths: readonly string[]): ReadonlySet<string> {
  const hasSource = paths.some((path) => path.startsWith('src/') && !isDeclaration(path));
  const sources = new Set(
    paths.filter((path) => /\.[mc]?tsx?$/.test(path) && !isDeclaration(path)).map((path) => stemOf(path)),
  );
  return new Set(
    paths.filter((path) => {
      const top = path.slice(0, Math.max(0, path.indexOf('/')));
      if (hasSource && outputFolders.has(top)) return true;
      const isSource = /\.[mc]?tsx?$/.test(path) && !isDeclaration(path);
      return !isSource && sources.has(stemOf(path));
    }),
  );
}

/** Whether a path is that of a type declaration: `.d.ts`, `.d.mts`, `.d.cts`, or `.d.css.ts` and the like. */
export function isDeclaration(path: string): boolean {
  return /\.d(\.\w+)?\.[mc]?ts$/.test(path);
}

function stemOf(path: string): string {
  return path.replace(/(\.d)?\.[mc]?[jt]sx?$/, '');
}

/** Names that say that a file was minified or bundled. */
const minifiedName = /[.-](min|prod|production|bundle|bundled|umd)\.[mc]?js$/;
const bundlerMark =
  /\bwebpackBootstrap\b|\b__webpack_require__\b|\bparcelRequire\b|^\/\/#region (\.\.\/)*node_modules\/|^\/\/ (\.\.\/)*node_modules\/\S+$|^\/\*! For license information please see\b/m;
/** 256 characters of base64 with no space among them carry an image or a program. */
const base64Run = /[A-Za-z0-9+/]{256}/;

/** How much of a file is looked at for the marks of bundlers. */
const markCharacters = 2 ** 16;

/**
 * Why a file is not taken for code that a person wrote, from its name and its text; nothing where it is.
 *
 * @param path with `/`
 */
export function machineMadeReason(path: string, text: string): SkipReason | undefined {
  if (minifiedName.test(path)) return 'minified';
  if (generatedMark(text) !== undefined) return 'generated';
  if (bundlerMark.test(text.slice(0, markCharacters))) return 'build-output';
  if (base64Run.test(text)) return 'data-blob';
  let numLines = 0;
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    if (end - start > lineLimits.longest) return 'minified';
    numLines++;
    start = end + 1;
  }
  return text.length > lineLimits.mean * numLines + numLines ? 'minified' : undefined;
}
