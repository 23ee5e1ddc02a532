// tokenizer/: byte-level BPE: cutting text into pieces, encoding and decoding, and the files that tokenizers are kept in.
export { PieceCounts, type PieceCountsData } from './piece-counts.ts';
export { patterns, type Splitter, splitterOf } from './splitter.ts';
export { type TiktokenOptions, tokenizerFromTiktokenRanks } from './tiktoken.ts';
export {
  type DecodeOptions,
  type DecodeStream,
  type EncodeOptions,
  type Tokenizer,
  tokenizerFromData,
} from './tokenizer.ts';
export { type AddedToken, joinTokens, specialToken, type TokenizerData } from './tokenizer-data.ts';
export {
  generationConfigJson,
  serializeTokenizer,
  type TokenizerConfigOptions,
  tokenizerConfigJson,
} from './tokenizer-json.ts';
export { gpt2FromFiles, parseTokenizer } from './tokenizer-json-reader.ts';
export { type TokenizerTrainingOptions, tokenizerFromCounts, trainTokenizer } from './trainer.ts';
