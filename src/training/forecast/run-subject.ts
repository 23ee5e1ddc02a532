import { present } from '../../core/index.ts';
import { bigramBaseline, type Dataset } from '../../data/index.ts';
import type { Model } from '../../model/index.ts';
import type { OptimizerSpec } from '../../optimizer/index.ts';
import { scheduleFactor } from '../../optimizer/index.ts';
import { type Recipe, shippedRecipes } from '../../recipe/index.ts';
import { type LadderRecord, parameterCounts, type RunSubject, type SubjectCorpus } from '../../theory/index.ts';
import { recipeFingerprint } from '../ladder/recipe-fingerprint.ts';
import type { Plan } from '../plan.ts';
import type { RunDataset } from '../run-options.ts';
import { textExtent } from '../text-extent.ts';

/** A run as far as its forecast asks about it. */
export interface SubjectParts {
  readonly plan: Plan;
  readonly recipe: Recipe;
  readonly model: Model;
  readonly optimizer: OptimizerSpec;
  /** SHA-256 of the training step. */
  readonly programHash: string;
  readonly datasets: readonly RunDataset[];
  /** The ladders that there are: what they were measured on decides what has to be found out. */
  readonly records: readonly LadderRecord[];
}

/** Tokens that a bigram model is made from and measured on in a millisecond, on the slow side. */
const bigramTokensPerMs = 1600;
/** Tokens that it is made from at most. */
const bigramMostTokens = 10_000_000;
/** A bigram model may take this share of a run, and this time of any. */
const bigramShare = 0.03;
const bigramLeastMs = 1500;

/** The facts of a run that a forecast is made from. */
export function subjectOf(parts: SubjectParts): RunSubject {
  const { plan, recipe, model, optimizer, programHash, datasets, records } = parts;
  const { numSteps, batch, expected, schedule, memory, evaluation, budget } = plan;
  const batchTokens = batch.batchSize * batch.contextLength;
  const text = textExtent(datasets);
  const sha256 = recipeFingerprint(recipe);
  return {
    parameters: parameterCounts(model),
    numSteps,
    batchTokens,
    numTokens: numSteps * batchTokens,
    uniqueTokens: text.uniqueTokens,
    flops: numSteps * Math.max(1, expected.flopsPerStep),
    programHash,
    corpus: corpusOf(datasets, records, expected.trainingMs + expected.otherMs),
    recipe: {
      name: recipe.name,
      sha256,
      learningRateRatios: new Map(
        records
          .filter((record) => record.recipe.sha256 !== sha256)
          .flatMap((record) => {
            const theirs = optimizerOf(record, plan);
            return theirs === undefined ? [] : [[record.recipe.sha256, rateRatios(optimizer, theirs)] as const];
          }),
      ),
    },
    scheduleFactor: (step) => scheduleFactor(schedule, step, numSteps),
    time: {
      msPerStep: expected.msPerStep,
      otherMs: expected.otherMs,
      source: expected.source ?? 'unknown',
      isBudget: budget.kind === 'time' && expected.limitMs !== null,
      limitMs: expected.limitMs,
    },
    evaluation: {
      numDocuments: evaluation.numFinalDocuments,
      numValidationDocuments: text.numValidationDocuments,
    },
    memoryBytes: memory.expectedBytes ?? memory.neededBytes,
  };
}

function corpusOf(datasets: readonly RunDataset[], records: readonly LadderRecord[], runMs: number): SubjectCorpus {
  const { dataset } = present(datasets[0], 'a dataset');
  const { manifest, validation } = dataset;
  const isMixture = datasets.filter(({ weight }) => weight > 0).length > 1;
  // A model predicts every token but the one that begins a document.
  const predicted = validation.numTokens - validation.numDocuments;
  const bytesPerToken = validation.numBytes > 0 && predicted > 0 ? validation.numBytes / predicted : null;
  const measured = records.find(({ corpus }) => corpus.fingerprint === manifest.fingerprint);
  return {
    name: manifest.name,
    fingerprint: manifest.fingerprint,
    bytesPerToken,
    vocabularySize: manifest.vocabularySize,
    bigramBitsPerByte: measured?.corpus.bigramBitsPerByte ?? (records.length === 0 ? null : bigramOf(dataset, runMs)),
    isMixture,
  };
}

/** The score of a bigram model, where finding it takes little of the run. */
function bigramOf(dataset: Dataset, runMs: number): number | null {
  const numTokens = Math.min(bigramMostTokens, dataset.train.numTokens) + dataset.validation.numTokens;
  return numTokens / bigramTokensPerMs > Math.max(bigramLeastMs, bigramShare * runMs) ? null : bigramBaseline(dataset);
}

/** The optimizer of the recipe that a ladder was trained with, at the extent of a run; undefined where that recipe is out of reach. */
function optimizerOf({ recipe }: LadderRecord, { size, batch, numSteps }: Plan): OptimizerSpec | undefined {
  const shipped = shippedRecipes.find(({ name }) => name === recipe.name);
  if (shipped === undefined || recipeFingerprint(shipped) !== recipe.sha256) return undefined;
  return shipped.optimizer({ size, batchTokens: batch.batchSize * batch.contextLength, numSteps });
}

/** Peak learning rates of one optimizer over those of another, by role, where both treat the role by the same algorithm. */
function rateRatios(ours: OptimizerSpec, theirs: OptimizerSpec): ReadonlyMap<string, number> {
  const rates = ({ groups }: OptimizerSpec) =>
    new Map(
      groups.flatMap(({ algorithm, roles, learningRate }) =>
        roles.map((role) => [role, { algorithm, learningRate }] as const),
      ),
    );
  const there = rates(theirs);
  const ratios = new Map<string, number>();
  for (const [role, { algorithm, learningRate }] of rates(ours)) {
    const other = there.get(role);
    if (other?.algorithm === algorithm && other.learningRate > 0 && learningRate > 0) {
      ratios.set(role, learningRate / other.learningRate);
    }
  }
  return ratios;
}
