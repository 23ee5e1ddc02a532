import type { Shape, Tensor } from '../tensor/index.ts';
import type { ExportSupport } from './exports.ts';
import type { GptSettings } from './gpt-config.ts';

/**
 * What a parameter is for. Optimizer groups and scaling rules go by it: `embedding` is looked up by token or position,
 * `head` maps to the vocabulary, `matrix` is any other matrix [out, in], `gain`, `bias` and `scale` are small.
 */
export const parameterRoles = ['embedding', 'head', 'matrix', 'gain', 'bias', 'scale'] as const;
export type ParameterRole = (typeof parameterRoles)[number];

/** How a parameter begins. Its numbers are drawn from a random stream that is named after the parameter. */
export type Initialization =
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'constant'; readonly value: number };

export interface ParameterSpec {
  readonly shape: Shape;
  readonly role: ParameterRole;
  readonly initialization: Initialization;
  /** Factor on the learning rate of its group, as scaling rules such as muP want it. Default 1. */
  readonly learningRateFactor?: number;
  /** Factor on the weight decay of its group. Default 1. */
  readonly weightDecayFactor?: number;
}

export type Tensors = { readonly [name: string]: Tensor };

export interface AttendOptions {
  /** Factor on the scores. Default 1/√K. */
  readonly scale?: number;
  /** How many positions back a query sees, its own included. Default: all. */
  readonly window?: number;
  /** ALiBi: for each head, what a score loses per position of distance (Press et al. 2022). */
  readonly slopes?: readonly number[];
}

/**
 * How the tokens of a forward pass lie in time. Training, evaluation and generation differ in nothing else, so a model is
 * written once: it asks for positions and hands over queries, keys and values.
 */
export interface Sequence {
  /** int32 [T], the position of each column in its text; absent: 0 … T − 1. */
  readonly positions?: Tensor;
  /**
   * int32 [B, T], the position of each token in its document, where a row holds several. What looks at distances alone, such as rotary
   * positions, may go by `positions`.
   */
  readonly documentPositions?: () => Tensor;
  /** Positions lie below this number. */
  readonly maxPositions: number;
  /**
   * Causal attention of one layer.
   *
   * @param layer from 0; each layer attends at most once
   * @param qBHTK [B, H, T, K]
   * @param kBGTK [B, G, T, K], positions already applied
   * @param vBGTK [B, G, T, K]
   * @returns [B, H, T, K]
   */
  attend(layer: number, qBHTK: Tensor, kBGTK: Tensor, vBGTK: Tensor, options?: AttendOptions): Tensor;
}

/** What a session must keep so that a model need not read its text again for each new token. */
export interface CacheShape {
  readonly numLayers: number;
  readonly numGroups: number;
  readonly headWidth: number;
}

export interface ForwardOptions {
  /** Build each block's activations a second time in the backward pass: less memory, about a third more arithmetic. */
  readonly recomputeBlocks?: boolean;
}

/** A language model at one size: parameters and how they turn tokens into logits. Symbolic; it holds no numbers. */
export interface Model {
  readonly vocabularySize: number;
  /** T: the most positions that it reads at once. */
  readonly contextLength: number;
  /** By name, in the order of use. */
  readonly parameters: { readonly [name: string]: ParameterSpec };
  /** Keys and values to keep; absent where the model looks at time by other means than `sequence.attend`. */
  readonly cache?: CacheShape;
  /** Where it can be taken to, or the option that stands in the way. */
  readonly exports: ExportSupport;
  /** Every option of a model that `gptModel` made: what an exporter goes by. */
  readonly gpt?: GptSettings;
  /**
   * @param parameters all of one floating type, which is what it computes in: constants and tables are to be made in it
   * @param tokensBT int32 [B, T]
   * @returns logits [B, T, V]; those at position t depend on tokens up to t only
   */
  forward(parameters: Tensors, tokensBT: Tensor, sequence: Sequence, options?: ForwardOptions): Tensor;
}
