import { type FileSystem, GroundworkError, type JsonValue } from '../../core/index.ts';
import { parseTokenizer, type Tokenizer } from '../../tokenizer/index.ts';
import type { BuildReport } from '../build-report.ts';
import { type Dataset, openDataset } from '../store/dataset.ts';
import { type DatasetFingerprints, manifestFile, type PartName, partNames } from '../store/manifest.ts';
import type { TokenType } from '../store/shard.ts';
import { BigramModel } from './bigram-model.ts';
import { type Distribution, distributionOf, growingBins } from './distribution.ts';
import { sampleDocuments, visitDocuments } from './document-sample.ts';
import { type DocumentScore, scoreDocuments } from './document-scores.ts';
import { beginningOf, strangestStretchOf } from './excerpts.ts';
import { type TokenStatistics, tokenStatistics } from './token-statistics.ts';

/** Sizes of a dataset or of a part of it. Tokens include the begin token of each document. */
export interface Sizes {
  readonly numDocuments: number;
  readonly numBytes: number;
  readonly numTokens: number;
  readonly numShards: number;
}

/** A document that a bigram model finds likely, with the beginning of its text; or unlikely, with its strangest stretch. */
export interface JudgedDocument extends DocumentScore {
  readonly excerpt: string;
}

/** How a bigram model sees a dataset: a baseline for other models, and a way to find documents that are odd. */
export interface BigramInspection {
  /** What the model was made from: all training documents, or an even sample of them. */
  readonly numDocuments: number;
  readonly numTokens: number;
  readonly isWhole: boolean;
  /** The discount D of its Kneser–Ney smoothing. */
  readonly discount: number;
  /** Training documents, each judged by the model of all others; null where there is nothing to judge. */
  readonly trainBitsPerByte: number | null;
  /** Validation documents (an even sample where they are many); null where there are none. */
  readonly validationBitsPerByte: number | null;
  /** Documents shorter than this are not compared. */
  readonly minBytes: number;
  /** Bits per byte of the training documents that are compared. */
  readonly distribution: Distribution;
  readonly mostLikely: readonly JudgedDocument[];
  readonly leastLikely: readonly JudgedDocument[];
}

/** All that there is to see in a dataset, as plain data: this is what `--json` prints. */
export interface DatasetInspection {
  readonly name: string;
  readonly fingerprint: string;
  readonly fingerprints: DatasetFingerprints;
  readonly settings: JsonValue;
  readonly createdBy: { readonly groundwork: string };
  readonly tokenType: TokenType;
  readonly vocabularySize: number;
  readonly total: Sizes;
  readonly parts: Readonly<Record<PartName, Sizes>>;
  /** All files together. */
  readonly diskBytes: number;
  readonly report: BuildReport;
  /** Lengths of all documents. */
  readonly lengths: { readonly bytes: Distribution; readonly tokens: Distribution };
  readonly tokens: TokenStatistics;
  readonly bigram: BigramInspection;
}

export interface InspectionOptions {
  /** The most tokens that are read for statistics; larger datasets are sampled. By default 10 million, some seconds. */
  readonly maxTokens?: number;
  /** Documents shorter than this are not compared by likelihood. By default 200. */
  readonly minBytes?: number;
  /** By default that of the dataset. */
  readonly tokenizer?: Tokenizer;
}

const defaultMaxTokens = 10_000_000;
const defaultMinBytes = 200;
const numJudgedShown = 8;

/**
 * Looks at a dataset: reads its manifest, its report and its tokens. Time and memory are bounded by `maxTokens`, apart from
 * 24 bytes for each document.
 *
 * @throws what `openDataset` throws for a folder that holds no dataset that can be used
 */
