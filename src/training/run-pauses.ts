import { GroundworkError } from '../core/index.ts';
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { type Evaluator, type Generator, generateText, openEvaluator, openGenerator } from '../evaluation/index.ts';
import type { Model } from '../model/index.ts';
import type { Tokenizer } from '../tokenizer/index.ts';
import type { Plan } from './plan.ts';
import { promptsOf } from './prompts.ts';

type Parameters = ReadonlyMap<string, Float32Array>;

/** What a run does between steps, in sessions of its own: nothing of it touches the training. */
export interface RunPauses {
  /** Measures the model; undefined where there is nothing to measure on, or the signal stopped it. */
  evaluate(
    parameters: Parameters,
    isFinal: boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly bitsPerByte: number; readonly numDocuments: number } | undefined>;
  /** Lets the model continue a prompt, several at the end. */
  sample(
    parameters: Parameters,
    isFinal: boolean,
    signal: AbortSignal | undefined,
  ): Promise<readonly { readonly prompt: string; readonly text: string }[]>;
  close(): Promise<void>;
}

export interface PauseParts {
  readonly engine: Engine;
  readonly model: Model;
  /** What the model is measured on, and what its prompts come from. */
  readonly dataset: Dataset;
  readonly tokenizer: Tokenizer;
  readonly plan: Plan;
  readonly seed: number;
}

const numFinalSamples = 3;
/** A little below 1, as samples of small models are: the rarest tokens are mostly noise. */
const sampling = { temperature: 0.8, topP: 0.95 } as const;

/** Makes the pauses of a run. Sessions are opened when they are first wanted. */
export function runPauses({ engine, model, dataset, tokenizer, plan, seed }: PauseParts): RunPauses {
  const { numDocuments, numFinalDocuments, batchSize } = plan.evaluation;
  const { prompts: wanted } = plan.samples;
  const prompts = wanted.length > 0 ? wanted : promptsOf(dataset, tokenizer, numFinalSamples);
  let evaluator: Evaluator | undefined;
  let generator: Generator | undefined;

  return {
    evaluate: async (parameters, isFinal, signal) => {
      const count = isFinal ? numFinalDocuments : numDocuments;
      if (count === 0) return undefined;
      if (evaluator !== undefined && evaluator.numDocuments !== count) {
        await evaluator.close();
        evaluator = undefined;
      }
      const { contextLength } = plan.size;
      evaluator ??= await openEvaluator(engine, model, { dataset, batchSize, contextLength, numDocuments: count });
      await evaluator.load(parameters);
      try {
        return await evaluator.bitsPerByte(signal === undefined ? {} : { signal });
      } catch (error) {
        if (signal?.aborted === true && error instanceof GroundworkError && error.code === 'interrupted')
          return undefined;
        throw error;
      }
    },
    sample: async (parameters, isFinal, signal) => {
      generator ??= await openGenerator(engine, model);
      await generator.load(parameters);
      const samples: { prompt: string; text: string }[] = [];
      for (const prompt of isFinal ? prompts : prompts.slice(0, 1)) {
        const [sample] = await generateText(generator, tokenizer, prompt, {
          ...sampling,
          seed,
          maxTokens: plan.samples.numTokens,
          ...(signal === undefined ? {} : { signal }),
        });
        if (signal?.aborted === true) break;
        samples.push({ prompt, text: sample?.text ?? '' });
      }
      return samples;
    },
    close: async () => {
      await evaluator?.close();
      await generator?.close();
    },
  };
}
