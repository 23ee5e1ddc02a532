import { patterns } from '../patterns.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { TokenizerData } from '../tokenizer-data.ts';
import { compressionOf, type NamedText, type TextCompression } from './compression.ts';
import { type DescribedToken, describeToken } from './described-token.ts';
import { sampleTexts } from './sample-texts.ts';
import { type TokenClass, tokenClasses, tokenClassOf } from './token-classes.ts';
import { countTokens, type TokenUsage, tokenUsage } from './token-usage.ts';
import { isUtf8 } from './visible-text.ts';

/** A tokenizer under the name that a table gives it. */
export interface NamedTokenizer {
  readonly name: string;
  readonly tokenizer: Tokenizer;
}

export interface TokenizerInspectionOptions {
  /** Tokenizers that it is compared with. */
  readonly against?: readonly NamedTokenizer[];
  /** Texts in the table of compression beside the samples. */
  readonly texts?: readonly NamedText[];
  /** How often each id occurs in a text that is too large to be handed in, and its name. Default: the texts are counted. */
  readonly counts?: { readonly name: string; readonly counts: Float64Array };
}

/** What there is to see in a tokenizer; plain data. */
export interface TokenizerInspection {
  readonly name: string;
  readonly fingerprint: string;
  readonly vocabularySize: number;
  readonly numMerges: number;
  readonly pattern: string;
  /** What the pattern is called here; undefined for one of another's making. */
  readonly patternName?: string;
  readonly normalization: TokenizerData['normalization'];
  readonly specialTokens: readonly { readonly id: number; readonly content: string }[];
  readonly beginToken?: number;
  readonly classes: readonly {
    readonly name: TokenClass;
    readonly numTokens: number;
    readonly examples: readonly DescribedToken[];
  }[];
  readonly longest: readonly DescribedToken[];
  /** How many tokens are not whole characters; the 128 bytes above 0x7F are always among them. */
  readonly notUtf8: { readonly numTokens: number; readonly longest: readonly DescribedToken[] };
  readonly compression: {
    readonly tokenizers: readonly {
      readonly name: string;
      readonly fingerprint: string;
      readonly vocabularySize: number;
      /** Whether it is the inspected one, whatever file it came from. */
      readonly isSame: boolean;
    }[];
    /** The sample texts, by kind. */
    readonly samples: readonly TextCompression[];
    /** The samples together. */
    readonly total: TextCompression;
    /** The texts that were handed in. */
    readonly texts: readonly TextCompression[];
  };
  /** Absent where there is no text but the samples. */
  readonly usage?: TokenUsage & { readonly of: string };
}

const numListed = 40;
const numExamples = 8;

/** Looks at a tokenizer: its vocabulary, and what it makes of texts beside others. */
export function inspectTokenizer(
  { name, tokenizer }: NamedTokenizer,
  { against = [], texts = [], counts }: TokenizerInspectionOptions = {},
): TokenizerInspection {
  const { data, fingerprint, vocabularySize, beginToken } = tokenizer;
  const patternName = Object.entries(patterns).find(([, pattern]) => pattern === tokenizer.pattern)?.[0];
  const columns = [{ name, tokenizer }, ...against];
  const tokenizers = columns.map((column) => column.tokenizer);
  const encoder = new TextEncoder();
  const samples = compressionOf(
    sampleTexts.map(({ kind, text }) => ({ name: kind, documents: [encoder.encode(text)] })),
    tokenizers,
  );
  const usage = usageOf(tokenizer, texts, counts);
  return {
    name,
    fingerprint,
    vocabularySize,
    numMerges: data.merges.length / 2,
    pattern: tokenizer.pattern,
    ...(patternName !== undefined && { patternName }),
    normalization: data.normalization,
    specialTokens: [...tokenizer.specialTokens].map(([content, id]) => ({ id, content })),
    ...(beginToken !== undefined && { beginToken }),
    ...vocabularyOf(tokenizer),
    compression: {
      tokenizers: columns.map((column) => ({
        name: column.name,
        fingerprint: column.tokenizer.fingerprint,
        vocabularySize: column.tokenizer.vocabularySize,
        isSame: column.tokenizer.fingerprint === fingerprint,
      })),
      samples,
      total: totalOf(samples, tokenizers.length),
      texts: compressionOf(texts, tokenizers),
    },
    ...(usage && { usage }),
  };
}

function usageOf(
  tokenizer: Tokenizer,
  texts: readonly NamedText[],
  given: TokenizerInspectionOptions['counts'],
): TokenizerInspection['usage'] {
  if (given) return { of: given.name, ...tokenUsage(tokenizer, given.counts, numListed) };
  if (texts.length === 0) return undefined;
  const counts = new Float64Array(tokenizer.vocabularySize);
  for (const { documents } of texts) countTokens(tokenizer, documents, counts);
  return { of: texts.map(({ name }) => name).join(', '), ...tokenUsage(tokenizer, counts, numListed) };
}

function vocabularyOf(tokenizer: Tokenizer): Pick<TokenizerInspection, 'classes' | 'longest' | 'notUtf8'> {
  const { tokenBytes, tokenOffsets, addedTokens } = tokenizer.data;
  const added = new Set(addedTokens.map(({ id }) => id));
  const byClass = new Map<TokenClass, number[]>(tokenClasses.map((name) => [name, []]));
  const merged: number[] = [];
  const notUtf8: number[] = [];
  for (let id = 0; id < tokenizer.vocabularySize; id++) {
    byClass.get(tokenClassOf(tokenizer, id, added))?.push(id);
    const bytes = tokenBytes.subarray(tokenOffsets[id], tokenOffsets[id + 1]);
    if (bytes.length === 0 || added.has(id)) continue;
    merged.push(id);
    if (!isUtf8(bytes)) notUtf8.push(id);
  }
  const numBytes = (id: number): number => (tokenOffsets[id + 1] ?? 0) - (tokenOffsets[id] ?? 0);
  const longest = (ids: readonly number[], count: number) =>
    ids
      .toSorted((a, b) => numBytes(b) - numBytes(a) || a - b)
      .slice(0, count)
      .map((id) => describeToken(tokenizer, id));
  return {
    classes: [...byClass]
      .filter(([, ids]) => ids.length > 0)
      .map(([name, ids]) => ({
        name,
        numTokens: ids.length,
        examples: name === 'unused id' ? [] : spread(ids, numExamples).map((id) => describeToken(tokenizer, id)),
      })),
    longest: longest(merged, numListed),
    notUtf8: { numTokens: notUtf8.length, longest: longest(notUtf8, numListed) },
  };
}

/** So many of a list, evenly spread over it. */
function spread(ids: readonly number[], count: number): number[] {
  const step = Math.max(1, ids.length / count);
  return Array.from({ length: Math.min(count, ids.length) }, (_, i) => ids[Math.floor(i * step)] as number);
}

function totalOf(texts: readonly TextCompression[], numTokenizers: number): TextCompression {
  return {
    name: 'all samples',
    numBytes: texts.reduce((sum, { numBytes }) => sum + numBytes, 0),
    numTokens: Array.from({ length: numTokenizers }, (_, i) =>
      texts.reduce((sum, { numTokens }) => sum + (numTokens[i] ?? 0), 0),
    ),
  };
}
