import { GroundworkError } from '../core/index.ts';
import type { RunDataset } from './run-options.ts';

/** What the datasets of a run hold. */
export interface TextExtent {
  readonly vocabularySize: number;
  /** Training tokens that can be read before any text is read a second time, at the shares of the mixture. */
  readonly uniqueTokens: number;
  readonly numValidationDocuments: number;
  readonly numValidationTokens: number;
}

/**
 * Measures the text of a run. The first dataset's validation part is what the run is evaluated on.
 *
 * @throws `usage` for no dataset, `invalid-dataset` for one without training tokens
 */
export function textExtent(datasets: readonly RunDataset[]): TextExtent {
  const [first] = datasets;
  if (first === undefined) {
    throw new GroundworkError('usage', 'found no dataset to train on, expected at least one', {
      hint: 'Name a dataset or a folder of text.',
    });
  }
  const totalWeight = datasets.reduce((sum, { weight }) => sum + weight, 0);
  let uniqueTokens = Number.POSITIVE_INFINITY;
  for (const { dataset, weight } of datasets) {
    const { name } = dataset.manifest;
    if (dataset.train.numTokens === 0) {
      throw new GroundworkError('invalid-dataset', `dataset ${name} (${dataset.folder}) has no training tokens`, {
        hint: 'Build it from more text, or with a smaller validation part.',
      });
    }
    if (weight > 0) uniqueTokens = Math.min(uniqueTokens, (dataset.train.numTokens * totalWeight) / weight);
  }
  const { validation, manifest } = first.dataset;
  return {
    vocabularySize: manifest.vocabularySize,
    uniqueTokens: Math.floor(uniqueTokens),
    numValidationDocuments: validation.numBytes > 0 ? validation.numDocuments : 0,
    numValidationTokens: validation.numTokens,
  };
}