export function inspectDataset(fs: FileSystem, folder: string, options: InspectionOptions = {}): DatasetInspection {
  const dataset = openDataset(fs, folder);
  try {
    const { manifest } = dataset;
    const tokenizer = options.tokenizer ?? parseTokenizer(dataset.tokenizer());
    const maxTokens = options.maxTokens ?? defaultMaxTokens;
    const { model, counts, sample } = readTrainingTokens(dataset, maxTokens);
    const parts = { train: sizesOf(dataset, 'train'), validation: sizesOf(dataset, 'validation') };
    const discount = model.estimateDiscount();
    const scoring = { minBytes: options.minBytes ?? defaultMinBytes, numNamed: numJudgedShown };
    const train = scoreDocuments(dataset.train, sample, model, { ...scoring, isLeftOut: true });
    const validationSample = sampleDocuments(dataset.validation, maxTokens / 4);
    const validation = scoreDocuments(dataset.validation, validationSample, model, { ...scoring, isLeftOut: false });
    const likely = train.mostLikely.map((score) => ({
      ...score,
      excerpt: beginningOf(dataset.train, score.document, tokenizer),
    }));
    const unlikely = train.leastLikely.map((score) => ({
      ...score,
      excerpt: strangestStretchOf(dataset.train, score.document, tokenizer, model),
    }));
    return {
      name: manifest.name,
      fingerprint: manifest.fingerprint,
      fingerprints: manifest.fingerprints,
      settings: manifest.settings,
      createdBy: manifest.createdBy,
      tokenType: manifest.tokenType,
      vocabularySize: manifest.vocabularySize,
      total: sum(parts.train, parts.validation),
      parts,
      diskBytes: manifest.files.reduce(
        (total, { sizeBytes }) => total + sizeBytes,
        fs.stat(`${folder}/${manifestFile}`).sizeBytes,
      ),
      report: dataset.report(),
      lengths: lengthsOf(dataset),
      tokens: tokenStatistics(counts, tokenizer, manifest.beginToken),
      bigram: {
        numDocuments: sample.numDocuments,
        numTokens: sample.numTokens,
        isWhole: sample.isWhole,
        discount,
        trainBitsPerByte: train.bitsPerByte,
        validationBitsPerByte: validation.bitsPerByte,
        minBytes: scoring.minBytes,
        distribution: train.distribution,
        mostLikely: likely,
        leastLikely: unlikely,
      },
    };
  } finally {
    dataset.close();
  }
}

function readTrainingTokens({ train, manifest, folder }: Dataset, maxTokens: number) {
  const { vocabularySize } = manifest;
  const sample = sampleDocuments(train, maxTokens);
  const model = new BigramModel(vocabularySize);
  const counts = new Float64Array(vocabularySize);
  visitDocuments(train, sample, (tokens, start, end, document) => {
    for (let i = start; i < end; i++) {
      const token = tokens[i] as number;
      if (token >= vocabularySize) {
        throw new GroundworkError(
          'invalid-dataset',
          `${folder}: training document ${document} holds token ${token}, expected less than ${vocabularySize}`,
          { hint: 'Build the dataset again, or take a fresh copy of it.' },
        );
      }
      counts[token] = (counts[token] as number) + 1;
    }
    model.add(tokens, start, end);
  });
  return { model, counts, sample };
}

function sizesOf(dataset: Dataset, part: PartName): Sizes {
  const { numDocuments, numBytes, numTokens, shards } = dataset.manifest[part];
  return { numDocuments, numBytes, numTokens, numShards: shards.length };
}

function sum(a: Sizes, b: Sizes): Sizes {
  return {
    numDocuments: a.numDocuments + b.numDocuments,
    numBytes: a.numBytes + b.numBytes,
    numTokens: a.numTokens + b.numTokens,
    numShards: a.numShards + b.numShards,
  };
}

function lengthsOf(dataset: Dataset): DatasetInspection['lengths'] {
  const numDocuments = dataset.train.numDocuments + dataset.validation.numDocuments;
  const bytes = new Float64Array(numDocuments);
  const tokens = new Float64Array(numDocuments);
  let place = 0;
  for (const name of partNames) {
    const part = dataset[name];
    let start = 0;
    for (let document = 0; document < part.numDocuments; document++, place++) {
      const end = part.documentEnd(document);
      bytes[place] = part.documentBytes(document);
      tokens[place] = end - start;
      start = end;
    }
  }
  return { bytes: distributionOf(bytes, growingBins), tokens: distributionOf(tokens, growingBins) };
}
