import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { canonicalJson, GroundworkError } from '../../core/index.ts';
import { faultOfPath, nodeFileSystem } from '../../core/node.ts';
import type { RecordStream, SourceRecord } from '../document.ts';
import { readCorpus } from '../readers/corpus-reader.ts';
import { formatOfBytes, headBytes } from '../readers/file-format.ts';
import { joinedRecords } from '../readers/joined-records.ts';
import { isDatasetFolder } from '../store/dataset.ts';
import { buildDataset } from './build.ts';
import { type BuildSettings, buildSettingsSchema } from './build-settings.ts';
import type { BuildProgress } from './progress.ts';

export interface CorpusDatasetRequest {
  /** Files, folders and globs, as `readCorpus` takes them. */
  readonly inputs: readonly string[];
  /** Where the dataset goes: `PARENT/NAME-HASH`. */
  readonly parent: string;
  /** The size of the vocabulary, if it is not to follow that of the text. */
  readonly vocabularySize?: number | undefined;
  readonly numWorkers: number;
  readonly groundworkVersion: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: BuildProgress) => void;
}

export interface CorpusDataset {
  readonly folder: string;
  /** False where the dataset of the same text was there already. */
  readonly isNew: boolean;
  readonly numBytes: number;
  readonly settings: BuildSettings;
}

/** With less text than this there is nothing to learn from and nothing to hold out. */
const leastBytes = 1000;
/** For less text than this, a thread takes longer to start than it saves. */
const bytesPerWorker = 2 ** 21;
/** A corpus of fewer records than this is cut into about as many, so that some can be held out. */
const wantedRecords = 50;

/**
 * The dataset of a corpus, with settings that suit its size: a small vocabulary for little text, and a few long texts
 * cut so that some can be held out. Its name ends in a hash of the text and the settings, so that the dataset is found again when
 * neither changed, and a text that did change makes another one beside it. Unlike `data build` it also reads files in folders
 * whose names tell no format but whose bytes are text, such as source code.
 *
 * @throws `empty-corpus` where there is too little text, with what was passed over; what `readCorpus` and `buildDataset` throw
 */
export async function datasetOfCorpus(request: CorpusDatasetRequest): Promise<CorpusDataset> {
  const { inputs, parent, vocabularySize, signal } = request;
  const survey = await surveyInputs(inputs, signal);
  if (survey.numBytes < leastBytes) throw tooLittle(inputs, survey);
  const settings = settingsFor(survey, vocabularySize);
  const hash = createHash('sha256')
    .update(survey.sha256)
    .update(canonicalJson({ ...settings, groupField: settings.groupField ?? null }))
    .digest('hex');
  const folder = join(parent, `${nameAfter(inputs[0] ?? '')}-${hash.slice(0, 8)}`);
  const about = { folder, numBytes: survey.numBytes, settings };
  if (isDatasetFolder(nodeFileSystem, folder)) return { ...about, isNew: false };
  await buildDataset({
    folder,
    records: recordsOf(inputs, survey.textFiles, settings.maximumDocumentBytes),
    totalBytes: survey.numBytes,
    settings,
    cleaning: { preset: 'none' },
    numWorkers: Math.min(request.numWorkers, Math.ceil(survey.numBytes / bytesPerWorker)),
    groundworkVersion: request.groundworkVersion,
    signal,
    ...(request.onProgress && { onProgress: request.onProgress }),
  });
  return { ...about, isNew: true };
}

function recordsOf(inputs: readonly string[], textFiles: readonly string[], maximumDocumentBytes?: number) {
  const limit = maximumDocumentBytes === undefined ? {} : { maximumDocumentBytes };
  return joinedRecords([
    readCorpus(inputs, limit),
    ...(textFiles.length === 0 ? [] : [readCorpus(textFiles, { ...limit, format: 'text' })]),
  ]);
}

interface Survey {
  numBytes: number;
  numRecords: number;
  /** The longest line of a text, or the longest record of another format: what must not be cut. */
  longestPiece: number;
  /** Files in folders whose names tell nothing and whose bytes are text. */
  readonly textFiles: string[];
  /** How many files were passed over, by reason. */
  readonly numSkipped: Map<string, number>;
  sha256: string;
}

