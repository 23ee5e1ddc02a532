import { GroundworkError, present } from '../core/index.ts';
import { type CacheShape, cachedSequence, type Model, prefillSequence, type Tensors } from '../model/index.ts';
import {
  crossEntropy,
  type InputSpec,
  type Program,
  reshape,
  type StateSpec,
  scope,
  type Tensor,
  trace,
} from '../tensor/index.ts';
import { logitsOf, type Precision, parameterStates } from './forward-pass.ts';

export interface ReadingOptions {
  /** B */
  readonly batchSize: number;
  /** T. Default: that of the model. */
  readonly contextLength?: number;
  /** Tokens see only tokens of their own document, as the input `segments` numbers them. Default false. */
  readonly documentMask?: boolean;
  /** What the pass computes in. Default float32. */
  readonly precision?: Precision;
}

type Inputs = { readonly [name: string]: InputSpec };

/** The inputs of these names, int32 [B, T] each, and `segments` with a document mask. */
function readingInputs(model: Model, names: readonly string[], options: ReadingOptions): Inputs {
  const { batchSize, contextLength = model.contextLength, documentMask = false } = options;
  const all = documentMask ? [...names, 'segments'] : names;
  return Object.fromEntries(all.map((name) => [name, { shape: [batchSize, contextLength], dtype: 'int32' } as const]));
}

/** Logits of the inputs of a reading. */
function read(model: Model, values: Tensors, { tokens, segments }: Tensors, { precision }: ReadingOptions): Tensor {
  return logitsOf(model, values, present(tokens, 'tokens'), {
    ...(segments ? { segments } : {}),
    ...(precision ? { precision } : {}),
  });
}

/**
 * The loss of each prediction. Inputs `tokens`, `targets` (and `segments`) int32 [B, T]; output `losses` float32 [B · T], in nats.
 */
export function traceLosses(model: Model, options: ReadingOptions): Program {
  return trace(
    (given: Tensors, values: Tensors) => {
      const logits = read(model, values, given, options);
      const targets = reshape(present(given.targets, 'targets'), [-1]);
      const losses = scope('loss', () => crossEntropy(reshape(logits, [-1, model.vocabularySize]), targets));
      return { outputs: { losses } };
    },
    { inputs: readingInputs(model, ['tokens', 'targets'], options), state: parameterStates(model) },
  );
}

/** What the model says at each position. Inputs `tokens` (and `segments`) int32 [B, T]; output `logits` [B, T, V]. */
export function traceLogits(model: Model, options: ReadingOptions): Program {
  return trace((given: Tensors, values: Tensors) => ({ outputs: { logits: read(model, values, given, options) } }), {
    inputs: readingInputs(model, ['tokens'], options),
    state: parameterStates(model),
  });
}

export type PrefillOptions = Omit<ReadingOptions, 'documentMask' | 'precision'>;

/**
 * The beginning of texts that are to be continued. Input `tokens` int32 [B, T]; outputs `logits` [B, T, V] and for each layer N
 * `layers.N.keys` and `layers.N.values` [B, G, T, K].
 *
 * @throws GroundworkError `invalid-recipe` if the model keeps no keys and values
 */
export function tracePrefill(model: Model, options: PrefillOptions): Program {
  requireCache(model);
  return trace(
    (given: Tensors, values: Tensors) => {
      const tokensBT = present(given.tokens, 'tokens');
      const sequence = prefillSequence(tokensBT.shape[1] ?? 1);
      const logits = model.forward(values, tokensBT, sequence);
      return { outputs: { logits, ...byLayer(sequence.layers) } };
    },
    { inputs: readingInputs(model, ['tokens'], options), state: parameterStates(model) },
  );
}

export interface DecodeOptions {
  /** B */
  readonly batchSize: number;
  /** How many positions the session keeps. Default: the context length of the model. */
  readonly contextLength?: number;
}

/**
 * One more token of each text. Inputs `tokens` int32 [B, 1] and the scalar `position` int32, the place of that token; states, besides
 * the parameters, `layers.N.keys` and `layers.N.values` [B, G, contextLength, K], to which the token's own are added; output
 * `logits` [B, V].
 *
 * @throws GroundworkError `invalid-recipe` if the model keeps no keys and values
 */
export function traceDecode(model: Model, options: DecodeOptions): Program {
  const { numLayers, numGroups, headWidth } = requireCache(model);
  const { batchSize, contextLength = model.contextLength } = options;
  const shape = [batchSize, numGroups, contextLength, headWidth];
  const spec: StateSpec = { shape, kind: 'other' };
  const layers = Array.from({ length: numLayers }, () => ({ keys: spec, values: spec }));
  return trace(
    (given: Tensors, values: Tensors) => {
      const tokens = present(given.tokens, 'tokens');
      const cacheOf = (layer: number, part: 'keys' | 'values') => present(values[stateName(layer, part)], part);
      const sequence = cachedSequence({
        position: present(given.position, 'position'),
        caches: layers.map((_, layer) => ({ keys: cacheOf(layer, 'keys'), values: cacheOf(layer, 'values') })),
      });
      const logits = model.forward(values, tokens, sequence);
      return {
        outputs: { logits: reshape(logits, [batchSize, model.vocabularySize]) },
        state: byLayer(sequence.layers),
      };
    },
    {
      inputs: { tokens: { shape: [batchSize, 1], dtype: 'int32' }, position: { shape: [], dtype: 'int32' } },
      state: { ...parameterStates(model), ...byLayer(layers) },
    },
  );
}

const stateName = (layer: number, part: 'keys' | 'values') => `layers.${layer}.${part}`;

/** Something for the keys and the values of each layer, by the names of their states. */
function byLayer<T>(layers: readonly { readonly keys: T; readonly values: T }[]): { readonly [name: string]: T } {
  return Object.fromEntries(
    layers.flatMap(({ keys, values }, layer) => [
      [stateName(layer, 'keys'), keys] as const,
      [stateName(layer, 'values'), values] as const,
    ]),
  );
}

function requireCache({ cache }: Model): CacheShape {
  if (cache) return cache;
  throw new GroundworkError(
    'invalid-recipe',
    'the model keeps no keys and values, so it cannot go on from where it stopped',
    {
      hint: 'Generate by reading the whole text for each token, or give the model a `cache` if it looks at time by `sequence.attend` alone.',
    },
  );
}
