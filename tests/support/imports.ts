/** One import or re-export of a source file. */
export interface Import {
  /** What is imported, as it is written: `../core/index.ts`, `zod`, `node:fs`. */
  readonly specifier: string;
  /** True for `import type` and `export type`, which leave nothing behind at run time. */
  readonly isTypeOnly: boolean;
}

/**
 * Every import, re-export and dynamic import of a file. Comments and strings that only look like imports are left out;
 * `import(expression)` has no specifier that can be known and is an error.
 */
export function importsOf(source: string): Import[] {
  const found: Import[] = [];
  const text = bare(source);
  const statement = /(?<![\w$.])(?:import|export)\b\s*(type\b\s*)?(?:[\w$*\s{},]*?\bfrom\b\s*)?(['"])([^'"\n]+)\2/g;
  for (const [, type, , specifier = ''] of text.matchAll(statement)) {
    found.push({ specifier, isTypeOnly: type !== undefined });
  }
  // `typeof import('x')` is a type.
  const dynamic = /(typeof\s+)?(?<![\w$.])import\s*\(\s*(?:(['"])([^'"\n]+)\2|([^)'"]*))/g;
  for (const [call, type, , specifier, expression] of text.matchAll(dynamic)) {
    if (specifier === undefined) throw new Error(`cannot tell what ${call}) imports: ${expression}`);
    found.push({ specifier, isTypeOnly: type !== undefined });
  }
  return found;
}

/** The source without comments, and without strings other than those that an import names. */
function bare(source: string): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;
  return source.replace(token, (part, at: number) => {
    if (part.startsWith('/')) return ' ';
    const isSpecifier = /\b(?:from|import)\s*\(?\s*$/.test(source.slice(Math.max(0, at - 40), at));
    return isSpecifier && !part.startsWith('`') ? part : '``';
  });
}
