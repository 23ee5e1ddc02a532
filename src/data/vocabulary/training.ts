import { dirname } from 'node:path';
import { type FileSystem, GroundworkError } from '../../core/index.ts';
import { nodeFileSystem, writeDurably } from '../../core/node.ts';
import {
  compressionOf,
  serializeTokenizer,
  type Tokenizer,
  type TokenizerTrainingOptions,
  tokenizerConfigJson,
  trainTokenizer,
} from '../../tokenizer/index.ts';
import { trainTokenizerInParallel } from '../../tokenizer/node.ts';
import type { BuildProgress } from '../build/progress.ts';
import type { RecordFault, RecordFaultKind, RecordStream, SkippedSource, SkipReason } from '../document.ts';
import { applyFaultPolicy, type FaultPolicy } from '../readers/fault-policy.ts';
import { parsedTexts } from './parsed-texts.ts';
import { characterBoundary, TextSample } from './text-sample.ts';

export interface VocabularyRequest extends TokenizerTrainingOptions {
  readonly records: RecordStream;
  /** Size of what `records` reads, in bytes, for the time left. */
  readonly totalBytes?: number | undefined;
  /** The field of a JSON record that holds its text; `text` unless told. */
  readonly textField?: string | undefined;
  /** What happens at a record that cannot be read; `skip` unless told. */
  readonly onFault?: FaultPolicy | undefined;
  /** How much text is counted at most, in bytes: reading ends there, within a document. */
  readonly maximumBytes?: number | undefined;
  readonly numWorkers: number;
  readonly onProgress?: (progress: BuildProgress) => void;
  /** Ends the training while it reads. */
  readonly signal?: AbortSignal | undefined;
}

/** A tokenizer that was trained on a corpus, and what it was trained on. */
export interface TrainedVocabulary {
  readonly tokenizer: Tokenizer;
  readonly numDocuments: number;
  /** Bytes of text that were counted. */
  readonly numBytes: number;
  /** Whether `maximumBytes` ended the reading. */
  readonly isCut: boolean;
  readonly numFaults: ReadonlyMap<RecordFaultKind, number>;
  readonly numSkipped: ReadonlyMap<SkipReason, number>;
  /** What the tokenizer makes of a sample of the text. */
  readonly sample: { readonly numBytes: number; readonly numTokens: number };
}

/** The sample: so many documents at most, and so much of each. */
const sampleDocuments = 512;
const sampleDocumentBytes = 8192;

/**
 * Trains a tokenizer on a corpus. Documents are units: no token spans two of them. The same for any number of workers.
 *
 * @throws `empty-corpus` where there is no text; `invalid-document` under the policy `stop`; `interrupted`; what
 *   `trainTokenizer` and the reader throw
 */
