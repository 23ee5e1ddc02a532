// tokenizer/: byte-level BPE: cutting text into pieces, encoding and decoding, and the files that tokenizers are kept in.
export { displayedPieces, type PieceDisplayOptions } from './inspection/colored-pieces.ts';
export { compressionOf, type NamedText, type TextCompression } from './inspection/compression.ts';
export { type DescribedToken, describeToken } from './inspection/described-token.ts';
export {
  inspectTokenizer,
  type NamedTokenizer,
  type TokenizerInspection,
  type TokenizerInspectionOptions,
} from './inspection/inspection.ts';
export { type SampleText, sampleTexts } from './inspection/sample-texts.ts';
export { type TokenClass, tokenClasses } from './inspection/token-classes.ts';
export type { TokenUsage } from './inspection/token-usage.ts';
export {
  hexadecimal,
  isUtf8,
  printableJson,
  type VisibleOptions,
  visibleBytes,
  visibleText,
} from './inspection/visible-text.ts';
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
