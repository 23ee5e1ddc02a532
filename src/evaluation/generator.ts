import { assert, GroundworkError, present } from '../core/index.ts';
import type { Engine } from '../engine/index.ts';
import type { Model } from '../model/index.ts';
import { checkSampling, type SamplingOptions, sampleToken } from './sampling.ts';
import { type ParameterArrays, SessionPool } from './session-pool.ts';
import { cachedReader, type TextReader, wholeReader } from './text-reader.ts';

export interface GeneratorOptions {
  /** Texts that are continued at once. Default 1. */
  readonly batchSize?: number;
  /** Read the whole text again for each token: slow and plain, to compare with. Default: only where a model has no cache. */
  readonly uncached?: boolean;
}

export interface GenerationOptions extends SamplingOptions {
  /** The most tokens to generate. Default 128. */
  readonly maxTokens?: number;
  /** Tokens that end a text, such as the begin token of the next document. They are not part of what is returned. */
  readonly endTokens?: readonly number[];
  /** Continuations of the prompt, each with random numbers of its own. Default 1. */
  readonly numSamples?: number;
  /** The number of the first sample, which its random numbers depend on. Default 0. */
  readonly firstSample?: number;
  /** Ends generation after the token at hand; what was generated is returned. */
  readonly signal?: AbortSignal;
}

/** Is told each token as it comes; a text ends where it answers `stop` (that token is still part of it). */
export type TokenListener = (token: number, sample: number) => 'stop' | undefined;

/** Why a text ended: at an end token, by the listener, at the most tokens, by the signal. */
export type Ending = 'end' | 'stop' | 'length' | 'aborted';

export interface GeneratedText {
  /** Without the prompt. */
  readonly tokens: number[];
  readonly ending: Ending;
}

/** Continues texts with a model. */
export interface Generator {
  readonly contextLength: number;
  /** V: how many logits the model gives. */
  readonly vocabularySize: number;
  /** Takes over parameters. The arrays must not change until the next call. */
  load(parameters: ParameterArrays): Promise<void>;
  /** One continuation of a prompt, as tokens. */
  generate(prompt: ArrayLike<number>, options?: GenerationOptions, onToken?: TokenListener): Promise<number[]>;
  /** Several continuations of a prompt. */
  generateSamples(
    prompt: ArrayLike<number>,
    options?: GenerationOptions,
    onToken?: TokenListener,
  ): Promise<GeneratedText[]>;
  close(): Promise<void>;
}

/** Sessions to keep: one that decodes and a few lengths of prompts. */
const maxSessions = 4;

/**
 * Opens what continues texts. A model with a cache reads the prompt once (prefill) and then one token at a time (decode); one without
 * reads everything again for each token. Prompts are padded to a power of two, so that few Programs are made.
 *
 * A text longer than the context is read from `windowStart` on.
 *
 * @throws nothing of its own; Programs are made and loaded at the first text
 */
export async function openGenerator(
  engine: Engine,
  model: Model,
  { batchSize = 1, uncached = false }: GeneratorOptions = {},
): Promise<Generator> {
  assert(Number.isInteger(batchSize) && batchSize > 0, `a batch of ${batchSize} texts`);
  const pool = new SessionPool(engine, maxSessions);
  const reader =
    model.cache === undefined || uncached
      ? wholeReader(pool, model, batchSize)
      : cachedReader(pool, model, model.cache, batchSize);

  // One text after the other: the session that decodes holds the keys and values of one batch.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };

  const sampleAll = async (
    prompt: ArrayLike<number>,
    options: GenerationOptions,
    onToken: TokenListener,
  ): Promise<GeneratedText[]> => {
    checkSampling(options);
    checkPrompt(prompt, model.vocabularySize);
    const { numSamples = 1, firstSample = 0 } = options;
    const results: GeneratedText[] = [];
    for (let first = 0; first < numSamples; first += batchSize) {
      const samples = Array.from(
        { length: Math.min(batchSize, numSamples - first) },
        (_, i) => firstSample + first + i,
      );
      results.push(...(await continueTexts(reader, Array.from(prompt), samples, options, onToken)));
    }
    return results;
  };
  const generateSamples: Generator['generateSamples'] = (prompt, options = {}, onToken = () => undefined) =>
    inTurn(() => sampleAll(prompt, options, onToken));

  return {
    contextLength: model.contextLength,
    vocabularySize: model.vocabularySize,
    load: (parameters) => inTurn(() => pool.load(parameters)),
    generateSamples,
    generate: async (prompt, options, onToken) => {
      const [first] = await generateSamples(prompt, { ...options, numSamples: 1 }, onToken);
      return present(first, 'the sample').tokens;
    },
    close: () => inTurn(() => pool.close()),
  };
}

async function continueTexts(
  reader: TextReader,
  prompt: readonly number[],
  samples: readonly number[],
  options: GenerationOptions,
  onToken: TokenListener,
): Promise<GeneratedText[]> {
  const { maxTokens = 128, endTokens = [], signal } = options;
  const texts = samples.map(() => [...prompt]);
  const endings: (Ending | undefined)[] = samples.map(() => undefined);
  // Where each text ended: those that have ended are carried along, since a batch has one length.
  const lengths = samples.map(() => prompt.length);
  for (let count = 0; count < maxTokens && endings.includes(undefined); count++) {
    if (signal?.aborted) break;
    const logits = await reader.read(texts, count === 0 ? prompt.length + maxTokens : undefined);
    texts.forEach((text, i) => {
      if (endings[i] !== undefined) {
        text.push(prompt[0] as number);
        return;
      }
      const sample = samples[i] as number;
      const token = sampleToken(present(logits[i], 'logits'), text, options, sample);
      text.push(token);
      if (endTokens.includes(token)) {
        endings[i] = 'end';
        return;
      }
      lengths[i] = text.length;
      if (onToken(token, sample) === 'stop') endings[i] = 'stop';
    });
  }
  return texts.map((text, i) => ({
    tokens: text.slice(prompt.length, lengths[i]),
    ending: endings[i] ?? (signal?.aborted ? 'aborted' : 'length'),
  }));
}

function checkPrompt(prompt: ArrayLike<number>, vocabularySize: number): void {
  if (prompt.length === 0) {
    throw new GroundworkError('usage', 'found an empty prompt, expected at least one token', {
      hint: 'Begin with the begin token of documents.',
    });
  }
  const strange = Array.from(prompt).find(
    (token) => !(Number.isInteger(token) && token >= 0 && token < vocabularySize),
  );
  if (strange === undefined) return;
  throw new GroundworkError('usage', `found token ${strange} in the prompt, expected 0 to ${vocabularySize - 1}`, {
    hint: 'Encode the prompt with the tokenizer that the model was trained with.',
  });
}
