const llama3Form = (digits: string) =>
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const gpt4Form = (digits: string) =>
  String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|${digits}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`;

const o200kContraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
const o200kPieces = [
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+${o200kContraction}`,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*${o200kContraction}`,
  String.raw`\p{N}{1,3}`,
  String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
  String.raw`\s*[\r\n]+`,
  String.raw`\s+(?!\S)`,
  String.raw`\s+`,
];

/**
 * Patterns by which text is cut into pieces before merging, in the syntax of Oniguruma (which Hugging Face's `tokenizers`
 * uses), as they stand in `tokenizer.json`.
 */
export const patterns = {
  /** GPT-4's pieces: contractions, words with the mark before them, up to three digits, punctuation. The default. */
  gpt4: gpt4Form(String.raw`\p{N}{1,3}`),
  /** nanochat's: as `gpt4` with up to two digits, which spends less of a small vocabulary on numbers. */
  nanochat: gpt4Form(String.raw`\p{N}{1,2}`),
  gpt2: String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  /** tiktoken's cl100k_base, in which white space that ends a text is one piece. */
  cl100k: String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`,
  /** GPT-4o and gpt-oss: words end where the case turns from lower to upper. */
  o200k: o200kPieces.join('|'),
  /** Llama 3; the same pieces as `gpt4`. */
  llama3: llama3Form(String.raw`\p{N}{1,3}`),
  /** Qwen 2, 2.5 and 3: every digit a piece. */
  qwen3: llama3Form(String.raw`\p{N}`),
} as const;

/** The whole text as one piece: a byte-level `tokenizer.json` that asks for no splitting. */
export const wholeTextPattern = String.raw`[\s\S]+`;
