import type { Dataset, ValidationRows } from '../data/index.ts';
import { evaluationRows } from '../evaluation/index.ts';
import type { Plan } from '../training/index.ts';
import type { BundleFolder } from './bundle-folder.ts';
import type { BundledEvaluation, BundledEvaluationRows } from './bundle-manifest.ts';

/** Where the rows of evaluations lie in a bundle. */
export const evaluationFolder = 'evaluation';

/**
 * Writes the rows that the evaluations of a run read, exactly those that `openEvaluator` reads, so that the runner needs to know nothing of
 * documents.
 *
 * @param batchSize rows of a batch of `evaluate.py`: padding fills up the last one
 */
export function writeEvaluation(
  bundle: BundleFolder,
  dataset: Dataset,
  { evaluation, size }: Pick<Plan, 'evaluation' | 'size'>,
  batchSize: number,
): BundledEvaluation {
  const { everySteps, numDocuments, numFinalDocuments } = evaluation;
  const { contextLength } = size;
  const rowsOf = (numDocuments: number) => evaluationRows({ dataset, batchSize, contextLength, numDocuments });
  const { validation } = dataset;
  return {
    batchSize,
    contextLength,
    everySteps,
    numValidationDocuments: validation.numBytes > 0 ? validation.numDocuments : 0,
    onTheWay:
      everySteps === 0 || numDocuments === 0
        ? null
        : writeRows(bundle, `${evaluationFolder}/on-the-way`, rowsOf(numDocuments), batchSize),
    final:
      numFinalDocuments === 0
        ? null
        : writeRows(bundle, `${evaluationFolder}/final`, rowsOf(numFinalDocuments), batchSize),
  };
}

function writeRows(
  bundle: BundleFolder,
  folder: string,
  rows: ValidationRows,
  batchSize: number,
): BundledEvaluationRows {
  const { numTokens, numBytes, numDocuments, numBatches } = rows;
  /** One of the arrays, batch after batch: they are laid out anew for each, so that none has to fit into memory. */
  function* arrays(name: 'tokens' | 'targets' | 'weights'): Generator<Uint8Array> {
    let batch: ReturnType<ValidationRows['batch']> | undefined;
    for (let number = 0; number < numBatches; number++) {
      batch = rows.batch(number, batch);
      const { buffer, byteOffset, byteLength } = batch[name];
      yield new Uint8Array(buffer, byteOffset, byteLength);
    }
  }
  const write = (name: 'tokens' | 'targets' | 'weights') => bundle.write(`${folder}/${name}.bin`, arrays(name));
  return {
    numRows: numBatches * batchSize,
    numTokens,
    numBytes,
    numDocuments,
    tokens: write('tokens'),
    targets: write('targets'),
    weights: write('weights'),
  };
}
