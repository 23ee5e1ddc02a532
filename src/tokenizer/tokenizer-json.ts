import { GroundworkError } from '../core/index.ts';
import { spellBytes } from './byte-alphabet.ts';
import { patterns, wholeTextPattern } from './patterns.ts';
import type { Tokenizer } from './tokenizer.ts';
import type { AddedToken } from './tokenizer-data.ts';

/**
 * A tokenizer as the `tokenizer.json` of Hugging Face's `tokenizers`, which `parseTokenizer` and other programs read: merges
 * as pairs, added tokens in the vocabulary too (so that no program gives them other ids), the begin token put before a text.
 *
 * @throws GroundworkError `invalid-tokenizer` for one that puts a blank before text and cuts it by another pattern than
 *   GPT-2's: the format has no way to say so
 */
export function serializeTokenizer(tokenizer: Tokenizer): string {
  const { data } = tokenizer;
  const vocabulary: string[] = [];
  const contents = new Map(data.addedTokens.map(({ id, content }) => [id, content]));
  for (let id = 0; id < tokenizer.vocabularySize; id++) {
    const spelling = contents.get(id) ?? spelled(tokenizer, id);
    if (spelling !== '') vocabulary.push(`      ${JSON.stringify(spelling)}: ${id}`);
  }
  const merges: string[] = [];
  for (let rank = 0; rank * 2 < data.merges.length; rank++) {
    const left = spelled(tokenizer, data.merges[rank * 2] as number);
    const right = spelled(tokenizer, data.merges[rank * 2 + 1] as number);
    merges.push(`      [${JSON.stringify(left)}, ${JSON.stringify(right)}]`);
  }
  // Not one JSON.stringify: an object would put a token such as `7` first and take `__proto__` for its prototype.
  const model = [
    ...fields(
      {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: data.ignoreMerges,
      },
      4,
    ),
    `    "vocab": {\n${vocabulary.join(',\n')}\n    }`,
    merges.length === 0 ? '    "merges": []' : `    "merges": [\n${merges.join(',\n')}\n    ]`,
  ];
  const parts = [
    ...fields(
      {
        version: '1.0',
        truncation: null,
        padding: null,
        added_tokens: data.addedTokens.map(addedTokenJson),
        normalizer: data.normalization === 'NFC' ? { type: 'NFC' } : null,
        pre_tokenizer: preTokenizerJson(tokenizer),
        post_processor: postProcessorJson(tokenizer),
        decoder: byteLevelJson(true, true),
      },
      2,
    ),
    `  "model": {\n${model.join(',\n')}\n  }`,
  ];
  return `{\n${parts.join(',\n')}\n}\n`;
}

export interface TokenizerConfigOptions {
  /** How many tokens the model can read at a time. */
  readonly contextLength: number;
  /** How a conversation is written out, as a Jinja template. */
  readonly chatTemplate?: string;
}

/** The `tokenizer_config.json` that `transformers` reads beside `tokenizer.json`. The begin token ends documents too. */
export function tokenizerConfigJson(tokenizer: Tokenizer, options: TokenizerConfigOptions): string {
  const begin = beginTokenText(tokenizer);
  return json({
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...(begin === undefined ? {} : { bos_token: begin, eos_token: begin }),
    model_max_length: options.contextLength,
    clean_up_tokenization_spaces: false,
    ...(options.chatTemplate === undefined ? {} : { chat_template: options.chatTemplate }),
  });
}

/** The `generation_config.json` that `transformers` reads: with what token a text begins, and with which it is over. */
export function generationConfigJson(tokenizer: Tokenizer): string {
  const begin = tokenizer.beginToken;
  return json({
    _from_model_config: false,
    ...(begin === undefined ? {} : { bos_token_id: begin, eos_token_id: begin }),
  });
}

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

function fields(object: { readonly [name: string]: unknown }, indent: number): string[] {
  const margin = ' '.repeat(indent);
  return Object.entries(object).map(
    ([name, value]) => `${margin}"${name}": ${JSON.stringify(value, null, 2).replaceAll('\n', `\n${margin}`)}`,
  );
}

function spelled(tokenizer: Tokenizer, id: number): string {
  const { tokenBytes, tokenOffsets } = tokenizer.data;
  return spellBytes(tokenBytes.subarray(tokenOffsets[id], tokenOffsets[id + 1]));
}

function addedTokenJson(token: AddedToken): object {
  return {
    id: token.id,
    content: token.content,
    single_word: token.singleWord,
    lstrip: token.lstrip,
    rstrip: token.rstrip,
    normalized: token.normalized,
    special: token.special,
  };
}

function byteLevelJson(addPrefixSpace: boolean, useRegex: boolean): object {
  return { type: 'ByteLevel', add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: useRegex };
}

function preTokenizerJson({ pattern, data }: Tokenizer): object {
  if (pattern === wholeTextPattern) return byteLevelJson(data.prefixSpace, false);
  // With a Split before it, the blank would be put before every piece.
  if (data.prefixSpace && pattern === patterns.gpt2) return byteLevelJson(true, true);
  if (data.prefixSpace) {
    throw new GroundworkError(
      'invalid-tokenizer',
      `a tokenizer.json cannot say that a blank is put before text that is cut by ${JSON.stringify(pattern)}`,
      { hint: 'Leave the blank out, or cut text by the pattern of GPT-2.' },
    );
  }
  return {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
      byteLevelJson(false, false),
    ],
  };
}

/** Puts the begin token before a text; not `<|endoftext|>`, which GPT-2 and its heirs put only between texts. */
function postProcessorJson(tokenizer: Tokenizer): object {
  const begin = beginTokenText(tokenizer);
  if (begin === undefined || begin === '<|endoftext|>') return byteLevelJson(true, true);
  const first = { SpecialToken: { id: begin, type_id: 0 } };
  return {
    type: 'TemplateProcessing',
    single: [first, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [
      first,
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: begin, type_id: 1 } },
      { Sequence: { id: 'B', type_id: 1 } },
    ],
    special_tokens: { [begin]: { id: begin, ids: [tokenizer.beginToken], tokens: [begin] } },
  };
}

function beginTokenText(tokenizer: Tokenizer): string | undefined {
  return tokenizer.beginToken === undefined ? undefined : tokenizer.tokenText(tokenizer.beginToken);
}
