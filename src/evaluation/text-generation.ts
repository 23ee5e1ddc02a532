import type { Tokenizer } from '../tokenizer/index.ts';
import type { Ending, GenerationOptions, Generator } from './generator.ts';
import { StoppingText } from './stop-strings.ts';

export interface TextGenerationOptions extends Omit<GenerationOptions, 'forbiddenTokens'> {
  /** Generation ends where one of these would stand; it is not part of the text. */
  readonly stopStrings?: readonly string[];
  /** The prompt is the beginning of a document, as a begin token in front tells. Default true. */
  readonly isDocumentStart?: boolean;
  /**
   * Tokens that were written behind the prompt before: the text goes on from them, and is told and returned with them. A text can end
   * within a character, so its tokens say where it stands and its characters do not.
   */
  readonly written?: readonly number[];
}

/** Is told the text of a sample as it grows, in whole characters. */
export type TextListener = (text: string, sample: number) => void;

export interface TextSample {
  /** The continuation, without the prompt. */
  readonly text: string;
  /** The tokens of it, those that were `written` before among them, and of a stop string that ended it. */
  readonly tokens: readonly number[];
  readonly ending: Ending;
}

/**
 * Continues a text. It ends at the begin token of the next document (unless `endTokens` say otherwise), at a stop string, or at
 * `maxTokens`. Ids that are no token are never chosen.
 *
 * @returns one text for each of `numSamples`
 */
export async function generateText(
  generator: Generator,
  tokenizer: Tokenizer,
  prompt: string,
  options: TextGenerationOptions = {},
  onText: TextListener = () => undefined,
): Promise<TextSample[]> {
  const {
    stopStrings = [],
    isDocumentStart = true,
    written = [],
    numSamples = 1,
    firstSample = 0,
    ...generation
  } = options;
  const { beginToken } = tokenizer;
  const begin = beginToken === undefined || !isDocumentStart ? [] : [beginToken];
  const streams = Array.from({ length: numSamples }, () => ({ stopping: new StoppingText(stopStrings), text: '' }));
  const tell = (sample: number, text: string): void => {
    const stream = streams[sample - firstSample];
    if (stream === undefined || text === '') return;
    stream.text += text;
    onText(text, sample);
  };
  for (const [i, { stopping }] of streams.entries()) {
    for (const token of written) tell(firstSample + i, stopping.push(tokenizer.tokenBytes(token)).text);
  }
  const generated = await generator.generateSamples(
    [...begin, ...tokenizer.encode(prompt), ...written],
    {
      endTokens: beginToken === undefined ? [] : [beginToken],
      ...generation,
      numSamples,
      firstSample,
      forbiddenTokens: unusedIds(tokenizer, generator.vocabularySize),
    },
    (token, sample) => {
      const step = streams[sample - firstSample]?.stopping.push(tokenizer.tokenBytes(token));
      tell(sample, step?.text ?? '');
      return step?.isStopped ? 'stop' : undefined;
    },
  );
  return generated.map(({ tokens, ending }, i) => {
    const stream = streams[i];
    tell(firstSample + i, stream?.stopping.flush() ?? '');
    return { text: stream?.text ?? '', tokens: [...written, ...tokens], ending };
  });
}

/** Ids for which the model has logits but the tokenizer no token. */
function unusedIds({ data, vocabularySize }: Tokenizer, numLogits: number): number[] {
  const added = new Set(data.addedTokens.map(({ id }) => id));
  const isUnused = (id: number): boolean =>
    id >= vocabularySize || (data.tokenOffsets[id] === data.tokenOffsets[id + 1] && !added.has(id));
  return Array.from({ length: numLogits }, (_, id) => id).filter(isUnused);
}
