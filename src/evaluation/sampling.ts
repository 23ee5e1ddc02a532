import { assert, GroundworkError, randomStream } from '../core/index.ts';

/** How the next token is chosen from the logits. What is left out does nothing. */
export interface SamplingOptions {
  /** Logits are divided by it; 0 takes the likeliest token always. Default 1. */
  readonly temperature?: number;
  /** Only the k likeliest tokens. */
  readonly topK?: number;
  /** Only the likeliest tokens that together reach this probability (nucleus sampling, Holtzman et al. 2020). */
  readonly topP?: number;
  /** Only tokens at least this probable, relative to the likeliest (Nguyen et al. 2024). */
  readonly minP?: number;
  /** Makes tokens of the text so far less likely where above 1 (Keskar et al. 2019): positive logits are divided by it, others multiplied. */
  readonly repetitionPenalty?: number;
  /** Tokens that are never chosen. */
  readonly forbiddenTokens?: readonly number[];
  /** Default 0. */
  readonly seed?: number;
}

/** @throws GroundworkError `usage` for a number out of its range */
export function checkSampling(options: SamplingOptions): void {
  const { temperature = 1, topK, topP, minP, repetitionPenalty = 1, seed = 0 } = options;
  const require = (holds: boolean, name: string, value: number | undefined, expected: string): void => {
    if (holds) return;
    throw new GroundworkError('usage', `found a ${name} of ${value}, expected ${expected}`, {
      hint: `Give another ${name}, or leave it out.`,
    });
  };
  require(temperature >= 0 && temperature < Number.POSITIVE_INFINITY, 'temperature', temperature, 'a number from 0 on');
  require(topK === undefined || (Number.isInteger(topK) && topK > 0), 'top-k', topK, 'a whole number from 1 on');
  require(topP === undefined || (topP > 0 && topP <= 1), 'top-p', topP, 'a number above 0, at most 1');
  require(minP === undefined || (minP >= 0 && minP <= 1), 'min-p', minP, 'a number from 0 to 1');
  require(repetitionPenalty > 0 &&
    repetitionPenalty < Number.POSITIVE_INFINITY, 'repetition penalty', repetitionPenalty, 'a number above 0');
  require(Number.isSafeInteger(seed), 'seed', seed, 'a whole number');
}

/**
 * Chooses the next token. A pure function: the random number is drawn from a stream named after sample and position, so a text can be
 * taken up again anywhere, and what is generated beside it changes nothing.
 *
 * The order is that of Hugging Face transformers: repetition penalty, temperature, top-k, top-p, min-p.
 *
 * @param logits [V]
 * @param text the tokens so far, prompt included
 * @param sample the number of the sample among those of one prompt
 * @returns the id of the token
 * @throws GroundworkError `diverged` where a logit is NaN or +∞, or no token is left
 */
export function sampleToken(
  logits: Float32Array,
  text: readonly number[],
  options: SamplingOptions = {},
  sample = 0,
): number {
  const scores = logits.slice();
  requireUsable(scores, text.length);
  for (const token of options.forbiddenTokens ?? []) scores[token] = Number.NEGATIVE_INFINITY;
  penalizeRepetition(scores, text, options.repetitionPenalty ?? 1);
  const { temperature = 1, topK, topP, minP, seed = 0 } = options;
  const likeliest = argMaxOf(scores);
  if ((scores[likeliest] as number) === Number.NEGATIVE_INFINITY) throw unusable('no token can be chosen', text.length);
  if (temperature === 0) return likeliest;
  applyTemperature(scores, temperature);
  if (topK !== undefined) keepTopK(scores, topK);
  if (topP !== undefined) keepTopP(scores, topP);
  if (minP !== undefined) keepMinP(scores, minP);
  const uniform = randomStream(seed, `sample.${sample}.position.${text.length}`).nextUniform();
  return drawToken(scores, uniform);
}

/** The place of the largest number, the first where several are. */
export function argMaxOf(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i;
  return best;
}

/** Divides positive scores of tokens of the text by the penalty and multiplies others, once for each token. In place. */
export function penalizeRepetition(scores: Float32Array, text: readonly number[], penalty: number): void {
  if (penalty === 1) return;
  for (const token of new Set(text)) {
    const score = scores[token] as number;
    scores[token] = score > 0 ? score / penalty : score * penalty;
  }
}

/** Divides all scores. The largest is subtracted first, so that a small temperature overflows to −∞ only, never to NaN. In place. */
export function applyTemperature(scores: Float32Array, temperature: number): void {
  const largest = scores[argMaxOf(scores)] as number;
  for (let i = 0; i < scores.length; i++) scores[i] = ((scores[i] as number) - largest) / temperature;
}

