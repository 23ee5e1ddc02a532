import { basename, dirname, join, relative, resolve } from 'node:path';
import {
  canonicalJson,
  type FileSystem,
  GroundworkError,
  type JsonValue,
  present,
  sha256Hex,
} from '../../core/index.ts';
import { nodeFileSystem, takeLock } from '../../core/node.ts';
import { serializeTokenizer, type Tokenizer } from '../../tokenizer/index.ts';
import type { BuildReport } from '../build-report.ts';
import { type CleaningOptions, cleaningSteps, describeCleaning } from '../cleaning/pipeline.ts';
import { ContaminationIndex, type EvaluationTexts } from '../deduplication/contamination-index.ts';
import { findDuplicates } from '../deduplication/duplicates.ts';
import { numBands, signatureVersion } from '../deduplication/min-hash.ts';
import type { RecordStream } from '../document.ts';
import { applyFaultPolicy } from '../readers/fault-policy.ts';
import { openDataset } from '../store/dataset.ts';
import { type DatasetManifest, manifestFile, partNames } from '../store/manifest.ts';
import { publishDataset } from '../store/publication.ts';
import { verifyDataset } from '../store/verification.ts';
import { BlockSet, corpusHashOf } from './block-set.ts';
import type { BuildSettings } from './build-settings.ts';
import { cleanCorpus, type StageOptions } from './clean-stage.ts';
import { interruptible } from './interruptible.ts';
import type { BuildProgress } from './progress.ts';
import { recordBlocks } from './record-block.ts';
import { reportOf } from './report.ts';
import { chooseSides } from './split.ts';
import { surveyCorpus } from './survey-stage.ts';
import { tokenizeCorpus } from './tokenize-stage.ts';
import { buildingFolder, openWorkFolder, publishWorkFolder, refuseTarget } from './work-folder.ts';

