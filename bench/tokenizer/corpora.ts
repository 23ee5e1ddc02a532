import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** Packages of the lock file, the same on every platform, whose sources are the corpus of code. */
const codePackages = [
  '@types/node',
  'zod',
  'playwright-core',
  'fast-check',
  'onnxruntime-common',
  'vitest',
  'typescript',
  'esbuild',
];

/** The speeches on the State of the Union, 10.8 MB of prose: documents of four sentences, without line ends inside. */
export function proseDocuments(): string[] {
  const folder = join(packages, '@stdlib', 'datasets-sotu', 'data');
  const documents: string[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.txt')) continue;
    const sentences = readFileSync(join(folder, name), 'utf8').split(/(?<=[.!?]["”]?\s)(?=[A-Z"“])/);
    for (let i = 0; i < sentences.length; i += 4) documents.push(sentences.slice(i, i + 4).join(''));
  }
  return documents;
}

/** TypeScript in installed packages, some 9.5 MB: a document for each file. */
export function codeDocuments(): string[] {
  return codePackages.flatMap((name) =>
    typeScriptFiles(join(packages, name)).map((path) => readFileSync(path, 'utf8')),
  );
}

/** The first documents that together have `sizeBytes` bytes, or all of them. */
export function firstBytes(documents: readonly string[], sizeBytes: number): string[] {
  let size = 0;
  const end = documents.findIndex((document) => {
    const isFull = size >= sizeBytes;
    size += Buffer.byteLength(document);
    return isFull;
  });
  return end < 0 ? [...documents] : documents.slice(0, end);
}

function typeScriptFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((x, y) => (x.name < y.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : typeScriptFiles(path);
      return /\.[cm]?ts$/.test(entry.name) ? [path] : [];
    });
}
