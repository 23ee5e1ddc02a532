import { assert, canonicalJson, GroundworkError, type JsonValue, present, sha256Hex } from '../../core/index.ts';
import type { Dataset } from '../store/dataset.ts';
import { type Batch, emptyBatch } from './batch.ts';
import { EpochRows, type Packing } from './epoch-rows.ts';
import { countsPerBlock, Mixture, type MixtureRow } from './mixture.ts';
import type { RowPlan } from './packing.ts';

/** A dataset with its part in what a run trains on. */
export interface BatchSource {
  readonly dataset: Dataset;
  /** Its share of the rows, up to a factor that all have in common. */
  readonly weight: number;
  /** How often it may be served in full; the run is refused at its start where it would be more often. Wants `numSteps`. */
  readonly maxEpochs?: number;
}

export interface BatchesOptions {
  readonly sources: readonly BatchSource[];
  /** B: rows of a batch. */
  readonly batchSize: number;
  /** T: positions of a row. */
  readonly contextLength: number;
  readonly seed: number;
  /** Default `stream`. */
  readonly packing?: Packing;
  /** Other weights from a step on (one per source), for example to end a run on the best data. They take effect at the next block. */
  readonly laterWeights?: readonly { readonly fromStep: number; readonly weights: readonly number[] }[];
  /** The length of the run, where a source has `maxEpochs`. */
  readonly numSteps?: number;
}

/** What a source of batches is and holds. */
export interface BatchSourceFacts {
  readonly name: string;
  /** Rows of an epoch. */
  readonly numRows: number;
  /** The share of places of an epoch that hold a token, 0 … 1; the rest is padding. */
  readonly utilisation: number;
  /** The packing of an epoch; undefined where the text is a stream. */
  readonly plan: RowPlan | undefined;
  /** Rows of each block of the mixture that are its own at the beginning of a run; all of them where it is the only source. */
  readonly rowsPerBlock: number;
}

/** All batches of a run. */
export interface Batches {
  readonly batchSize: number;
  readonly contextLength: number;
  readonly sources: readonly BatchSourceFacts[];
  /** SHA-256 of everything that the batches depend on: two runs with equal fingerprints see equal batches at equal steps. */
  readonly fingerprint: string;
  /**
   * The batch of a step: a pure function, found without going through the steps before.
   *
   * @param step from 0
   * @param into a batch to write over, so that a run needs no new memory; without it, a new one is made
   */
  batch(step: number, into?: Batch): Batch;
  /** How often each source is served within a run of so many steps, in epochs. */
  epochs(numSteps: number): number[];
}

/**
 * The batches that a run trains on. Row r of a run (row r mod B of step ⌊r / B⌋) is from one dataset's row number n; with one
 * dataset n = r, and each epoch serves every training token exactly once as input. Rows run on from one epoch into the next, so
 * that all batches are full.
 *
 * @throws `dataset-mismatch` for datasets of two tokenizers; `invalid-dataset` for one without training tokens; `usage` for weights
 *   that are no shares or more epochs than `maxEpochs`
 */
