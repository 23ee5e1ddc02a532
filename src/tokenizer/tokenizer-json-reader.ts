import { z } from 'zod';
import { GroundworkError } from '../core/index.ts';
import { bytesOfSpelling } from './byte-alphabet.ts';
import { patterns, wholeTextPattern } from './patterns.ts';
import { type Tokenizer, tokenizerFromData } from './tokenizer.ts';
import { type AddedToken, joinTokens, specialToken, type TokenizerData } from './tokenizer-data.ts';

/** Ids beyond are taken for a mistake: each takes memory, used or not. */
const maxIds = 2 ** 22;

const addedTokenSchema = z.object({
  id: z
    .int()
    .min(0)
    .max(maxIds - 1),
  content: z.string().min(1),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(true),
  special: z.boolean().default(false),
});

const byteLevelSchema = z.object({
  type: z.literal('ByteLevel'),
  add_prefix_space: z.boolean().default(true),
  use_regex: z.boolean().default(true),
});

const splitSchema = z.object({
  type: z.literal('Split'),
  pattern: z.union([z.object({ Regex: z.string().min(1) }), z.object({ String: z.string().min(1) })]),
  behavior: z.enum(['Isolated', 'Removed']),
  invert: z.boolean().default(false),
});

/** A part that may be one step or a sequence of them; which steps there may be is checked where it is read. */
const stepSchema = z.looseObject({ type: z.string() });
type Step = z.infer<typeof stepSchema>;

// The vocabulary is not a z.record, which would copy it and drop a token spelled `__proto__`.
const jsonObject = z.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

const fileSchema = z.object({
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: stepSchema.nullish(),
  pre_tokenizer: stepSchema.nullish(),
  decoder: stepSchema.nullish(),
  model: z.object({
    type: z.string().optional(),
    dropout: z.number().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
    vocab: z.unknown(),
    merges: z.array(z.unknown()).optional(),
  }),
});

/**
 * Reads a `tokenizer.json` of Hugging Face's `tokenizers` that holds a byte-level BPE tokenizer, such as those of GPT-2,
 * Llama 3 and Qwen 3. What it says of truncation, padding and post-processing is about batches and is not read.
 *
 * @throws GroundworkError `invalid-tokenizer` where the text is broken or describes another kind of tokenizer
 */
export function parseTokenizer(text: string): Tokenizer {
  const file = parsed(fileSchema, jsonOf(text), 'the file');
  const { model } = file;
  if (model.type !== undefined && model.type !== 'BPE') throw foreign(`its model is ${model.type}`);
  if (!model.merges) throw foreign('its model has no merges');
  if (model.byte_fallback) throw foreign('its model falls back to bytes, as SentencePiece does');
  if (model.continuing_subword_prefix) throw foreign('its model marks the parts that continue a word');
  if (model.end_of_word_suffix) throw foreign('its model marks the ends of words');
  if (model.dropout) throw foreign('it drops merges at random');
  checkDecoder(file.decoder);

  const addedTokens = file.added_tokens
    .map(({ single_word, ...token }): AddedToken => ({ ...token, singleWord: single_word }))
    .sort((a, b) => a.id - b.id);
  return tokenizerFromData({
    ...vocabularyOf(model.vocab, model.merges, addedTokens),
    ...preTokenizationOf(file.pre_tokenizer),
    addedTokens,
    ignoreMerges: model.ignore_merges ?? false,
    normalization: normalizationOf(file.normalizer),
  });
}

/**
 * GPT-2's tokenizer, or another of its form, from the two files that OpenAI published it in.
 *
 * @param encoderJson `encoder.json`: an object of spelled tokens and ids
 * @param vocabBpe `vocab.bpe`: a line for each merge, under a line with the version
 * @throws GroundworkError `invalid-tokenizer` where one of them is broken
 */
