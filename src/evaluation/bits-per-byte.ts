import { GroundworkError } from '../core/index.ts';
import type { Dataset } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import type { Model } from '../model/index.ts';
import { traceLosses } from '../recipe/index.ts';
import { type EvaluationRowsOptions, evaluationRows } from './evaluation-rows.ts';
import { type ParameterArrays, SessionPool } from './session-pool.ts';

/** What a model is measured on, and how it is read. */
export type EvaluatorOptions = EvaluationRowsOptions;

/** What one document cost. */
export interface DocumentScore {
  /** The number of the document in the validation part. */
  readonly document: number;
  readonly numBytes: number;
  /** Tokens that were predicted. */
  readonly numTokens: number;
  /** Σ loss over them, in nats. */
  readonly nats: number;
}

export interface BitsPerByte {
  /** Σ loss / (ln 2 · bytes). NaN or infinite where a loss was, never a number that leaves losses out. */
  readonly bitsPerByte: number;
  /** Σ loss, in nats. */
  readonly nats: number;
  /** UTF-8 bytes of the documents. */
  readonly numBytes: number;
  /** Tokens that were predicted. */
  readonly numTokens: number;
  readonly numDocuments: number;
  /** Predicted tokens whose loss is not a finite number: the model is broken where this is not 0. */
  readonly numNonFinite: number;
  /** By rising number, for paired comparisons between models. */
  readonly documents: readonly DocumentScore[];
}

export interface EvaluationProgress {
  /** Measure on so many documents this time, in the same session. Default: those of the evaluator. */
  readonly numDocuments?: number;
  /** Stops the measurement after the batch at hand; it then throws `interrupted`. */
  readonly signal?: AbortSignal;
  onBatch?(numDone: number, numBatches: number): void;
}

/** Measures a model, with whatever parameters it has at the time, on fixed text. */
export interface Evaluator {
  readonly numDocuments: number;
  readonly numBytes: number;
  readonly numTokens: number;
  readonly numBatches: number;
  /** Takes over parameters. The arrays must not change until the next call. */
  load(parameters: ParameterArrays): Promise<void>;
  bitsPerByte(progress?: EvaluationProgress): Promise<BitsPerByte>;
  close(): Promise<void>;
}

/**
 * Opens what measures a model in bits per byte on the validation documents of a dataset:
 *
 * bits per byte = Σ weight · loss / (ln 2 · bytes),
 *
 * with losses in nats, summed in float64 document by document. Bytes are those of the text, so models with different tokenizers can be
 * compared. Each token but the begin tokens is predicted exactly once.
 *
 * @throws `invalid-dataset` where there are no validation documents, `dataset-mismatch` where they have tokens that the model does not know; what the engine throws on loading
 */
export async function openEvaluator(engine: Engine, model: Model, options: EvaluatorOptions): Promise<Evaluator> {
  const { dataset, batchSize, contextLength, documentMask = false } = options;
  const allRows = evaluationRows(options);
  requireVocabulary(dataset, model);
  const pool = new SessionPool(engine, 1);
  const program = () => traceLosses(model, { batchSize, contextLength, documentMask });

  const bitsPerByte = async (progress: EvaluationProgress = {}): Promise<BitsPerByte> => {
    const { signal, onBatch } = progress;
    const rows =
      progress.numDocuments === undefined
        ? allRows
        : evaluationRows({ ...options, numDocuments: progress.numDocuments });
    const session = await pool.session('losses', program);
    const sums = new Map<number, { nats: number; numTokens: number }>();
    let numNonFinite = 0;
    let batch: ReturnType<typeof rows.batch> | undefined;
    for (let number = 0; number < rows.numBatches; number++) {
      if (signal?.aborted) throw interrupted();
      batch = rows.batch(number, batch);
      const { tokens, targets, weights, segments, documents } = batch;
      const { losses } = await session.run(documentMask ? { tokens, targets, segments } : { tokens, targets });
      for (let i = 0; i < weights.length; i++) {
        const weight = weights[i] as number;
        // A padded place does not count, whatever its loss: 0 · NaN would be NaN.
        if (weight === 0) continue;
        const loss = losses?.[i] as number;
        if (!Number.isFinite(loss)) numNonFinite += 1;
        const document = documents[i] as number;
        const sum = sums.get(document);
        if (sum === undefined) sums.set(document, { nats: weight * loss, numTokens: 1 });
        else {
          sum.nats += weight * loss;
          sum.numTokens += 1;
        }
      }
      onBatch?.(number + 1, rows.numBatches);
    }
    const scores = [...sums]
      .sort(([a], [b]) => a - b)
      .map(([document, sum]) => ({ document, numBytes: dataset.validation.documentBytes(document), ...sum }));
    const nats = scores.reduce((total, score) => total + score.nats, 0);
    return {
      bitsPerByte: nats / (Math.LN2 * rows.numBytes),
      nats,
      numBytes: rows.numBytes,
      numTokens: rows.numTokens,
      numDocuments: rows.numDocuments,
      numNonFinite,
      documents: scores,
    };
  };

  return {
    numDocuments: allRows.numDocuments,
    numBytes: allRows.numBytes,
    numTokens: allRows.numTokens,
    numBatches: allRows.numBatches,
    load: (parameters) => pool.load(parameters),
    bitsPerByte,
    close: () => pool.close(),
  };
}

function requireVocabulary({ manifest, folder }: Dataset, { vocabularySize }: Model): void {
  if (manifest.vocabularySize <= vocabularySize) return;
  throw new GroundworkError(
    'dataset-mismatch',
    `dataset ${manifest.name} (${folder}) has a vocabulary of ${manifest.vocabularySize} tokens, expected at most ` +
      `${vocabularySize}, that of the model`,
    { hint: 'Measure the model on a dataset of its own tokenizer.' },
  );
}

function interrupted(): GroundworkError {
  return new GroundworkError('interrupted', 'the evaluation was stopped before its end', {
    hint: 'Run the same command again.',
  });
}
