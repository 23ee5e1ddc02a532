import type { Dataset } from '../data/index.ts';
import type { Tokenizer } from '../tokenizer/index.ts';

/** How much of a document is a prompt, where it has no header. */
const promptTokens = 12;
/** How many documents are looked at. */
const numLookedAt = 64;

/**
 * Prompts that suit a dataset, in a fixed order. Where its documents begin with a header (`1862 Abraham Lincoln: `), headers of
 * validation documents; else the first words of validation documents, or of training documents where there are none.
 */
export function promptsOf(dataset: Dataset, tokenizer: Tokenizer, numPrompts: number): string[] {
  const part = dataset.validation.numDocuments > 0 ? dataset.validation : dataset.train;
  const numDocuments = Math.min(numLookedAt, part.numDocuments);
  const texts = Array.from({ length: numDocuments }, (_, i) => {
    const start = part.documentStart(Math.floor((i * part.numDocuments) / numDocuments));
    const length = Math.min(4 * promptTokens, part.documentEndAfter(start) - start - 1);
    const tokens = new Uint32Array(Math.max(0, length));
    // The begin token is no text.
    part.readTokens(start + 1, tokens.length, tokens);
    return { text: tokenizer.decode(tokens, { special: 'skip' }), tokens };
  });
  const headers = texts.flatMap(({ text }) => headerOf(text)?.trimEnd() ?? []);
  const prompts =
    headers.length > 0.8 * texts.length
      ? headers
      : texts.map(({ tokens }) => tokenizer.decode(tokens.subarray(0, promptTokens), { special: 'skip' }).trimEnd());
  const distinct = [...new Set(prompts)].filter((prompt) => prompt !== '' && !prompt.includes('\uFFFD'));
  if (distinct.length === 0) return [''];
  return Array.from({ length: Math.min(numPrompts, distinct.length) }, (_, i) => {
    const place = Math.floor((i * distinct.length) / Math.min(numPrompts, distinct.length));
    return distinct[place] as string;
  });
}

/** What stands before the first colon of a document's first line, and the colon; undefined where that is no header: those are short. */
function headerOf(text: string): string | undefined {
  const [, header] = /^([^\n:]{1,80}: )\S/.exec(text) ?? [];
  return header;
}