/** What a dataset is to be built from, how, and where. */
export interface BuildRequest {
  /** The folder that becomes the dataset. While it is built it is called `FOLDER.building`. */
  readonly folder: string;
  /** The corpus. It is read once, in order; a build that is resumed reads it again and does again only what is missing. */
  readonly records: RecordStream;
  /** Size of what `records` reads, in bytes, for the time left. */
  readonly totalBytes?: number | undefined;
  readonly settings: BuildSettings;
  readonly cleaning: CleaningOptions;
  /** A tokenizer that exists; without one it is trained on the training documents. */
  readonly tokenizer?: Tokenizer | undefined;
  /** Texts that the model will be judged by; documents that share 13 words in a row with them are removed. */
  readonly evaluations?: readonly EvaluationTexts[];
  /** Whether a dataset at `folder` is replaced, at the moment when the new one is whole. Nothing else is ever replaced. */
  readonly replace?: boolean;
  /** Whether the work of an earlier build that was stopped is thrown away. */
  readonly restart?: boolean;
  readonly numWorkers: number;
  /** The version of Groundwork, for the manifest. */
  readonly groundworkVersion: string;
  readonly fs?: FileSystem;
  /** Ends the build at the next step; what is done stays, and the same build goes on from there. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: BuildProgress) => void;
}

export interface BuiltDataset {
  readonly folder: string;
  readonly manifest: DatasetManifest;
  readonly report: BuildReport;
}

/**
 * Builds a dataset: reads, cleans, deduplicates, splits, tokenizes, publishes. Equal records and settings give equal bytes,
 * for any number of workers and however often the build was stopped in between.
 *
 * @throws `empty-corpus` where nothing is left; `file-access` where the dataset exists; `locked`, `dataset-mismatch` (see
 *   `openWorkFolder`); `invalid-document` under the policy `stop`; `invalid-tokenizer` for one without a begin token;
 *   `disk-full`; `interrupted`
 */
export async function buildDataset(request: BuildRequest): Promise<BuiltDataset> {
  const { settings, cleaning, fs = nodeFileSystem } = request;
  const folder = resolve(request.folder);
  const evaluations = request.evaluations?.length ? ContaminationIndex.build(request.evaluations) : undefined;
  const allSettings: JsonValue = {
    build: JSON.parse(JSON.stringify(settings)),
    cleaning: describeCleaning(cleaning),
    contamination: evaluations ? { names: [...evaluations.data.names], sha256: evaluations.hash } : null,
    tokenizer: request.tokenizer ? request.tokenizer.fingerprint : null,
  };
  refuseWithoutBegin(request.tokenizer);
  refuseWorkingFolder(folder);
  refuseTarget(fs, folder, request.replace === true);
  fs.makeFolder(dirname(folder));
  const unlock = takeLock(`${folder}.lock`, folder);
  try {
    if (request.restart) fs.remove(buildingFolder(folder));
    const finished = await finishBefore(fs, folder, allSettings, request);
    return finished ?? (await build(fs, folder, allSettings, evaluations, request));
  } finally {
    unlock();
  }
}

async function build(
  fs: FileSystem,
  folder: string,
  allSettings: JsonValue,
  evaluations: ContaminationIndex | undefined,
  request: BuildRequest,
): Promise<BuiltDataset> {
  const { settings, cleaning, signal, groundworkVersion, onProgress = () => undefined } = request;
  const work = openWorkFolder(fs, folder, { settings: allSettings, groundworkVersion });
  const checkStop = () => {
    if (signal?.aborted) throw interrupted(folder, work.folder);
  };
  try {
    const options: StageOptions = { fs, work, numWorkers: request.numWorkers, onProgress, checkStop };
    const records = interruptible(request.records, signal, () => interrupted(folder, work.folder));
    const context = { settings, cleaning, contamination: evaluations?.data, madeBy: work.madeBy };
    const cleaned = await cleanCorpus(records, context, request.totalBytes, options);
    const corpus = new BlockSet(cleaned.blocks);
    const duplicates = await findDuplicates(
      {
        numDocuments: corpus.numDocuments,
        readExactKeys: () => corpus.column('exactKeys', 4),
        readBand: (band) => {
          checkStop();
          onProgress({ stage: 'duplicates', done: band, total: numBands, unit: 'bands', resumed: 0 });
          return corpus.band(band);
        },
      },
      { exact: settings.removeExactDuplicates, near: settings.removeNearDuplicates },
    );
    const sides = chooseSides(corpus, duplicates.fates, settings, cleaned.accounts.data());
    const survey = await surveyCorpus(corpus, sides, settings, request.tokenizer, options);
    const { tokenizer } = survey;
    const tokenized = await tokenizeCorpus(corpus, survey.sides, tokenizer, options);

    onProgress({ stage: 'publish', done: 0, total: undefined, unit: 'blocks', resumed: 0 });
    const report = reportOf({
      corpus,
      duplicates,
      leaks: survey.leaks,
      cleaned,
      cleaningSteps: cleaningSteps.map(({ name }) => name),
    });
    removeStrayFiles(fs, work.folder, tokenized.shards);
    const manifest = publishDataset(fs, work.folder, {
      name: basename(folder),
      fingerprints: {
        ...fingerprintsOf(settings, cleaning, evaluations),
        corpus: corpus.corpusSha256,
        tokenizer: tokenizer.fingerprint,
      },
      settings: allSettings,
      vocabularySize: tokenizer.vocabularySize,
      beginToken: present(tokenizer.beginToken, 'begin token'),
      shards: tokenized.shards,
      validationText: tokenized.validationText,
      tokenizer: serializeTokenizer(tokenizer),
      report,
      groundworkVersion,
    });
    publishWorkFolder(fs, folder, request.replace === true);
    return { folder, manifest, report };
  } catch (fault) {
    // What an earlier run did is not thrown away for an input that was mistaken.
    const isEmpty = fault instanceof GroundworkError && fault.code === 'empty-corpus';
    if (isEmpty && !work.isResumed) work.discard();
    throw fault;
  }
}

/** Fingerprints of what the settings decide, apart from the corpus and the tokenizer, which have their own. */
function fingerprintsOf(
  settings: BuildSettings,
  cleaning: CleaningOptions,
  evaluations: ContaminationIndex | undefined,
) {
  const fingerprint = (...values: readonly JsonValue[]) => sha256Hex(canonicalJson(values));
  const { textField, header, groupField = null, onFault } = settings;
  return {
    cleaning: fingerprint(textField, header, onFault, describeCleaning(cleaning), evaluations?.hash ?? null),
    deduplication: fingerprint(signatureVersion, settings.removeExactDuplicates, settings.removeNearDuplicates),
    split: fingerprint(
      settings.validationFraction,
      settings.maximumValidationBytes,
      settings.leakSimilarity,
      groupField,
    ),
  };
}

function interrupted(folder: string, working: string): GroundworkError {
  return new GroundworkError('interrupted', `the build of ${folder} was stopped`, {
    hint: `What is done lies in ${working}; the same command goes on from there.`,
  });
}

function refuseWithoutBegin(tokenizer: Tokenizer | undefined): void {
  if (tokenizer === undefined || tokenizer.beginToken !== undefined) return;
  throw new GroundworkError('invalid-tokenizer', 'the tokenizer has no special token for the beginning of a document', {
    hint: 'Add <|bos|> or <|endoftext|> to its special tokens, or let the build train a tokenizer.',
  });
}

/** The folder that one stands in, or one that holds it, is no place for a dataset: it would be renamed away. */
function refuseWorkingFolder(folder: string): void {
  const way = relative(folder, process.cwd());
  if (way !== '' && (way.startsWith('..') || resolve(way) === way)) return;
  throw new GroundworkError('file-access', `${folder} holds the folder that this command runs in`, {
    hint: 'Name a folder below it, such as datasets/mine.',
  });
}

/**
 * A build that was stopped after its manifest was written needs only its name, if it is of the same settings and the same
 * text. The text is read again to tell.
 *
 * @throws `dataset-mismatch` where it is of other text
 */
async function finishBefore(
  fs: FileSystem,
  folder: string,
  settings: JsonValue,
  request: BuildRequest,
): Promise<BuiltDataset | undefined> {
  const building = buildingFolder(folder);
  if (!fs.exists(join(building, manifestFile))) return undefined;
  // Its work lies there too, which the manifest does not know.
  const problems = verifyDataset(fs, building, { deep: true }).filter(({ file }) => !file.startsWith('work'));
  const manifest = problems.length === 0 ? openDataset(fs, building).manifest : undefined;
  const { createdBy } = manifest ?? {};
  if (
    manifest === undefined ||
    createdBy?.groundwork !== request.groundworkVersion ||
    canonicalJson(manifest.settings) !== canonicalJson(settings)
  ) {
    // What is left of its work is checked piece by piece when the build goes on.
    fs.remove(join(building, manifestFile));
    return undefined;
  }
  const hashes: string[] = [];
  const stop = () => interrupted(folder, building);
  const records = interruptible(request.records, request.signal, stop);
  const onFault = (fault: Parameters<typeof applyFaultPolicy>[0]) => applyFaultPolicy(fault, request.settings.onFault);
  for await (const { sha256 } of recordBlocks(records, onFault)) hashes.push(sha256);
  if (corpusHashOf(hashes) !== manifest.fingerprints.corpus) {
    throw new GroundworkError('dataset-mismatch', `${building} is a finished build of other text`, {
      hint: 'Give the text that it was built from, or begin anew with --restart.',
    });
  }
  publishWorkFolder(fs, folder, request.replace === true);
  const dataset = openDataset(fs, folder);
  return { folder, manifest: dataset.manifest, report: dataset.report() };
}

/** Removes shards that an earlier build left which read another corpus. */
function removeStrayFiles(
  fs: FileSystem,
  folder: string,
  shards: {
    readonly [part in 'train' | 'validation']: readonly { readonly files: readonly { readonly path: string }[] }[];
  },
): void {
  const wanted = new Set(
    partNames.flatMap((part) => shards[part].flatMap(({ files }) => files.map(({ path }) => path))),
  );
  for (const part of partNames) {
    if (!fs.exists(join(folder, part))) continue;
    for (const name of fs.list(join(folder, part)))
      if (!wanted.has(`${part}/${name}`)) fs.remove(join(folder, part, name));
  }
}
