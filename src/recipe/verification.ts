import { GroundworkError } from '../core/index.ts';
import type { Engine, MemoryEstimate } from '../engine/index.ts';
import type { Model, ParameterRole } from '../model/index.ts';
import { describeProgram, formatShape, nodeAt, type Phase, type Program, sameShape, sizeOf } from '../tensor/index.ts';
import { type ProbeOptions, requireCausal, requireNoLeakInProbe, requireSameForward } from './causality/causality.ts';
import type { Precision } from './forward-pass.ts';
import { traceLogits, traceLosses } from './inference.ts';
import { requireOneRule } from './model-check.ts';
import type { Recipe, RecipeSize } from './recipe.ts';
import { type TrainingStepOptions, traceTrainingStep } from './training-step.ts';

export interface VerificationOptions extends Omit<TrainingStepOptions, 'contextLength'> {
  /** Steps of the run, as the optimizer may look at them. Default 1,000. */
  readonly numSteps?: number;
  /** Estimates memory, and runs the probe. Without it the report has neither. */
  readonly engine?: Engine;
  /** Also look for leaks on random weights; needs an engine. Default false: the proof alone refuses every leak. */
  readonly probe?: boolean | ProbeOptions;
}

/** What a recipe is at a size, found out without training a step. */
export interface VerificationReport {
  readonly numParameters: number;
  readonly numParametersByRole: { readonly [Role in ParameterRole]?: number };
  /** Floating-point operations of one step of the whole batch. */
  readonly flops: Readonly<Record<Phase, number>>;
  /** Of the training step, where an engine was given. */
  readonly memory: MemoryEstimate | undefined;
  /** How it was made sure that no position sees what comes after it. */
  readonly causality: 'proven' | 'proven and probed';
  readonly program: Program;
}

/**
 * Verifies a recipe at a size before a step runs: model and optimizer fit each other, logits have the shape that they must have, and no
 * position sees what comes after it.
 *
 * @throws GroundworkError `invalid-recipe`, `future-leak`, `usage` for a probe without an engine, or what the ops of the model throw
 */
export async function verifyRecipe(
  recipe: Recipe,
  size: RecipeSize,
  options: VerificationOptions,
): Promise<VerificationReport> {
  const { microBatchSize, numMicroBatches = 1, documentMask = false, numSteps = 1000, engine, probe = false } = options;
  const { precision = 'float32' } = options;
  if (probe && !engine) {
    throw new GroundworkError('usage', 'the probe needs an engine to run the model on, found none', {
      hint: 'Give verifyRecipe an engine, or leave the probe out: the proof refuses every leak without it.',
    });
  }
  const model = recipe.model(size);
  const forwardIn = (precision: Precision) => (batchSize: number) =>
    requireLogits(recipe, model, traceLogits(model, { batchSize, documentMask, precision }));
  const proved = requireCausal(forwardIn(precision), microBatchSize);
  const batchTokens = microBatchSize * numMicroBatches * size.contextLength;
  const optimizer = recipe.optimizer({ size, batchTokens, numSteps });
  requireOneRule(model, optimizer, `the recipe ${recipe.name}`);
  const program = traceTrainingStep(model, optimizer, { ...options, contextLength: size.contextLength });
  requireSameForward(proved, program, 'the training step');
  // A model sees what its parameters are, so that float32, in which it is evaluated, takes a proof of its own.
  const provedAsRead = precision === 'float32' ? proved : requireCausal(forwardIn('float32'), microBatchSize);
  requireSameForward(provedAsRead, traceLosses(model, { batchSize: microBatchSize, documentMask }), 'the losses');
  if (probe && engine) {
    await requireNoLeakInProbe(engine, forwardIn(precision)(2), typeof probe === 'object' ? probe : {});
  }
  const byRole: { [Role in ParameterRole]?: number } = {};
  for (const { role, shape } of Object.values(model.parameters)) byRole[role] = (byRole[role] ?? 0) + sizeOf(shape);
  return {
    numParameters: Object.values(byRole).reduce((sum, count) => sum + count, 0),
    numParametersByRole: byRole,
    flops: describeProgram(program).total.flops,
    memory: engine?.estimateMemory(program),
    causality: probe && engine ? 'proven and probed' : 'proven',
    program,
  };
}

function requireLogits(recipe: Recipe, { vocabularySize }: Model, program: Program): Program {
  const logits = nodeAt(program, program.outputs.logits ?? -1);
  const tokens = nodeAt(program, program.inputs.tokens ?? -1);
  const expected = [...tokens.shape, vocabularySize];
  if (sameShape(logits.shape, expected) && logits.dtype === 'float32') return program;
  throw new GroundworkError(
    'invalid-recipe',
    `the recipe ${recipe.name}: forward gives ${logits.dtype} ${formatShape(logits.shape)}, expected float32 logits ${formatShape(expected)}`,
    { hint: 'Return one logit for each token of the vocabulary at each position: [B, T, V].', scope: logits.scope },
  );
}
