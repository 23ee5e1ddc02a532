import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { patterns, serializeTokenizer, tokenizerFromTiktokenRanks } from '../../src/tokenizer/index.ts';
import { codeDocuments, firstBytes, proseDocuments } from './corpora.ts';
import { type Encoding, encodings } from './rows.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const source = fileURLToPath(new URL('../../src/tokenizer', import.meta.url));

/** The texts of the tasks, as files: documents as one JSON string a line (`.jsonl`). */
export interface TaskFiles {
  /** 15 MB of prose and code to train on. */
  readonly mixed: string;
  /** The same, in lines: what the trainer for Node reads takes each line for a document. */
  readonly mixedLines: string;
  /** All prose and all code, for parity. */
  readonly prose: string;
  readonly code: string;
  /** 9 MB each to encode. */
  readonly encodedProse: string;
  readonly encodedCode: string;
  /** A tokenizer.json of each published vocabulary. */
  readonly tokenizers: { readonly [encoding in Encoding]: string };
}

/** Writes what the rows read into a folder. */
export function writeTaskFiles(folder: string): TaskFiles {
  mkdirSync(folder, { recursive: true });
  const [prose, code] = [proseDocuments(), codeDocuments()];
  const mixed = [...firstBytes(prose, 7.5e6), ...firstBytes(code, 7.5e6)];
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const writeDocuments = (name: string, documents: readonly string[]) =>
    write(`${name}.jsonl`, documents.map((document) => `${JSON.stringify(document)}\n`).join(''));
  const writeTokenizer = (encoding: Encoding) => {
    const ranks = new URL(`../../node_modules/gpt-tokenizer/data/${encoding}_base.tiktoken`, import.meta.url);
    const tokenizer = tokenizerFromTiktokenRanks(readFileSync(ranks, 'utf8'), { pattern: patterns[encoding] });
    return write(`${encoding}.json`, serializeTokenizer(tokenizer));
  };
  return {
    mixed: writeDocuments('mixed', mixed),
    mixedLines: write('mixed.txt', `${mixed.join('\n')}\n`),
    prose: writeDocuments('prose', prose),
    code: writeDocuments('code', code),
    encodedProse: writeDocuments('encoded-prose', firstBytes(prose, 9e6)),
    encodedCode: writeDocuments('encoded-code', firstBytes(code, 9e6)),
    tokenizers: Object.fromEntries(encodings.map((name) => [name, writeTokenizer(name)])) as TaskFiles['tokenizers'],
  };
}

/**
 * Compiles the children to plain JavaScript, so that they start without a compiler in the same process; workers lie beside
 * them, where `workerFile` looks.
 */
export function bundleChildren(folder: string): void {
  buildSync({
    entryPoints: [
      ...['ours.ts', 'peers.ts', 'encode-worker.ts'].map((name) => join(here, 'children', name)),
      join(source, 'count-worker.ts'),
    ],
    entryNames: '[name]',
    outdir: folder,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
}
