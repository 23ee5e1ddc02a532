import { recipeNamed } from '../../src/recipe/index.ts';
import { calibrateTimeModel, predictStepMs, stepCost, type TimedStep } from '../../src/theory/index.ts';
import type { Plan } from '../../src/training/index.ts';

import { traceStep } from '../../src/training/prepared-step.ts';
import { pricedSizes } from '../../src/training/size-prices.ts';
import { costOfStep } from '../../src/training/sizing.ts';

/** A step that was timed in a run, and what it is. */
export interface TimedSize {
  readonly size: string;
  readonly plan: Pick<Plan, 'size' | 'batch' | 'numSteps'>;
  readonly milliseconds: number;
}

/** What is said of a step of one size from steps of others: each the milliseconds foretold over those that it took. */
export interface StepPrediction {
  readonly size: string;
  readonly milliseconds: number;
  /** By the rule of the plan, from the next smaller size (of the smallest: the next larger one). */
  readonly byRule: number;
  /** By the time model, from the same one. */
  readonly fromOne: number;
  /** By the time model, from all others. */
  readonly fromOthers: number;
}

/**
 * Foretells each step from others, by the rule with which a plan carries a measured step to another size and by the time model.
 *
 * @param sizes by rising cost, at least two
 */
export function stepPredictions(sizes: readonly TimedSize[]): StepPrediction[] {
  const recipe = recipeNamed('baseline');
  const steps = sizes.map(({ size, plan, milliseconds }) => {
    const { vocabularySize, contextLength, numLayers, width } = plan.size;
    const [priced] = pricedSizes(recipe, { size: { numLayers, width }, contextLength }, vocabularySize);
    const timed: TimedStep = { ...stepCost(traceStep(recipe, plan)), milliseconds };
    return {
      size,
      timed,
      work: priced ? costOfStep(priced, plan.batch.batchSize * contextLength, 'work') : Number.NaN,
    };
  });
  return steps.map(({ size, timed, work }, i) => {
    const near = steps[i === 0 ? 1 : i - 1];
    const others = steps.filter((_, j) => j !== i).map((step) => step.timed);
    const over = (milliseconds: number) => milliseconds / timed.milliseconds;
    return {
      size,
      milliseconds: timed.milliseconds,
      byRule: near ? over((near.timed.milliseconds * work) / near.work) : Number.NaN,
      fromOne: near ? over(predictStepMs(calibrateTimeModel([near.timed]), timed)) : Number.NaN,
      fromOthers: over(predictStepMs(calibrateTimeModel(others), timed)),
    };
  });
}