export async function trainVocabulary(request: VocabularyRequest): Promise<TrainedVocabulary> {
  const { records, totalBytes, textField, onFault = 'skip', numWorkers, onProgress, signal } = request;
  const maximumBytes = request.maximumBytes ?? Number.POSITIVE_INFINITY;
  // Finds what is wrong with the options before an hour is spent on reading.
  trainTokenizer([], request);
  const sample = new TextSample(sampleDocuments, sampleDocumentBytes);
  const numFaults = new Map<RecordFaultKind, number>();
  const numSkipped = new Map<SkipReason, number>();
  let [numDocuments, numBytes, isCut] = [0, 0, false];
  const countFault = (fault: RecordFault) => {
    applyFaultPolicy(fault, onFault);
    numFaults.set(fault.kind, (numFaults.get(fault.kind) ?? 0) + 1);
  };
  const countSkipped = ({ reason }: SkippedSource) => {
    numSkipped.set(reason, (numSkipped.get(reason) ?? 0) + 1);
  };

  async function* batches(): AsyncGenerator<Uint8Array[]> {
    const options = { numWorkers, onFault: countFault, onSkipped: countSkipped };
    const parsing = textField === undefined ? options : { ...options, textField };
    for await (const { texts, bytesRead } of parsedTexts(records, parsing)) {
      if (signal?.aborted) throw stopped();
      const batch: Uint8Array[] = [];
      for (const whole of texts) {
        const text = whole.subarray(0, characterBoundary(whole, maximumBytes - numBytes));
        if (text.length > 0) {
          sample.add(text);
          batch.push(text);
          numDocuments++;
          numBytes += text.length;
        }
        if (text.length < whole.length) {
          isCut = true;
          break;
        }
      }
      onProgress?.({ stage: 'survey', done: bytesRead, total: totalBytes, unit: 'bytes', resumed: 0 });
      yield batch;
      if (isCut) break;
    }
    if (numBytes === 0) throw emptyCorpus(numFaults, numSkipped);
    onProgress?.({ stage: 'tokenizer', done: 0, total: undefined, unit: 'blocks', resumed: 0 });
  }

  const tokenizer = await trainTokenizerInParallel(batches(), request);
  if (signal?.aborted) throw stopped();
  const [found] = compressionOf([{ name: 'sample', documents: sample.documents }], [tokenizer]);
  return {
    tokenizer,
    numDocuments,
    numBytes,
    isCut,
    numFaults,
    numSkipped,
    sample: { numBytes: found?.numBytes ?? 0, numTokens: found?.numTokens[0] ?? 0 },
  };
}

/**
 * Where a tokenizer is to be written: the file itself for a name that ends in `.json`, else `tokenizer.json` in a folder, with
 * the `tokenizer_config.json` that `transformers` reads.
 *
 * @throws `file-access` where there is one and it is not to be replaced
 */
export function vocabularyFiles(
  path: string,
  replace: boolean,
  fs: FileSystem = nodeFileSystem,
): { readonly tokenizer: string; readonly config?: string } {
  const isFolder = fs.exists(path) ? fs.stat(path).isFolder : !path.endsWith('.json');
  const files = isFolder
    ? {
        tokenizer: `${path.replace(/\/$/, '')}/tokenizer.json`,
        config: `${path.replace(/\/$/, '')}/tokenizer_config.json`,
      }
    : { tokenizer: path };
  const existing = Object.values(files).find((file) => fs.exists(file));
  if (existing === undefined || replace) return files;
  throw new GroundworkError('file-access', `${existing} exists already`, {
    hint: 'Choose another name, or replace it with --replace.',
  });
}

/** A tokenizer reads a text of any length; `transformers` knows that by this number. */
const anyLength = 1e30;

/** Writes a tokenizer to the files of `vocabularyFiles`, `tokenizer.json` last. */
export function writeVocabulary(
  tokenizer: Tokenizer,
  files: { readonly tokenizer: string; readonly config?: string },
  fs: FileSystem = nodeFileSystem,
): void {
  const encoder = new TextEncoder();
  fs.makeFolder(dirname(files.tokenizer));
  if (files.config !== undefined) {
    writeDurably(fs, files.config, [encoder.encode(tokenizerConfigJson(tokenizer, { contextLength: anyLength }))]);
  }
  writeDurably(fs, files.tokenizer, [encoder.encode(serializeTokenizer(tokenizer))]);
}

function stopped(): GroundworkError {
  return new GroundworkError('interrupted', 'the training of the tokenizer was stopped', {
    hint: 'Nothing was written; the same command begins anew.',
  });
}

function emptyCorpus(
  faults: ReadonlyMap<RecordFaultKind, number>,
  skipped: ReadonlyMap<SkipReason, number>,
): GroundworkError {
  const reasons = [...faults, ...skipped].map(([reason, count]) => `${count} ${reason}`).join(', ');
  return new GroundworkError('empty-corpus', `there is no text to train on${reasons && `; passed over: ${reasons}`}`, {
    hint: 'Check what was named, and --format and --text-field.',
  });
}
