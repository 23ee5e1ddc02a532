import { GroundworkError } from '../core/index.ts';
import type { Model } from '../model/index.ts';
import type { OptimizerSpec } from '../optimizer/index.ts';
import type { Recipe } from '../recipe/index.ts';
import { sizeOf } from '../tensor/index.ts';
import { parameterCounts, referenceTimeModel } from '../theory/index.ts';
import type { PlanRequest } from './plan-request.ts';
import { type CandidateSize, candidateSizes, contextLengthFor, type PricedSize } from './sizing.ts';

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
      const { matmul } = parameterCounts(model);
      const other = otherCost(model, optimizer, { ...candidate, contextLength });
      priced.push({
        ...candidate,
        numParameters: Math.max(1, matrixParameters(model)),
        // Forward and twice as much backward; attention reads every position pair, seen or not.
        flopsPerToken: 6 * matmul + 12 * candidate.numLayers * contextLength * candidate.width,
        flopsPerUpdate: updateFlops(model, optimizer),
        otherWorkPerToken: other.bytesPerToken * workOfByte,
        otherWorkPerUpdate: other.bytesPerUpdate * workOfByte + other.numKernels * workOfKernel,
      });
    } catch (error) {
      if (!(error instanceof GroundworkError)) throw error;
      refusal = error;
    }
  }
  if (priced.length === 0) throw refusal;
  return priced;
}

/** Operations of matrix products that take as long as moving a byte, and as starting a kernel. */
const workOfByte = referenceTimeModel.msPerGigabyte / referenceTimeModel.msPerGigaflop;
const workOfKernel = (1e9 * referenceTimeModel.msPerKernel) / referenceTimeModel.msPerGigaflop;

/**
 * How often a step reads or writes each of its arrays outside of matrix products, counted in the graphs of `baseline` and `gpt2` over ten
 * shapes (`stepCost` of theory; docs/notebook.md, "Time of a step"), and its kernels.
 */
const passes = { logits: 13, activations: 290, scores: 19, adamW: 40, muon: 95 } as const;
const kernels = { fixed: 130, perLayer: 400 } as const;

/** What a step costs besides its matrix products. */
export interface OtherCost {
  /** Bytes that are read and written for each token. */
  readonly bytesPerToken: number;
  /** The same once a step. */
  readonly bytesPerUpdate: number;
  readonly numKernels: number;
}

/** What a step costs besides its matrix products, from the shapes of a model: within 15 % of what its graph says. */
export function otherCost(
  { parameters, vocabularySize, cache }: Model,
  { groups }: OptimizerSpec,
  { numLayers, width, contextLength }: CandidateSize & { readonly contextLength: number },
): OtherCost {
  const muonRoles = groups.filter(({ algorithm }) => algorithm === 'muon').flatMap(({ roles }) => roles);
  const numHeads = cache?.numGroups ?? Math.max(1, Math.round(width / 64));
  const perToken =
    passes.logits * vocabularySize +
    numLayers * (passes.activations * width + passes.scores * numHeads * contextLength);
  const perUpdate = Object.values(parameters).reduce(
    (sum, { shape, role }) => sum + sizeOf(shape) * (muonRoles.includes(role) ? passes.muon : passes.adamW),
    0,
  );
  return {
    bytesPerToken: 4 * perToken,
    bytesPerUpdate: 4 * perUpdate,
    numKernels: kernels.fixed + kernels.perLayer * numLayers,
  };
}

function matrixParameters({ parameters }: Model): number {
  return Object.values(parameters).reduce((sum, { shape, role }) => sum + (role === 'matrix' ? sizeOf(shape) : 0), 0);
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
