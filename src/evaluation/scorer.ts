import { assert, GroundworkError, present } from '../core/index.ts';
import type { Engine } from '../engine/index.ts';
import { causalSequence, type Model } from '../model/index.ts';
import { argMax, crossEntropy, equal, type Program, reshape, scope, trace } from '../tensor/index.ts';
import { bucketOf, type ParameterArrays, SessionPool } from './session-pool.ts';

/** Tokens to be scored, and those before them. */
export interface Continuation {
  /** At least one token; in front of a document the begin token. */
  readonly context: ArrayLike<number>;
  readonly continuation: ArrayLike<number>;
}

export interface ContinuationScore {
  /** Σ ln p(token | all before it) over the continuation, in nats, summed in float64. NaN where the model gives no number. */
  readonly logProbability: number;
  readonly numTokens: number;
  /** Whether each of its tokens is the likeliest at its place: what greedy generation would say. */
  readonly isLikeliest: boolean;
}

export interface ScorerOptions {
  /** How many positions are read at once: speed and memory depend on it, scores do not. Default 2,048. */
  readonly tokensPerBatch?: number;
}

export interface ScoringProgress {
  /** Stops after the batch at hand; the scoring then throws `interrupted`. */
  readonly signal?: AbortSignal;
  onScored?(numDone: number, numAll: number): void;
}

/** Tells how likely texts are to a model. */
export interface Scorer {
  readonly contextLength: number;
  /** Takes over parameters. The arrays must not change until the next call. */
  load(parameters: ParameterArrays): Promise<void>;
  /** @returns a score for each, in the order given */
  score(continuations: readonly Continuation[], progress?: ScoringProgress): Promise<ContinuationScore[]>;
  close(): Promise<void>;
}

/** Sessions to keep: a few lengths of rows. */
const maxSessions = 3;
const shortestBucket = 8;

/**
 * Opens what scores continuations of texts. Texts are read in rows padded to a power of two, several at once; short and long ones
 * apart, so that little is wasted and few Programs are made.
 *
 * Of a text longer than the context T, the last T + 1 tokens are read: it is cut from the left, as in CORE. A continuation of more than T
 * tokens is read in pieces of T, each with as much before it as fits.
 */
export async function openScorer(engine: Engine, model: Model, options: ScorerOptions = {}): Promise<Scorer> {
  const { tokensPerBatch = 2048 } = options;
  const { contextLength } = model;
  const pool = new SessionPool(engine, maxSessions);

  const score = async (
    continuations: readonly Continuation[],
    { signal, onScored }: ScoringProgress = {},
  ): Promise<ContinuationScore[]> => {
    const rows = continuations.flatMap((one, item) => rowsOf(one, item, contextLength));
    const sums = continuations.map(({ continuation }) => ({
      logProbability: 0,
      numTokens: continuation.length,
      isLikeliest: true,
    }));
    const buckets = new Map<number, ScoredRow[]>();
    for (const row of rows) {
      const bucket = bucketOf(row.tokens.length - 1, shortestBucket, contextLength);
      const together = buckets.get(bucket);
      if (together === undefined) buckets.set(bucket, [row]);
      else together.push(row);
    }
    let numDone = 0;
    for (const [bucket, together] of [...buckets].sort(([a], [b]) => a - b)) {
      const batchSize = Math.max(1, Math.floor(tokensPerBatch / bucket));
      const session = await pool.session(`scores ${bucket}`, () => traceScores(model, batchSize, bucket));
      for (let first = 0; first < together.length; first += batchSize) {
        if (signal?.aborted) throw interrupted();
        const batch = together.slice(first, first + batchSize);
        const { losses, isLikeliest } = await session.run(batchInputs(batch, batchSize, bucket));
        batch.forEach(({ item, tokens, scored }, row) => {
          const sum = present(sums[item], 'a sum');
          const end = row * bucket + tokens.length - 1;
          for (let i = end - scored; i < end; i++) {
            sum.logProbability -= losses?.[i] as number;
            if (isLikeliest?.[i] !== 1) sum.isLikeliest = false;
          }
        });
        numDone += batch.length;
        onScored?.(numDone, rows.length);
      }
    }
    return sums;
  };

  // One call after the other: a session that is at work must not be closed to make room for another.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  return {
    contextLength,
    load: (parameters) => inTurn(() => pool.load(parameters)),
    score: (continuations, progress) => inTurn(() => score(continuations, progress)),
    close: () => inTurn(() => pool.close()),
  };
}

interface ScoredRow {
  /** Which continuation it is of. */
  readonly item: number;
  /** What is read, and behind it the last target: at most T + 1. */
  readonly tokens: Int32Array;
  /** How many of the last of them are scored. */
  readonly scored: number;
}

/** The rows that score a continuation: one, unless it is longer than the context; each with as much before it as fits. */
function rowsOf({ context, continuation }: Continuation, item: number, contextLength: number): ScoredRow[] {
  assert(context.length > 0, 'a continuation of nothing: put the begin token in front');
  const text = Int32Array.from([...Array.from(context), ...Array.from(continuation)]);
  const rows: ScoredRow[] = [];
  for (let begin = context.length; begin < text.length; begin += contextLength) {
    const end = Math.min(begin + contextLength, text.length);
    rows.push({ item, tokens: text.subarray(Math.max(0, end - contextLength - 1), end), scored: end - begin });
  }
  return rows;
}

function batchInputs(batch: readonly ScoredRow[], batchSize: number, length: number) {
  const tokens = new Int32Array(batchSize * length);
  const targets = new Int32Array(batchSize * length);
  batch.forEach((row, i) => {
    tokens.set(row.tokens.subarray(0, -1), i * length);
    targets.set(row.tokens.subarray(1), i * length);
  });
  return { tokens, targets };
}

/**
 * Inputs `tokens`, `targets` int32 [B, T]; outputs `losses` float32 [B · T] in nats, and `isLikeliest` bool [B · T]: whether the target is
 * the token with the largest logit.
 */
function traceScores(model: Model, batchSize: number, length: number): Program {
  const spec = { shape: [batchSize, length], dtype: 'int32' } as const;
  const state = Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape }]) => [name, { shape, kind: 'parameter' as const }]),
  );
  return trace(
    ({ tokens, targets }, parameters) => {
      const logits = model.forward(parameters, tokens, causalSequence(length));
      return scope('scores', () => {
        const logitsNV = reshape(logits, [-1, model.vocabularySize]);
        const targetsN = reshape(targets, [-1]);
        return {
          outputs: {
            losses: crossEntropy(logitsNV, targetsN),
            isLikeliest: equal(argMax(logitsNV), targetsN),
          },
        };
      });
    },
    { inputs: { tokens: spec, targets: spec }, state },
  );
}

function interrupted(): GroundworkError {
  return new GroundworkError('interrupted', 'the scoring was stopped before its end', {
    hint: 'Run the same command again.',
  });
}