/** Reads the whole corpus once: what it holds, and a hash by which it is known again. */
async function surveyInputs(inputs: readonly string[], signal: AbortSignal | undefined): Promise<Survey> {
  const survey: Survey = {
    numBytes: 0,
    numRecords: 0,
    longestPiece: 0,
    textFiles: [],
    numSkipped: new Map(),
    sha256: '',
  };
  const hash = createHash('sha256');
  const read = async (stream: RecordStream, onSkipped: (source: string, reason: string) => Promise<void>) => {
    for await (const { records, skipped = [], faults } of stream) {
      if (signal?.aborted) throw interrupted();
      for (const record of records) addRecord(survey, record, hash);
      for (const { kind } of faults) countSkipped(survey, kind);
      for (const { source, reason } of skipped) await onSkipped(source, reason);
    }
  };
  for (const input of inputs) {
    // One input at a time: then a source is a path in it.
    await read(readCorpus([input]), async (source, reason) => {
      const path = join(folderOf(input), source);
      if (reason === 'unknown-format' && (await isText(path))) survey.textFiles.push(path);
      else countSkipped(survey, reason);
    });
  }
  if (survey.textFiles.length > 0) {
    await read(readCorpus(survey.textFiles, { format: 'text' }), async (_, reason) => countSkipped(survey, reason));
  }
  survey.sha256 = hash.digest('hex');
  return survey;
}

function addRecord(survey: Survey, record: SourceRecord, hash: ReturnType<typeof createHash>): void {
  const { bytes, format, source } = record;
  survey.numBytes += bytes.length;
  survey.numRecords += 1;
  survey.longestPiece = Math.max(survey.longestPiece, isLines(format) ? longestLine(bytes) : bytes.length);
  hash.update(`${JSON.stringify([source, format, bytes.length])}\n`).update(bytes);
}

const isLines = (format: SourceRecord['format']): boolean => format === 'text' || format === 'markdown';

function longestLine(bytes: Uint8Array): number {
  let longest = 0;
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(10, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    longest = Math.max(longest, end - start);
    start = end;
  }
  return longest;
}

function countSkipped(survey: Survey, reason: string): void {
  survey.numSkipped.set(reason, (survey.numSkipped.get(reason) ?? 0) + 1);
}

/** Settings that suit a corpus of this size. */
function settingsFor(survey: Survey, vocabularySize: number | undefined): BuildSettings {
  const { numBytes, numRecords, longestPiece } = survey;
  const isCut = numRecords < wantedRecords;
  return buildSettingsSchema.parse({
    vocabularySize: vocabularySize ?? vocabularySizeFor(numBytes),
    validationFraction: numBytes < 1e8 ? 0.05 : 0.02,
    ...(isCut && {
      maximumDocumentBytes: Math.min(2 ** 23, Math.max(64, Math.ceil(numBytes / wantedRecords), longestPiece)),
    }),
  });
}

/**
 * A vocabulary that grows with the square root of the text: 8,192 for ten million bytes, 3,072 for one million, as powers of two
 * and their halves between. A larger one would leave most tokens too rare to be learned.
 */
export function vocabularySizeFor(numBytes: number): number {
  const wanted = 2.56 * Math.sqrt(numBytes);
  const power = 2 ** Math.floor(Math.log2(wanted));
  const rounded = wanted < 1.25 * power ? power : wanted < 1.75 * power ? 1.5 * power : 2 * power;
  return Math.min(16_384, Math.max(320, rounded));
}

/** Whether a file begins with text: UTF-8 without NUL. */
async function isText(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  // One that cannot be opened is passed over for its unknown format.
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(headBytes), 0, headBytes, 0);
    const head = buffer.subarray(0, bytesRead);
    if (bytesRead === 0 || formatOfBytes(head) === 'binary') return false;
    // A character that the end of the head cuts is no fault.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

function folderOf(input: string): string {
  const path = resolve(input);
  return existsSync(path) && statSync(path).isDirectory() ? path : dirname(path);
}

/** The name of a dataset after an input: that of the folder, or of the file without its endings. */
export function nameAfter(input: string): string {
  if (input === '-') return 'stdin';
  const name = basename(resolve(input));
  const isFile = existsSync(input) && statSync(input).isFile();
  const bare = isFile ? name.replace(/(\.[a-z0-9]+)+$/i, '') : name;
  // A glob names no place.
  return faultOfPath(bare) === undefined ? bare : 'dataset';
}

function tooLittle(inputs: readonly string[], { numBytes, numSkipped }: Survey): GroundworkError {
  const skipped = [...numSkipped].map(([reason, count]) => `${count} ${reason}`).join(', ');
  const found = numBytes === 0 ? 'found no text' : `found ${numBytes} bytes of text`;
  const passedOver = skipped === '' ? '' : ` (files passed over: ${skipped})`;
  return new GroundworkError(
    'empty-corpus',
    `${found} in ${inputs.join(', ')}${passedOver}, expected at least ${leastBytes} bytes`,
    {
      hint:
        'Name files or folders with text in them: plain text, Markdown, HTML, JSON lines, Parquet, source code. ' +
        'A first model wants some hundred kilobytes.',
    },
  );
}

function interrupted(): GroundworkError {
  return new GroundworkError('interrupted', 'stopped while the text was read', {
    hint: 'Nothing was written; the same command begins again.',
  });
}
