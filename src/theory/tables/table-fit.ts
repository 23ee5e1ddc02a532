import { GroundworkError } from '../../core/index.ts';
import { computeOf } from '../calibration/extrapolation.ts';
import { type LossPrediction, type LossPredictor, lossPredictor } from '../calibration/loss-prediction.ts';
import { type AccountedFits, fitUnderAccountings } from '../fitting/accounting.ts';
import { bootstrapScalingLaw, type ScalingLawBootstrap } from '../fitting/bootstrap.ts';
import type { FitObjective } from '../fitting/law-objective.ts';
import { type CountingConvention, countingConventions } from '../forecast.ts';
import { type ComputeOptimum, computeOptimum, hasOptimum } from '../laws/compute-optimum.ts';
import { lossOf, type ScalingLaw } from '../scaling-law.ts';
import type { LawAccounting, LawTable } from './law-table.ts';

/** Multiples of the largest compute of a table that are told by themselves. */
const reaches = [1, 2, 10] as const;

export interface TableFitOptions {
  readonly objective?: FitObjective;
  /** Compute of trainings to be told of, in FLOPs, beside the largest of the table and its multiples. */
  readonly computes?: readonly number[];
  /** Of the bootstrap; 400 unless told. */
  readonly numResamples?: number;
  readonly seed?: number;
}

/** What a compute buys, if it is spent in the best way that the law knows. */
export interface TableOptimum extends ComputeOptimum {
  /** Of the loss, with intervals that are calibrated on how wrong such forecasts turned out to be. */
  readonly prediction: LossPrediction;
  /** Whether the law would go on to models smaller, larger or trained longer than any of the table; the last of those is then taken. */
  readonly isAtEdge: boolean;
}

/** The law of a table and what follows from it. */
export interface TableFit {
  readonly table: LawTable;
  /** The convention of the law: the first of the table. */
  readonly convention: string;
  /** The law with the spread of its numbers over resamples. */
  readonly bootstrap: ScalingLawBootstrap;
  readonly predictor: LossPredictor;
  /** Largest C of the table. */
  readonly largestFlops: number;
  /** FLOPs that the points of the table count for each parameter and token, as a geometric mean: 6 by the common rule. */
  readonly tokenCost: number;
  /** By rising compute; empty where the table does not tell size and tokens apart. */
  readonly optima: readonly TableOptimum[];
  /** N of the smallest and of the largest model of the table, and the most tokens for each parameter that one was trained on. */
  readonly range: {
    readonly sizes: readonly [smallest: number, largest: number];
    readonly mostTokensPerParameter: number;
  };
  /** The law under each convention of the table; null where there is one only. */
  readonly accountings: AccountedFits | null;
}

/**
 * Fits the law of a table: by the first convention, and by each of them where there are several.
 *
 * @throws GroundworkError `usage` for too few points, conventions that have no such name, or several without `total`
 */
export function fitTable(table: LawTable, options: TableFitOptions = {}): TableFit {
  const { computes = [], numResamples = 400, seed = 0 } = options;
  const [first] = table.accountings as [LawAccounting, ...LawAccounting[]];
  const { points, convention } = first;
  const objective = options.objective === undefined ? {} : { objective: options.objective };
  const accountings = table.accountings.length > 1 ? accountedFits(table, objective) : null;
  const bootstrap = bootstrapScalingLaw(points, { ...objective, numResamples, seed });
  const predictor = lossPredictor(points, { ...objective, seed });
  const { law, identified } = bootstrap.fit;
  const largestFlops = points.reduce((most, point) => Math.max(most, computeOf(point)), 0);
  const tokenCost = Math.exp(
    points.reduce((sum, point) => sum + Math.log(point.flops / point.numParameters / point.numTokens), 0) /
      points.length,
  );
  const counts = points.map(({ numParameters }) => numParameters);
  const range = {
    sizes: [Math.min(...counts), Math.max(...counts)],
    mostTokensPerParameter: Math.max(...points.map(({ numTokens, numParameters }) => numTokens / numParameters)),
  } as const;
  const isTold = hasOptimum(law) && identified.alpha && identified.beta;
  const wanted = [...new Set([...reaches.map((factor) => factor * largestFlops), ...computes])].sort((a, b) => a - b);
  const optima = isTold
    ? wanted.map((flops): TableOptimum => {
        const optimum = boundedOptimum({ law, range, largestFlops, tokenCost }, flops);
        return { ...optimum, prediction: predictor.predict(optimum) };
      })
    : [];
  return { table, convention, bootstrap, predictor, largestFlops, tokenCost, optima, range, accountings };
}

/**
 * The best size and tokens for a compute among those that a table speaks of: sizes from its smallest to its largest, beyond its
 * largest compute up to as many times larger, with no more tokens for each parameter than any of its trainings had.
 */
export function boundedOptimum(
  { law, range, largestFlops, tokenCost }: Pick<TableFit, 'range' | 'largestFlops' | 'tokenCost'> & { law: ScalingLaw },
  flops: number,
): ComputeOptimum & { readonly isAtEdge: boolean } {
  const free = computeOptimum(law, flops, tokenCost);
  const reach = Math.max(1, flops / largestFlops);
  const largest = range.sizes[1] * reach;
  const smallest = Math.min(
    largest,
    Math.max(range.sizes[0], Math.sqrt(flops / (tokenCost * range.mostTokensPerParameter))),
  );
  const numParameters = Math.min(largest, Math.max(smallest, free.numParameters));
  if (numParameters === free.numParameters) return { ...free, isAtEdge: false };
  const numTokens = flops / (tokenCost * numParameters);
  const loss = lossOf(law, numParameters, numTokens);
  return { flops, numParameters, numTokens, tokensPerParameter: numTokens / numParameters, loss, isAtEdge: true };
}

function accountedFits({ accountings }: LawTable, options: Pick<TableFitOptions, 'objective'>): AccountedFits {
  const isConvention = (name: string): name is CountingConvention =>
    countingConventions.some((convention) => convention === name);
  const counts = new Map<CountingConvention, LawAccounting>();
  for (const accounting of accountings) {
    const { convention } = accounting;
    if (!isConvention(convention)) {
      throw new GroundworkError(
        'usage',
        `"${convention}" is no convention of counting parameters, expected some of ${countingConventions.join(', ')}`,
        { hint: 'Name the columns such as --n total=params,nonEmbedding=params_no_embed.' },
      );
    }
    counts.set(convention, accounting);
  }
  const total = counts.get('total');
  if (total === undefined) {
    throw new GroundworkError('usage', 'found no column of all parameters, expected one beside the other conventions', {
      hint: 'Name it, such as --n total=params,nonEmbedding=params_no_embed.',
    });
  }
  const points = total.points.map(({ numParameters, numTokens, loss, flops }, i) => {
    const count = (convention: CountingConvention) => counts.get(convention)?.points[i]?.numParameters ?? numParameters;
    const [nonEmbedding, matmul, active] = [count('nonEmbedding'), count('matmul'), count('active')];
    return { parameters: { total: numParameters, nonEmbedding, matmul, active }, numTokens, loss, flops };
  });
  return fitUnderAccountings(points, { ...options, conventions: [...counts.keys()] });
}