export function batches(options: BatchesOptions): Batches {
  const { sources, batchSize, contextLength, seed, packing = 'stream', laterWeights = [] } = options;
  assert(Number.isInteger(batchSize) && batchSize > 0, `a batch of ${batchSize} rows`);
  assert(Number.isInteger(contextLength) && contextLength > 0, `a context of ${contextLength} positions`);
  checkSources(sources);
  const names = sources.map(({ dataset }) => dataset.manifest.name);
  const phases = [
    { fromRow: 0, weights: sources.map(({ weight }) => weight) },
    ...laterWeights.map(({ fromStep, weights }) => ({ fromRow: fromStep * batchSize, weights })),
  ];
  laterWeights.forEach(({ fromStep }, i) => {
    const before = laterWeights[i - 1]?.fromStep ?? 0;
    if (Number.isInteger(fromStep) && fromStep > before) return;
    throw new GroundworkError('usage', `weights from step ${fromStep} on, expected a step after ${before}`, {
      hint: 'List the later weights by rising step.',
    });
  });
  const mixture = new Mixture(names, phases, seed);
  const shares = countsPerBlock(
    names,
    sources.map(({ weight }) => weight),
  );
  const rows = sources.map(({ dataset }) => new EpochRows(dataset, { contextLength, packing, seed }));

  const epochs = (numSteps: number): number[] => {
    const numRows = numSteps * batchSize;
    const used = sources.length === 1 ? [numRows] : mixture.rowsUsed(numRows);
    return used.map((count, i) => count / present(rows[i], 'rows').numRows);
  };
  checkEpochs(options, epochs);

  const located: MixtureRow = { dataset: 0, row: 0 };
  return {
    batchSize,
    contextLength,
    sources: rows.map(({ numRows, utilisation, plan }, i) => ({
      name: names[i] as string,
      numRows,
      utilisation,
      plan,
      rowsPerBlock: shares[i] as number,
    })),
    fingerprint: sha256Hex(canonicalJson(identityOf(options))),
    epochs,
    batch: (step, into = emptyBatch(batchSize, contextLength)) => {
      assert(Number.isInteger(step) && step >= 0, `no step ${step}`);
      assert(
        into.batchSize === batchSize && into.contextLength === contextLength,
        `room for a batch of ${into.batchSize} × ${into.contextLength}, not ${batchSize} × ${contextLength}`,
      );
      for (let i = 0; i < batchSize; i++) {
        located.dataset = 0;
        located.row = step * batchSize + i;
        if (sources.length > 1) mixture.locate(located.row, located);
        const source = rows[located.dataset] as EpochRows;
        into.datasets[i] = located.dataset;
        into.epochs[i] = source.epochOf(located.row);
        into.rows[i] = source.write(located.row, into, i * contextLength);
      }
      return into;
    },
  };
}

function checkSources(sources: readonly BatchSource[]): void {
  const [first] = sources;
  if (first === undefined) {
    throw new GroundworkError('usage', 'found no dataset to train on, expected at least one', {
      hint: 'Name a dataset.',
    });
  }
  const { tokenizer } = first.dataset.manifest.fingerprints;
  for (const { dataset } of sources) {
    const { name, fingerprints } = dataset.manifest;
    if (fingerprints.tokenizer !== tokenizer) {
      throw new GroundworkError(
        'dataset-mismatch',
        `dataset ${name} (${dataset.folder}) has tokenizer ${fingerprints.tokenizer.slice(0, 12)}, expected ` +
          `${tokenizer.slice(0, 12)}, that of ${first.dataset.manifest.name} (${first.dataset.folder})`,
        { hint: 'Build one of them again with the tokenizer of the other.' },
      );
    }
    if (dataset.train.numTokens === 0) {
      throw new GroundworkError('invalid-dataset', `dataset ${name} (${dataset.folder}) has no training tokens`, {
        hint: 'Build it from more text, or with a smaller validation part.',
      });
    }
  }
}

function checkEpochs({ sources, numSteps }: BatchesOptions, epochs: (numSteps: number) => number[]): void {
  const limited = sources.filter(({ maxEpochs }) => maxEpochs !== undefined);
  if (limited.length === 0) return;
  assert(numSteps !== undefined, 'a limit of epochs without the length of the run');
  const needed = epochs(numSteps);
  sources.forEach(({ dataset, maxEpochs }, i) => {
    const found = needed[i] as number;
    if (maxEpochs === undefined || found <= maxEpochs) return;
    throw new GroundworkError(
      'usage',
      `a run of ${numSteps} steps reads dataset ${dataset.manifest.name} ${found.toFixed(2)} times, expected at most ${maxEpochs}`,
      { hint: 'Train for fewer steps, give it a smaller weight, or add text to it.' },
    );
  });
}

function identityOf({ sources, batchSize, contextLength, seed, packing, laterWeights }: BatchesOptions): JsonValue {
  return {
    version: 1,
    datasets: sources.map(({ dataset }) => dataset.manifest.fingerprint),
    weights: sources.length === 1 ? [1] : sources.map(({ weight }) => weight),
    laterWeights:
      sources.length === 1 ? [] : (laterWeights ?? []).map(({ fromStep, weights }) => ({ fromStep, weights })),
    batchSize,
    contextLength,
    seed,
    packing: packing ?? 'stream',
  };
}
