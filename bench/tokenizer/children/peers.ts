// Tokenizers for Node as rows of the benchmark: `node peers.js NAME PEERS`, with PEERS the folder bench/peers.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerName } from '../rows.ts';
import { answerRequests, digestOfIds, digestOfMerges, longPiece, readDocuments, timed } from './answering.ts';

const [name, peers = ''] = process.argv.slice(2);
const require = createRequire(import.meta.url);

type EncodeAll = (texts: readonly string[]) => ArrayLike<number>[] | Promise<ArrayLike<number>[]>;
type Loader = (encoding: string, tokenizer: string) => Promise<EncodeAll> | EncodeAll;

interface NativeTokenizer {
  train(files: string[]): void;
  save(path: string): void;
  encodeBatch(texts: string[], options: { addSpecialTokens: boolean }): Promise<{ getIds(): number[] }[]>;
}
const nativeFromString = (json: string): NativeTokenizer => require('tokenizers').Tokenizer.fromString(json);

const loaders: { readonly [peer in PeerName]: Loader } = {
  'gpt-tokenizer': async (encoding) => {
    const { encode } = await import(`gpt-tokenizer/encoding/${encoding}_base`);
    const options = { disallowedSpecial: new Set() };
    return (texts) => texts.map((text) => encode(text, options));
  },
  'tiktoken-wasm': (encoding) => {
    const tiktoken = require('tiktoken').get_encoding(`${encoding}_base`);
    return (texts) => texts.map((text) => tiktoken.encode_ordinary(text));
  },
  'js-tiktoken': (encoding) => {
    const requirePeer = createRequire(join(peers, 'js-tiktoken', 'package.json'));
    const { Tiktoken } = requirePeer('js-tiktoken/lite');
    const tiktoken = new Tiktoken(requirePeer(`js-tiktoken/ranks/${encoding}_base`));
    return (texts) => texts.map((text) => tiktoken.encode(text, [], []));
  },
  'hf-js': async (_, tokenizer) => {
    const { Tokenizer } = await import('@huggingface/tokenizers');
    // ECMAScript has no possessive quantifiers. Only before $, which is the end of a line there, do they change a match.
    const json = readFileSync(tokenizer, 'utf8').replace(/"Regex": ?"((?:[^"\\]|\\.)*)"/, (line) =>
      line.replace('\\\\s++$', '\\\\s+(?!\\\\s)$').replace(/([+*?}])\+/g, '$1'),
    );
    const loaded = new Tokenizer(JSON.parse(json), {});
    return (texts) => texts.map((text) => loaded.encode(text, { add_special_tokens: false }).ids);
  },
  'hf-node': (_, tokenizer) => {
    const loaded = nativeFromString(readFileSync(tokenizer, 'utf8'));
    return async (texts) => {
      const found = await loaded.encodeBatch([...texts], { addSpecialTokens: false });
      return found.map((encoding) => encoding.getIds());
    };
  },
};

let encodeAll: EncodeAll = () => [];
const corpora = new Map<string, readonly string[]>();

async function load(request: Record<string, unknown>): Promise<object> {
  const start = performance.now();
  encodeAll = await loaders[name as PeerName](String(request.encoding), String(request.tokenizer));
  return { ms: performance.now() - start };
}

async function encodeTimed(texts: readonly string[]): Promise<object> {
  const { ms, cpuMs, result } = await timed(() => encodeAll(texts));
  return { ms, cpuMs, numTokens: result.reduce((sum, ids) => sum + ids.length, 0), digest: digestOfIds(result) };
}

async function encode(request: Record<string, unknown>): Promise<object> {
  const path = String(request.documents);
  const texts = corpora.get(path) ?? readDocuments(path);
  corpora.set(path, texts);
  return encodeTimed(texts);
}

/** The trainer for Node has no settings: 30,000 tokens, the alphabet of the corpus, each line a document. */
async function train(request: Record<string, unknown>): Promise<object> {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const split = { type: 'Split', pattern: { Regex: request.pattern }, behavior: 'Isolated', invert: false };
  const tokenizer = nativeFromString(
    JSON.stringify({
      version: '1.0',
      added_tokens: [],
      pre_tokenizer: { type: 'Sequence', pretokenizers: [split, byteLevel] },
      model: { type: 'BPE', vocab: {}, merges: [] },
    }),
  );
  const { ms, cpuMs } = await timed(() => tokenizer.train([String(request.documents)]));
  const folder = mkdtempSync(join(tmpdir(), 'groundwork-bench-'));
  tokenizer.save(join(folder, 'tokenizer.json'));
  const { merges } = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')).model;
  rmSync(folder, { recursive: true });
  return { ms, cpuMs, numMerges: merges.length, digest: digestOfMerges(merges.slice(0, Number(request.numMerges))) };
}

await answerRequests({
  load,
  encode,
  train,
  'long-piece': (request) => encodeTimed([longPiece(String(request.kind), Number(request.sizeBytes))]),
});
