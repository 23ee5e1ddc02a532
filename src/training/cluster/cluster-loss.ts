import { numWarmupSteps } from '../../optimizer/index.ts';
import {
  type Estimate,
  type ForecastBasis,
  factorText,
  forecastBasisSentence,
  forecastRun,
  modelFlopsPerToken,
  shippedCalibration,
} from '../../theory/index.ts';
import type { KnownLaws } from '../forecast/known-laws.ts';
import { subjectOf } from '../forecast/run-subject.ts';
import type { Plan } from '../plan.ts';
import { statedPrecision } from '../plan.ts';
import type { RunDataset } from '../run-options.ts';
import { textExtent } from '../text-extent.ts';
import type { ClusterRequest, ClusterRun } from './cluster-run.ts';

/** What is to be said of the loss of a run on accelerators: bits per byte as far as a law carries, or why there are none. */
export type ClusterLoss =
  | { readonly bitsPerByte: Estimate; readonly basis: ForecastBasis; readonly sentences: readonly string[] }
  | { readonly bitsPerByte: null; readonly basis: null; readonly sentences: readonly string[] };

/** Compute of a run over the largest of a ladder up to which forecasts of losses were ever held against finished trainings. */
const furthestTested = Math.max(...shippedCalibration.factors);

/**
 * The bits per byte at the end of a run, where a ladder speaks for its text and reaches far enough: to the factor of compute up to which
 * intervals were held against finished trainings. A law of small models says nothing of one a million times as large, so nothing is said.
 *
 * @param datasets none: the loss depends on the text
 */
export function foretellClusterLoss(
  request: ClusterRequest,
  run: ClusterRun,
  { datasets, laws }: { readonly datasets: readonly RunDataset[]; readonly laws: KnownLaws },
): ClusterLoss {
  if (datasets.length === 0) {
    return nothing('Nothing is said of the loss: it depends on the text, and no dataset was named.');
  }
  const { recipe } = request;
  const plan = planOf(request, run, datasets);
  const { size } = plan;
  const subject = subjectOf({
    plan,
    recipe,
    model: recipe.model(size),
    optimizer: recipe.optimizer({ size, batchTokens: run.forecast.batchTokens, numSteps: plan.numSteps }),
    programHash: '',
    datasets,
    records: laws.records,
  });
  const registeredAt = new Date(0).toISOString();
  const { bitsPerByte, basis, assumptions } = forecastRun(subject, { ...laws, registeredAt });
  if (bitsPerByte === null || basis === null) return nothing(assumptions[0] ?? 'No law can tell the bits per byte.');
  if (basis.extrapolation > furthestTested) {
    return nothing(
      `Nothing is said of the loss: the run takes ${factorText(basis.extrapolation)} times the compute of the largest training of ` +
        `${basis.ladder}, and no forecast was ever tested beyond ${furthestTested} times.`,
    );
  }
  return {
    bitsPerByte,
    basis,
    sentences: [forecastBasisSentence(basis), ...basis.differences.map(({ text }) => text)],
  };
}

const nothing = (sentence: string): ClusterLoss => ({ bitsPerByte: null, basis: null, sentences: [sentence] });

/** The run as a plan, as far as a forecast of its loss asks. */
function planOf(
  { recipe, vocabularySize, size, precision, documentMask = false }: ClusterRequest,
  { forecast, workload, counts }: ClusterRun,
  datasets: readonly RunDataset[],
): Plan {
  const { numSteps, numTokens, fit, step } = forecast;
  const { uniqueTokens, numValidationDocuments } = textExtent(datasets);
  const { contextLength } = workload.shape;
  return {
    budget: { kind: 'steps', numSteps },
    size: { ...size, vocabularySize, contextLength },
    numParameters: counts.total,
    batch: {
      batchSize: workload.batchSize,
      microBatchSize: (workload.batchSize / fit.rowsPerDevice) * fit.microRowsPerDevice,
      contextLength,
      packing: 'stream',
      documentMask,
      recompute: workload.kept === 'blocks',
      ...statedPrecision(precision),
    },
    numSteps,
    mostSteps: null,
    numTokens,
    epochs: numTokens / uniqueTokens,
    schedule: { ...recipe.schedule, warmupSteps: numWarmupSteps(recipe.schedule, numSteps) },
    evaluation: { everySteps: 0, numDocuments: 0, numFinalDocuments: numValidationDocuments, batchSize: 1 },
    samples: { everySteps: 0, numTokens: 1, prompts: [] },
    checkpoints: { everyMs: null, everySteps: null, keep: 2 },
    expected: {
      msPerStep: step.msPerStep,
      source: 'estimated',
      trainingMs: numSteps * step.msPerStep,
      otherMs: 0,
      limitMs: null,
      finalMs: 0,
      flopsPerStep: modelFlopsPerToken(workload) * forecast.batchTokens,
    },
    memory: {
      neededBytes: Math.round(fit.memory.peak),
      availableBytes: Math.round(fit.usableBytes),
      limit: `memory of ${forecast.accelerator.title}`,
    },
    reasons: [],
    warnings: [],
  };
}
