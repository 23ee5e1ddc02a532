import { present } from '../core/index.ts';
import type { Model, Tensors } from '../model/index.ts';
import { type OptimizerSpec, optimizerState, updateParameters } from '../optimizer/index.ts';
import {
  add,
  after,
  crossEntropy,
  divide,
  gradient,
  type InputSpec,
  multiply,
  type Program,
  reduceSum,
  reshape,
  type StateSpec,
  scope,
  slice,
  type Tensor,
  trace,
} from '../tensor/index.ts';
import { logitsOf, parameterStates } from './forward-pass.ts';
import { requireFreeNames } from './model-check.ts';

export interface TrainingStepOptions {
  /** Rows that go through the model at once. */
  readonly microBatchSize: number;
  /** How many times so many rows make up a step. Default 1. */
  readonly numMicroBatches?: number;
  /** T. Default: that of the model. */
  readonly contextLength?: number;
  /** Tokens see only tokens of their own document, as the input `segments` numbers them. Default false. */
  readonly documentMask?: boolean;
  /** Build the activations of each block a second time in the backward pass instead of keeping them. Default false. */
  readonly recompute?: boolean;
}

/** The rows of a micro-batch, [microBatchSize, T] each. */
interface Rows {
  readonly tokens: Tensor;
  readonly segments: Tensor | undefined;
  readonly targets: Tensor;
  readonly weights: Tensor;
}

/**
 * Forward, backward and update as one Program, for R = microBatchSize · numMicroBatches rows of T tokens.
 *
 * Inputs: `tokens`, `targets` int32 [R, T], `weights` float32 [R, T], with a document mask `segments` int32 [R, T], and the scalar
 * `scheduleFactor`. State: the parameters under their names and what the optimizer keeps. Outputs: `loss` = Σ weight · loss /
 * Σ weight in nats, over the whole step whatever the micro-batches; `gradientNorm` before clipping; `isApplied` 1, or 0 where
 * loss, norm or schedule factor is not finite: then no state changes by a single bit (`UpdateArguments` says how).
 *
 * The micro-batches run one after the other: no part of one begins before all gradients of the one before are added up, so that its
 * activations are free again and memory does not grow with their number.
 *
 * @throws GroundworkError `invalid-recipe` if the optimizer does not fit the model, and whatever the model's graph throws
 */
export function traceTrainingStep(model: Model, optimizer: OptimizerSpec, options: TrainingStepOptions): Program {
  const { microBatchSize, numMicroBatches = 1, contextLength = model.contextLength } = options;
  const { documentMask = false, recompute = false } = options;
  const names = Object.keys(model.parameters);
  requireFreeNames(names, 'the model');
  const shape = [microBatchSize * numMicroBatches, contextLength];
  const inputs: Record<string, InputSpec> = {
    tokens: { shape, dtype: 'int32' },
    targets: { shape, dtype: 'int32' },
    weights: { shape },
    ...(documentMask ? { segments: { shape, dtype: 'int32' } } : {}),
    scheduleFactor: { shape: [] },
  };
  const state: Record<string, StateSpec> = {
    ...parameterStates(model),
    ...optimizerState(optimizer, model.parameters),
  };
  return trace(
    (given: Tensors, values: Tensors) => {
      const input = (name: string) => present(given[name], `the input ${name}`);
      const parameters = names.map((name) => present(values[name], name));
      const totalWeight = scope('loss', () => reduceSum(input('weights')));

      const lossOf = ({ tokens, segments, targets, weights }: Rows): Tensor => {
        const logits = logitsOf(model, values, tokens, { ...(segments ? { segments } : {}), recompute });
        return scope('loss', () => {
          const losses = crossEntropy(reshape(logits, [-1, model.vocabularySize]), reshape(targets, [-1]));
          return divide(reduceSum(multiply(losses, reshape(weights, [-1]))), totalWeight);
        });
      };

      let loss: Tensor | undefined;
      let gradients: readonly Tensor[] = [];
      for (let index = 0; index < numMicroBatches; index++) {
        const finished = gradients;
        const part = (name: string) => slice(input(name), 0, index * microBatchSize, (index + 1) * microBatchSize);
        // All that is computed of a micro-batch needs its tokens; its segments would make masks early.
        const tokens = finished.reduce(after, part('tokens'));
        const segments = documentMask ? after(part('segments'), tokens) : undefined;
        const partLoss = lossOf({ tokens, segments, targets: part('targets'), weights: part('weights') });
        const partGradients = gradient(partLoss, parameters);
        loss = loss ? add(loss, partLoss) : partLoss;
        gradients = finished.length === 0 ? partGradients : sums(finished, partGradients);
      }
      const total = present(loss, 'a loss');
      const update = updateParameters({
        optimizer,
        parameters: model.parameters,
        values,
        gradients: Object.fromEntries(names.map((name, i) => [name, present(gradients[i], name)])),
        loss: total,
        scheduleFactor: input('scheduleFactor'),
      });
      const { gradientNorm, isApplied, next } = update;
      return { outputs: { loss: total, gradientNorm, isApplied }, state: next };
    },
    { inputs, state },
  );
}

function sums(left: readonly Tensor[], right: readonly Tensor[]): Tensor[] {
  return left.map((x, i) => add(x, present(right[i], 'a gradient')));
}