export function gpt2FromFiles(encoderJson: string, vocabBpe: string): Tokenizer {
  const vocabulary = parsed(jsonObject, jsonOf(encoderJson), 'encoder.json');
  const end = new Map<string, unknown>(Object.entries(vocabulary)).get('<|endoftext|>');
  const merges = vocabBpe
    .replace(/^#version.*/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '');
  const addedTokens = typeof end === 'number' ? [specialToken(end, '<|endoftext|>')] : [];
  return tokenizerFromData({
    ...vocabularyOf(vocabulary, merges, addedTokens),
    pattern: patterns.gpt2,
    prefixSpace: false,
    addedTokens,
    ignoreMerges: false,
    normalization: 'none',
  });
}

function vocabularyOf(
  vocabulary: unknown,
  mergeList: readonly unknown[],
  addedTokens: readonly AddedToken[],
): Pick<TokenizerData, 'tokenBytes' | 'tokenOffsets' | 'merges'> {
  const ids = new Map<string, number>();
  for (const [spelling, id] of Object.entries(parsed(jsonObject, vocabulary, 'the vocabulary'))) {
    if (!Number.isInteger(id) || id < 0 || id >= maxIds) {
      throw broken(`the token ${JSON.stringify(spelling)} has the id ${JSON.stringify(id)}`);
    }
    ids.set(spelling, id);
  }
  if (mergeList.length >= maxIds) throw broken(`it has ${mergeList.length} merges`);
  const merges = new Uint32Array(mergeList.length * 2);
  const made = new Set<string>();
  for (const [rank, merge] of mergeList.entries()) {
    const pair = pairOf(merge);
    const left = pair && ids.get(pair[0]);
    const right = pair && ids.get(pair[1]);
    if (left === undefined || right === undefined || !ids.has(`${pair?.[0]}${pair?.[1]}`)) {
      throw broken(`merge ${rank + 1} is ${JSON.stringify(merge)}, not two tokens that joined are a token`);
    }
    made.add(`${pair?.[0]}${pair?.[1]}`);
    merges.set([left, right], rank * 2);
  }

  const tokens: (Uint8Array | undefined)[] = [];
  const spellings = new Map<number, string>();
  const added = new Map(addedTokens.map((token) => [token.content, token.id]));
  for (const [spelling, id] of ids) {
    const other = spellings.get(id);
    if (other !== undefined) throw broken(`${JSON.stringify(other)} and ${JSON.stringify(spelling)} have the id ${id}`);
    spellings.set(id, spelling);
    const addedId = id === added.get(spelling) || isAscii(spelling) ? added.get(spelling) : undefined;
    if (addedId !== undefined && addedId !== id) {
      throw broken(`${JSON.stringify(spelling)} has the id ${id} in the vocabulary and ${addedId} as an added token`);
    }
    // An added token is found in text before merging begins; one that merging makes as well is both.
    if (addedId !== undefined && !made.has(spelling) && spelling.length > 1) continue;
    const bytes = bytesOfSpelling(spelling);
    if (!bytes || bytes.length === 0) throw foreign(`its token ${JSON.stringify(spelling)} is not spelled in bytes`);
    tokens[id] = bytes;
  }
  for (const { id, content } of addedTokens) {
    const other = spellings.get(id);
    if (other !== undefined && other !== content) {
      throw broken(`${JSON.stringify(other)} and the added token ${JSON.stringify(content)} have the id ${id}`);
    }
  }
  tokens.length = Math.max(tokens.length, (addedTokens.at(-1)?.id ?? -1) + 1);
  return { ...joinTokens(Array.from(tokens)), merges };
}

/** Whether a spelling and the text that it means are the same: `é` spells a byte that is not the text `é`. */
function isAscii(spelling: string): boolean {
  return /^[!-~]*$/.test(spelling);
}

function pairOf(merge: unknown): readonly [string, string] | undefined {
  const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [left, right]: unknown[] = pair;
  return typeof left === 'string' && typeof right === 'string' ? [left, right] : undefined;
}

function preTokenizationOf(preTokenizer: Step | null | undefined): Pick<TokenizerData, 'pattern' | 'prefixSpace'> {
  const steps = stepsOf(preTokenizer, 'pretokenizers');
  const last = byteLevelSchema.safeParse(steps.at(-1));
  const kinds = steps.map(({ type }) => type).join(', ') || 'nothing';
  if (!last.success || steps.length > 2) throw foreign(`it cuts text with ${kinds}, not with Split and ByteLevel`);
  const byteLevel = last.data;
  if (steps.length === 1) {
    return {
      pattern: byteLevel.use_regex ? patterns.gpt2 : wholeTextPattern,
      prefixSpace: byteLevel.add_prefix_space,
    };
  }
  if (steps[0]?.type !== 'Split') throw foreign(`it cuts text with ${kinds}, not with Split and ByteLevel`);
  const split = parsed(splitSchema, steps[0], 'the Split');
  const pattern = 'Regex' in split.pattern ? split.pattern.Regex : escapeForRegex(split.pattern.String);
  // What does not match would be removed; the patterns that are known here match everything.
  const matchesAll = new Set<string>(Object.values(patterns)).has(pattern);
  const keepsAll = split.behavior === 'Isolated' || (split.invert && matchesAll);
  if (!keepsAll) throw foreign('its Split removes text');
  if (byteLevel.use_regex) throw foreign('it cuts the pieces of Split once more in ByteLevel');
  if (byteLevel.add_prefix_space) throw foreign('it puts a blank before every piece');
  return { pattern, prefixSpace: false };
}

function normalizationOf(normalizer: Step | null | undefined): TokenizerData['normalization'] {
  const steps = stepsOf(normalizer, 'normalizers');
  const other = steps.find(({ type }) => type !== 'NFC');
  if (other) throw foreign(`it normalises text with ${other.type}`);
  return steps.length > 0 ? 'NFC' : 'none';
}

function checkDecoder(decoder: Step | null | undefined): void {
  const other = stepsOf(decoder, 'decoders').find(({ type }) => type !== 'ByteLevel');
  if (other) throw foreign(`it decodes with ${other.type}`);
}

function stepsOf(step: Step | null | undefined, list: 'pretokenizers' | 'normalizers' | 'decoders'): Step[] {
  if (!step) return [];
  return step.type === 'Sequence' ? parsed(z.array(stepSchema), step[list], list) : [step];
}

function escapeForRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

function jsonOf(text: string): unknown {
  try {
    // A byte order mark is not JSON, yet some editors put one.
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw broken(`it is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.length ? ` at ${issue.path.join('.')}` : '';
  throw broken(`${what} is wrong${path}: ${issue?.message ?? 'not as expected'}`);
}

function broken(what: string): GroundworkError {
  return new GroundworkError('invalid-tokenizer', `the tokenizer cannot be read: ${what}`, {
    hint: 'Copy the file again from where it came, or name another tokenizer.',
  });
}

function foreign(what: string): GroundworkError {
  return new GroundworkError('invalid-tokenizer', `the tokenizer is not a byte-level BPE tokenizer: ${what}`, {
    hint: 'Use one such as those of GPT-2, Llama 3 or Qwen 3, or let the build train one.',
  });
}
