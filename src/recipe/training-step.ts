import { present } from '../core/index.ts';
import type { StepParts } from '../engine/index.ts';
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
import { logitsOf, type Precision, parameterStates } from './forward-pass.ts';
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
  /** What forward and backward pass compute in. Parameters, optimizer and loss are float32 in any case. Default float32. */
  readonly precision?: Precision;
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
  const { microBatchSize, numMicroBatches = 1, documentMask = false } = options;
  const names = trainedNames(model);
  const inputs = { ...rowInputs(model, microBatchSize * numMicroBatches, options), scheduleFactor: { shape: [] } };
  return trace(
    (given: Tensors, values: Tensors) => {
      const input = inputOf(given);
      const parameters = names.map((name) => present(values[name], name));
      const totalWeight = scope('loss', () => reduceSum(input('weights')));

      let loss: Tensor | undefined;
      let gradients: readonly Tensor[] = [];
      for (let index = 0; index < numMicroBatches; index++) {
        const finished = gradients;
        const part = (name: string) => slice(input(name), 0, index * microBatchSize, (index + 1) * microBatchSize);
        // All that is computed of a micro-batch needs its tokens; its segments would make masks early.
        const tokens = finished.reduce(after, part('tokens'));
        const segments = documentMask ? after(part('segments'), tokens) : undefined;
        const rows = { tokens, segments, targets: part('targets'), weights: part('weights') };
        const partLoss = lossOf(model, values, rows, totalWeight, options);
        const partGradients = gradient(partLoss, parameters);
        loss = loss ? add(loss, partLoss) : partLoss;
        gradients = finished.length === 0 ? partGradients : sums(finished, partGradients);
      }
      const total = present(loss, 'a loss');
      const { next, ...outputs } = updateParameters({
        optimizer,
        parameters: model.parameters,
        values,
        gradients: Object.fromEntries(names.map((name, i) => [name, present(gradients[i], name)])),
        loss: total,
        scheduleFactor: input('scheduleFactor'),
      });
      return { outputs: { loss: total, ...outputs }, state: next };
    },
    { inputs, state: trainedStates(model, optimizer) },
  );
}

/**
 * The training step of the same arguments taken apart, for engines that differentiate by themselves. Its update moves each matrix by
 * itself, so that all layers are alike whatever their size.
 *
 * @throws what `traceTrainingStep` throws
 */
export function traceStepParts(model: Model, optimizer: OptimizerSpec, options: TrainingStepOptions): StepParts {
  const { microBatchSize, numMicroBatches = 1, documentMask = false, recompute = false } = options;
  const names = trainedNames(model);
  const loss = trace(
    (given: Tensors, values: Tensors) => {
      const input = inputOf(given);
      const [tokens, targets, weights] = [input('tokens'), input('targets'), input('weights')];
      const rows = { tokens, segments: documentMask ? input('segments') : undefined, targets, weights };
      return { outputs: { loss: lossOf(model, values, rows, input('totalWeight'), options) } };
    },
    {
      inputs: { ...rowInputs(model, microBatchSize, options), totalWeight: { shape: [] } },
      state: parameterStates(model),
    },
  );
  const gradients: Record<string, InputSpec> = Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape }]) => [gradientInput(name), { shape }]),
  );
  const update = trace(
    (given: Tensors, values: Tensors) => {
      const input = inputOf(given);
      const { next, ...outputs } = updateParameters({
        optimizer,
        parameters: model.parameters,
        values,
        gradients: Object.fromEntries(names.map((name) => [name, input(gradientInput(name))])),
        loss: input('loss'),
        scheduleFactor: input('scheduleFactor'),
        hasStacks: false,
      });
      return { outputs, state: next };
    },
    {
      inputs: { ...gradients, loss: { shape: [] }, scheduleFactor: { shape: [] } },
      state: trainedStates(model, optimizer),
    },
  );
  return { loss, update, microBatchSize, numMicroBatches, recompute };
}

const gradientInput = (name: string) => `gradient.${name}`;

function trainedNames(model: Model): string[] {
  const names = Object.keys(model.parameters);
  requireFreeNames(names, 'the model');
  return names;
}

/** All that a training keeps from step to step: the parameters and what the optimizer keeps. */
function trainedStates(model: Model, optimizer: OptimizerSpec): { readonly [name: string]: StateSpec } {
  return { ...parameterStates(model), ...optimizerState(optimizer, model.parameters) };
}

type RowOptions = Pick<TrainingStepOptions, 'contextLength' | 'documentMask'>;

/** The inputs that hold rows of text. */
function rowInputs(model: Model, numRows: number, options: RowOptions): { readonly [name: string]: InputSpec } {
  const { contextLength = model.contextLength, documentMask = false } = options;
  const shape = [numRows, contextLength];
  return {
    tokens: { shape, dtype: 'int32' },
    targets: { shape, dtype: 'int32' },
    weights: { shape },
    ...(documentMask ? { segments: { shape, dtype: 'int32' } } : {}),
  };
}

function inputOf(given: Tensors): (name: string) => Tensor {
  return (name) => present(given[name], `the input ${name}`);
}

type PassOptions = Pick<TrainingStepOptions, 'recompute' | 'precision'>;

/** What a micro-batch adds to the loss of the step. */
function lossOf(
  model: Model,
  values: Tensors,
  { tokens, segments, targets, weights }: Rows,
  totalWeight: Tensor,
  { recompute = false, precision = 'float32' }: PassOptions,
): Tensor {
  const logits = logitsOf(model, values, tokens, { ...(segments ? { segments } : {}), recompute, precision });
  return scope('loss', () => {
    const losses = crossEntropy(reshape(logits, [-1, model.vocabularySize]), reshape(targets, [-1]));
    return divide(reduceSum(multiply(losses, reshape(weights, [-1]))), totalWeight);
  });
}

function sums(left: readonly Tensor[], right: readonly Tensor[]): Tensor[] {
  return left.map((x, i) => add(x, present(right[i], 'a gradient')));
}
