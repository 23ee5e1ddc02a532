import { type FileSystem, present } from '../../core/index.ts';
import { nodeFileSystem, type WorkerResult } from '../../core/node.ts';
import { type TokenizerData, tokenizerFromData } from '../../tokenizer/index.ts';
import { type EncodedShard, encodeShard } from '../store/shard.ts';
import { BlockTexts, openCleanedBlock } from './cleaned-block.ts';

export interface TokenizeContext {
  readonly tokenizer: TokenizerData;
}

export interface TokenizeTask {
  readonly path: string;
  /** Per document of the block, whether it is to be tokenized. */
  readonly isWanted: Uint8Array<ArrayBuffer>;
}

/** Tokenizes the wanted documents of a block into a piece of a shard. */
export function createTokenizeHandler({ tokenizer: data }: TokenizeContext, fs: FileSystem = nodeFileSystem) {
  const tokenizer = tokenizerFromData(data);
  const { vocabularySize } = tokenizer;
  const beginToken = present(tokenizer.beginToken, 'begin token');
  return ({ path, isWanted }: TokenizeTask): WorkerResult<EncodedShard> => {
    const texts = new BlockTexts(openCleanedBlock(fs, path, { verify: true }));
    const documents: { tokens: Uint32Array; numBytes: number }[] = [];
    for (let i = 0; i < texts.numDocuments; i++) {
      if (isWanted[i] !== 1) continue;
      const bytes = texts.bytes(i);
      documents.push({ tokens: tokenizer.encodeBytes(bytes), numBytes: bytes.length });
    }
    const shard = encodeShard(documents, { vocabularySize, beginToken });
    return { value: shard, transfer: [shard.tokens.buffer, shard.documents.buffer] as ArrayBuffer[] };
  };
}