/** Removes (−∞) all scores below the k-th largest; equal ones stay together. In place. */
export function keepTopK(scores: Float32Array, k: number): void {
  if (k >= scores.length) return;
  const threshold = kthLargest(scores, k);
  for (let i = 0; i < scores.length; i++) if ((scores[i] as number) < threshold) scores[i] = Number.NEGATIVE_INFINITY;
}

/**
 * Keeps the fewest of the likeliest tokens whose probabilities reach `p` together, at least one; among equal ones the lower id goes
 * first. In place.
 */
export function keepTopP(scores: Float32Array, p: number): void {
  if (p >= 1) return;
  const probabilities = probabilitiesOf(scores);
  // All tokens below this bound together stay below 1 − p, so they would be removed in any case and need no sorting.
  const bound = (1 - p) / scores.length;
  const candidates: number[] = [];
  for (let i = 0; i < probabilities.length; i++) {
    if ((probabilities[i] as number) >= bound) candidates.push(i);
    else scores[i] = Number.NEGATIVE_INFINITY;
  }
  // Numbers alone are sorted many times faster than by a comparison: what is wanted is the score at which it is enough.
  const sorted = Float64Array.from(candidates, (token) => probabilities[token] as number).sort();
  let sum = 0;
  let numKept = 0;
  while (numKept < sorted.length && sum < p) {
    numKept += 1;
    sum += sorted[sorted.length - numKept] as number;
  }
  const least = sorted[sorted.length - numKept] as number;
  /** How many there is room for of those that are just as probable. */
  let numLeft = 0;
  for (let i = sorted.length - numKept; i < sorted.length && sorted[i] === least; i++) numLeft += 1;
  for (const token of candidates) {
    const probability = probabilities[token] as number;
    if (probability < least) scores[token] = Number.NEGATIVE_INFINITY;
    else if (probability === least && numLeft-- <= 0) scores[token] = Number.NEGATIVE_INFINITY;
  }
}

/** Removes tokens whose probability is below `p` times that of the likeliest. In place. */
export function keepMinP(scores: Float32Array, p: number): void {
  const least = (scores[argMaxOf(scores)] as number) + Math.log(p);
  for (let i = 0; i < scores.length; i++) if ((scores[i] as number) < least) scores[i] = Number.NEGATIVE_INFINITY;
}

/** e^score / Σ e^score, in float64. */
export function probabilitiesOf(scores: Float32Array): Float64Array {
  const largest = scores[argMaxOf(scores)] as number;
  const probabilities = new Float64Array(scores.length);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    const weight = Math.exp((scores[i] as number) - largest);
    probabilities[i] = weight;
    sum += weight;
  }
  for (let i = 0; i < scores.length; i++) probabilities[i] = (probabilities[i] as number) / sum;
  return probabilities;
}

/** The first token, by id, up to which the probabilities sum to more than `uniform`. @param uniform in [0, 1) */
export function drawToken(scores: Float32Array, uniform: number): number {
  const probabilities = probabilitiesOf(scores);
  let sum = 0;
  let last = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const probability = probabilities[i] as number;
    if (probability === 0) continue;
    last = i;
    sum += probability;
    if (uniform < sum) return i;
  }
  // The sum fell short of 1 by rounding.
  return last;
}

/** The k-th largest of some numbers, by a heap of the k largest so far. */
function kthLargest(values: Float32Array, k: number): number {
  assert(k >= 1 && k <= values.length, `no ${k}-th largest of ${values.length}`);
  // For large k the heap is slower than sorting everything.
  if (k > 1024) return values.slice().sort()[values.length - k] as number;
  const heap = values.slice(0, k).sort();
  for (let i = k; i < values.length; i++) {
    const value = values[i] as number;
    if (value > (heap[0] as number)) sink(heap, value);
  }
  return heap[0] as number;
}

/** Replaces the smallest of a heap (at its top) and restores its order. */
function sink(heap: Float32Array, value: number): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child += 1;
    if ((heap[child] as number) >= value) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = value;
}

function requireUsable(scores: Float32Array, position: number): void {
  for (const score of scores) {
    if (Number.isNaN(score) || score === Number.POSITIVE_INFINITY)
      throw unusable(`found a logit of ${score}`, position);
  }
}

function unusable(what: string, position: number): GroundworkError {
  return new GroundworkError('diverged', `${what} at position ${position}, expected finite numbers`, {
    hint: 'The model is broken: take an earlier checkpoint.',
  });
}
