import { present } from '../../core/index.ts';
import { costOfStep, type PricedSize } from '../sizing.ts';
import { type Trunk, trunkSteps } from './ladder-plan.ts';

/** What a ladder takes is counted in work: floating-point operations, and all else in operations that would take as long. */
export interface WorkFacts {
  readonly sizes: readonly PricedSize[];
  /** Tokens of the validation text and its documents: each has rows of its own, padded to the context. */
  readonly numValidationTokens: number;
  readonly numValidationDocuments: number;
}

/** A forward pass is a third of a step; of it nothing is kept. */
const forwardShare = 1 / 3;
/** Evaluations on some documents along a trunk and its cool-downs, counted in evaluations of all. */
const curveShare = 0.3;

/** The work of one token in a step of a trunk. */
export function workPerToken(trunk: Trunk, { sizes }: WorkFacts): number {
  const batchTokens = trunk.batchSize * trunk.contextLength;
  const size = sizes.find(({ numLayers, width }) => numLayers === trunk.numLayers && width === trunk.width);
  return costOfStep(present(size, 'the price of a size'), batchTokens, 'work') / batchTokens;
}

/** The work of one evaluation on all documents. */
function evaluationWork(trunk: Trunk, facts: WorkFacts): number {
  const { numValidationTokens, numValidationDocuments } = facts;
  const paddedTokens = numValidationTokens + 0.5 * trunk.contextLength * numValidationDocuments;
  return forwardShare * workPerToken(trunk, facts) * paddedTokens;
}

/** All work of a trunk: steps, cool-downs, evaluations. */
export function trunkWork(trunk: Trunk, facts: WorkFacts): number {
  const stepTokens = trunkSteps(trunk) * trunk.batchSize * trunk.contextLength;
  return (
    stepTokens * workPerToken(trunk, facts) + trunk.lengths.length * (1 + curveShare) * evaluationWork(trunk, facts)
  );
}
