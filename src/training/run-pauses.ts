import { type Clock, GroundworkError } from '../core/index.ts';
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { type Evaluator, type Generator, generateText, openEvaluator, openGenerator } from '../evaluation/index.ts';
import type { Model } from '../model/index.ts';
import type { Tokenizer } from '../tokenizer/index.ts';
import type { Plan } from './plan.ts';
import { promptsOf } from './prompts.ts';

type Parameters = ReadonlyMap<string, Float32Array>;

/** What an evaluation found. */
export interface Evaluation {
  readonly bitsPerByte: number;
  readonly numDocuments: number;
  /** How many there are. */
  readonly numValidationDocuments: number;
}

/** What a run does between steps, in sessions of its own: nothing of it touches the training. */
export interface RunPauses {
  /** Measures the model; undefined where there is nothing to measure on, or the signal stopped it. */
  evaluate(
    parameters: Parameters,
    isFinal: boolean,
    signal: AbortSignal | undefined,
  ): Promise<(Evaluation & { /** Without loading. */ readonly durationMs: number }) | undefined>;
  /** How many prompts there are for the end of the run. */
  readonly numFinalSamples: number;
  /** Lets the model continue some of the prompts; fewer, where the signal stopped it. */
  sample(
    parameters: Parameters,
    prompts: { readonly from: number; readonly count: number },
    signal: AbortSignal | undefined,
  ): Promise<readonly { readonly prompt: string; readonly text: string }[]>;
  /** Time that loading of sessions took since the last call: it happens once, and is no measure of what is to come. */
  takeLoadMs(): number;
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
  readonly clock: Clock;
}

/** Where a person gave no prompts. */
const numOwnPrompts = 3;

/** What the samples at the end of a run begin with: what a person wants, or what suits the dataset. */
export function finalPrompts(wanted: readonly string[], dataset: Dataset, tokenizer: Tokenizer): readonly string[] {
  return wanted.length > 0 ? wanted : promptsOf(dataset, tokenizer, numOwnPrompts);
}

/** Tokens of a sample. */
export const sampleTokens = 64;
/** A little below 1, as samples of small models are: the rarest tokens are mostly noise. */
export const sampling = { temperature: 0.8, topP: 0.95 } as const;

/** Makes the pauses of a run. Sessions are opened when they are first wanted. */
export function runPauses({ model, dataset, tokenizer, plan, seed, clock, ...parts }: PauseParts): RunPauses {
  const { numDocuments, numFinalDocuments, batchSize } = plan.evaluation;
  const prompts = finalPrompts(plan.samples.prompts, dataset, tokenizer);
  let loadMs = 0;
  const engine: Engine = {
    ...parts.engine,
    load: async (program) => {
      const before = clock.monotonicMs();
      const session = await parts.engine.load(program);
      loadMs += clock.monotonicMs() - before;
      return session;
    },
  };
  let evaluator: Evaluator | undefined;
  let generator: Generator | undefined;

  return {
    numFinalSamples: prompts.length,
    evaluate: async (parameters, isFinal, signal) => {
      const count = isFinal ? numFinalDocuments : numDocuments;
      if (count === 0) return undefined;
      const { contextLength } = plan.size;
      evaluator ??= await openEvaluator(engine, model, { dataset, batchSize, contextLength });
      await evaluator.load(parameters);
      const [before, loadMsBefore] = [clock.monotonicMs(), loadMs];
      try {
        const measured = await evaluator.bitsPerByte({ numDocuments: count, ...(signal && { signal }) });
        return {
          bitsPerByte: measured.bitsPerByte,
          numDocuments: measured.numDocuments,
          numValidationDocuments: evaluator.numDocuments,
          durationMs: Math.max(0, clock.monotonicMs() - before - (loadMs - loadMsBefore)),
        };
      } catch (error) {
        if (signal?.aborted === true && error instanceof GroundworkError && error.code === 'interrupted')
          return undefined;
        throw error;
      }
    },
    sample: async (parameters, { from, count }, signal) => {
      generator ??= await openGenerator(engine, model);
      await generator.load(parameters);
      const samples: { prompt: string; text: string }[] = [];
      for (const prompt of prompts.slice(from, from + count)) {
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
    takeLoadMs: () => {
      const taken = loadMs;
      loadMs = 0;
      return taken;
    },
    close: async () => {
      await evaluator?.close();
      await generator?.close();
    },
  };
}
