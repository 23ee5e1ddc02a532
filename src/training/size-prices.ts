import { GroundworkError } from '../core/index.ts';
import type { Model } from '../model/index.ts';
import type { OptimizerSpec } from '../optimizer/index.ts';
import type { Recipe } from '../recipe/index.ts';
import { sizeOf } from '../tensor/index.ts';
import type { PlanRequest } from './plan-request.ts';
import { candidateSizes, contextLengthFor, elementwiseWork, type PricedSize } from './sizing.ts';

/**
 * The sizes to choose from, those that the recipe has a model for, with their cost: counted from the shapes of parameters, which is
 * exact but for what stands between matrix products.
 *
 * @throws what the recipe throws where it has a model for none of them
 */
export function pricedSizes(recipe: Recipe, request: PlanRequest, vocabularySize: number): PricedSize[] {
  const contextLength = request.contextLength ?? contextLengthFor(0);
  const priced: PricedSize[] = [];
  let refusal: unknown;
  for (const candidate of request.size === undefined ? candidateSizes : [request.size]) {
    const size = { vocabularySize, contextLength, ...candidate };
    try {
      const model = recipe.model(size);
      const optimizer = recipe.optimizer({ size, batchTokens: contextLength, numSteps: 1000 });
      const { matrices, multiplied } = parameterCounts(model);
      priced.push({
        ...candidate,
        numParameters: matrices,
        // Forward and twice as much backward; attention reads every position pair, seen or not.
        flopsPerToken: 6 * multiplied + 12 * candidate.numLayers * contextLength * candidate.width,
        flopsPerUpdate: updateFlops(model, optimizer),
        otherWorkPerToken: elementwiseWork(vocabularySize, candidate),
      });
    } catch (error) {
      if (!(error instanceof GroundworkError)) throw error;
      refusal = error;
    }
  }
  if (priced.length === 0) throw refusal;
  return priced;
}

/** Parameters of matrices, and all that a matrix product reads: the head as well, which may be the embedding. */
function parameterCounts({ parameters }: Model): { readonly matrices: number; readonly multiplied: number } {
  const countOf = (wanted: string) =>
    Object.values(parameters).reduce((sum, { shape, role }) => sum + (role === wanted ? sizeOf(shape) : 0), 0);
  const matrices = countOf('matrix');
  return { matrices: Math.max(1, matrices), multiplied: matrices + (countOf('head') || countOf('embedding')) };
}

/** Newton–Schulz on m × n, m ≤ n: two products of m²n and one of m³ in each iteration. */
function updateFlops({ parameters }: Model, { groups }: OptimizerSpec): number {
  let flops = 0;
  for (const group of groups) {
    if (group.algorithm !== 'muon') continue;
    for (const { role, shape } of Object.values(parameters)) {
      if (!group.roles.includes(role) || shape.length !== 2) continue;
      const [m, n] = [Math.min(...shape), Math.max(...shape)];
      flops += group.numIterations * (4 * m * m * n + 2 * m ** 3);
    }
  }
  return flops;
}
