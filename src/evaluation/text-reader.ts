import { assert, present } from '../core/index.ts';
import type { NumericData } from '../engine/index.ts';
import type { CacheShape, Model } from '../model/index.ts';
import { traceDecode, traceLogits, tracePrefill } from '../recipe/index.ts';
import { bucketOf, type SessionPool } from './session-pool.ts';

/** What turns texts into the logits of their next tokens. */
export interface TextReader {
  /**
   * @param texts of one length, at most as many as the batch holds; each call continues those of the call before by one token
   * @param maxLength given where texts are new: how long they may become
   * @returns logits [V] for each
   */
  read(texts: readonly (readonly number[])[], maxLength?: number): Promise<Float32Array[]>;
}

/** The shortest text that a Program is made for. */
const shortestBucket = 16;
/** The fewest places of a cache. */
const smallestCache = 64;

/**
 * Where a model begins to read a text of `length` tokens: at 0 while it fits into the context, and then in steps of half a context, so that
 * the last half is read anew only when the context is full. A pure function of the length: a text that is taken up again is read as before.
 */
export function windowStart(length: number, contextLength: number): number {
  if (length <= contextLength) return 0;
  const step = Math.max(1, Math.floor(contextLength / 2));
  return step * Math.ceil((length - contextLength) / step);
}

/** Reads the whole window for each token. */
export function wholeReader(pool: SessionPool, model: Model, batchSize: number): TextReader {
  const { contextLength, vocabularySize } = model;
  return {
    read: async (texts) => {
      const windows = windowsOf(texts, contextLength);
      const length = lengthOf(windows);
      const bucket = bucketOf(length, shortestBucket, contextLength);
      const session = await pool.session(`logits ${bucket}`, () =>
        traceLogits(model, { batchSize, contextLength: bucket }),
      );
      const { logits } = await session.run({ tokens: padded(windows, batchSize, bucket) });
      return windows.map((_, row) => float32(logits, (row * bucket + length - 1) * vocabularySize, vocabularySize));
    },
  };
}

/** Reads the prompt once, and then each token with the keys and values of those before it. */
export function cachedReader(pool: SessionPool, model: Model, cache: CacheShape, batchSize: number): TextReader {
  const { contextLength, vocabularySize } = model;
  let start = 0;
  // A token costs time in proportion to the places of the cache, so it has no more than the text needs, rounded up to a power of two.
  let numPlaces = contextLength;
  const decoder = () =>
    pool.session(`decode ${numPlaces}`, () => traceDecode(model, { batchSize, contextLength: numPlaces }));

  const prefill = async (windows: readonly (readonly number[])[]): Promise<Float32Array[]> => {
    const length = lengthOf(windows);
    const bucket = bucketOf(length, shortestBucket, contextLength);
    const session = await pool.session(`prefill ${bucket}`, () =>
      tracePrefill(model, { batchSize: 1, contextLength: bucket }),
    );
    const kept = emptyCache(cache, batchSize, numPlaces);
    const logits: Float32Array[] = [];
    for (const [row, window] of windows.entries()) {
      // Samples of one prompt begin with the same text: it is read once.
      const same = windows.findIndex((other) => other.every((token, i) => token === window[i]));
      if (same < row) copyRow(kept, same, row);
      else {
        const outputs = await session.run({ tokens: padded([window], 1, bucket) });
        for (const [name, into] of kept.arrays) keepRow(cache, outputs[name], bucket, into, row, numPlaces);
        logits.push(float32(outputs.logits, (length - 1) * vocabularySize, vocabularySize));
        continue;
      }
      logits.push(present(logits[same], 'logits').slice());
    }
    const decode = await decoder();
    for (const [name, array] of kept.arrays) await decode.set(name, array);
    return logits;
  };

  return {
    read: async (texts, maxLength) => {
      const from = windowStart(lengthOf(texts), contextLength);
      if (maxLength !== undefined)
        numPlaces = bucketOf(Math.min(maxLength, contextLength), smallestCache, contextLength);
      if (maxLength !== undefined || from !== start) {
        start = from;
        return prefill(windowsOf(texts, contextLength));
      }
      const decode = await decoder();
      const tokens = new Int32Array(batchSize);
      texts.forEach((text, row) => {
        tokens[row] = text.at(-1) as number;
      });
      const position = Int32Array.of(lengthOf(texts) - 1 - from);
      const { logits } = await decode.run({ tokens, position });
      return texts.map((_, row) => float32(logits, row * vocabularySize, vocabularySize));
    },
  };
}

/** Keys and values of a batch by state name, [B, G, places, K] each. */
interface HeldCache {
  readonly arrays: ReadonlyMap<string, Float32Array>;
  /** Numbers of one row of the batch. */
  readonly rowLength: number;
}

function emptyCache({ numLayers, numGroups, headWidth }: CacheShape, batchSize: number, numPlaces: number): HeldCache {
  const rowLength = numGroups * numPlaces * headWidth;
  const arrays = new Map<string, Float32Array>();
  for (let layer = 0; layer < numLayers; layer++) {
    for (const name of ['keys', 'values'])
      arrays.set(`layers.${layer}.${name}`, new Float32Array(batchSize * rowLength));
  }
  return { arrays, rowLength };
}

/** Copies what a prompt left, [1, G, bucket, K], into its row of the cache, [B, G, places, K]. */
function keepRow(
  { numGroups, headWidth }: CacheShape,
  from: NumericData | undefined,
  bucket: number,
  into: Float32Array,
  row: number,
  numPlaces: number,
): void {
  const source = present(from, 'keys or values');
  for (let group = 0; group < numGroups; group++) {
    const begin = group * bucket * headWidth;
    const kept = source.subarray(begin, begin + Math.min(bucket, numPlaces) * headWidth);
    into.set(kept, (row * numGroups + group) * numPlaces * headWidth);
  }
}

function copyRow({ arrays, rowLength }: HeldCache, from: number, to: number): void {
  for (const array of arrays.values()) array.copyWithin(to * rowLength, from * rowLength, (from + 1) * rowLength);
}

function lengthOf(texts: readonly (readonly number[])[]): number {
  const length = present(texts[0], 'a text').length;
  assert(
    texts.every((text) => text.length === length),
    'texts of several lengths in one batch',
  );
  return length;
}

function windowsOf(texts: readonly (readonly number[])[], contextLength: number): (readonly number[])[] {
  const from = windowStart(lengthOf(texts), contextLength);
  return texts.map((text) => (from === 0 ? text : text.slice(from)));
}

/** Texts as rows of `length` tokens; the rest is token 0, which no earlier place sees. */
function padded(texts: readonly (readonly number[])[], batchSize: number, length: number): Int32Array {
  const tokens = new Int32Array(batchSize * length);
  texts.forEach((text, row) => {
    tokens.set(text, row * length);
  });
  return tokens;
}

/** Some numbers of an output, as a copy of their own; of float64, as the reference engine gives them, the nearest float32. */
function float32(data: NumericData | undefined, start: number, length: number): Float32Array {
  const part = present(data, 'logits').subarray(start, start + length);
  return part instanceof Float32Array ? part.slice() : new Float32Array(part);
}
