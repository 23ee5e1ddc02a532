import { createHash } from 'node:crypto';
import { assert, type FileSystem, GroundworkError } from '../../core/index.ts';
import { resolveInside } from '../../core/node.ts';
import { type BuildReport, buildReportSchema } from '../build-report.ts';
import { DatasetPart } from './dataset-part.ts';
import {
  type DatasetFile,
  type DatasetManifest,
  type DatasetProblem,
  isProblem,
  manifestFile,
  readManifest,
  reportFile,
  tokenizerFile,
  validationTextFile,
} from './manifest.ts';
import { OpenFiles } from './open-files.ts';

/** A dataset that is open for reading; whoever opened it closes it. */
export interface Dataset {
  readonly folder: string;
  readonly manifest: DatasetManifest;
  readonly train: DatasetPart;
  readonly validation: DatasetPart;
  /** The text of `tokenizer.json`. */
  tokenizer(): string;
  /** What the build did with every document. */
  report(): BuildReport;
  /** The UTF-8 text of a validation document. */
  validationText(document: number): Uint8Array;
  /** Closes its files. */
  close(): void;
}

/** Shards that are open at a time; systems allow a process at least 256 files, often 1,024. */
const maxOpenFiles = 64;

/**
 * Opens a dataset. The manifest's own hash, and presence and size of each file are checked; contents are checked by
 * `verifyDataset`, except that small files are held against their SHA-256 when they are read.
 *
 * @throws `file-not-found` where there is no folder; `invalid-dataset` for the first thing that is wrong, with the file, what
 *   was found and what was expected; `unsafe-path` for a file that is a link to outside of the folder
 */
export function openDataset(fs: FileSystem, folder: string): Dataset {
  if (!fs.exists(folder)) {
    throw new GroundworkError('file-not-found', `there is no dataset at ${folder}`, {
      hint: 'Check the path, or build one with `groundwork data build`.',
    });
  }
  const complain = (file: string, expected: string, found: string): never => {
    throw new GroundworkError('invalid-dataset', `${folder}/${file}: found ${found}, expected ${expected}`, {
      hint: 'Build the dataset again, or take a fresh copy of it.',
    });
  };
  const manifest = readManifest(fs, folder);
  if (isProblem(manifest)) return complain(manifest.file, manifest.expected, manifest.found);
  for (const file of manifest.files) {
    resolveInside(folder, file.path);
    const problem = sizeProblem(fs, folder, file);
    if (problem !== undefined) complain(problem.file, problem.expected, problem.found);
  }

  const files = new OpenFiles(fs, maxOpenFiles);
  const train = new DatasetPart(fs, folder, manifest, 'train', files, complain);
  const validation = new DatasetPart(fs, folder, manifest, 'validation', files, complain);

  const readText = (path: string): string => {
    const file = manifest.files.find((listed) => listed.path === path);
    assert(file !== undefined, `${path} is not in the manifest`);
    const problem = sizeProblem(fs, folder, file);
    if (problem !== undefined) complain(problem.file, problem.expected, problem.found);
    const bytes = fs.readFile(`${folder}/${path}`);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== file.sha256) complain(path, `SHA-256 ${file.sha256}`, sha256);
    return new TextDecoder().decode(bytes);
  };
  let textStarts: Float64Array | undefined;

  return {
    folder,
    manifest,
    train,
    validation,
    tokenizer: () => readText(tokenizerFile),
    report: () => {
      const parsed = parseReport(readText(reportFile));
      return typeof parsed === 'string' ? complain(reportFile, 'the report of a build', parsed) : parsed;
    },
    validationText: (document) => {
      textStarts ??= textStartsOf(validation);
      const bytes = new Uint8Array(validation.documentBytes(document));
      const found = files.readAt(`${folder}/${validationTextFile}`, bytes, textStarts[document] as number);
      if (found < bytes.length) complain(validationTextFile, `${validation.numBytes} bytes`, 'fewer');
      return bytes;
    },
    close: () => files.close(),
  };
}

/** The report in a text, or what is wrong with it. */
export function parseReport(text: string): BuildReport | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (fault) {
    return (fault as Error).message;
  }
  const parsed = buildReportSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return `${issue?.path.join('.')}: ${issue?.message}`;
}

/** Whether there is `dataset.json` in a folder: a build that did not end leaves none. */
export function isDatasetFolder(fs: FileSystem, folder: string): boolean {
  return fs.exists(`${folder}/${manifestFile}`);
}

/** What is wrong with presence or size of a file, if anything. */
export function sizeProblem(fs: FileSystem, folder: string, file: DatasetFile): DatasetProblem | undefined {
  const location = `${folder}/${file.path}`;
  const expected = `${file.sizeBytes} bytes`;
  if (!fs.exists(location)) return { file: file.path, expected, found: 'no such file' };
  const { sizeBytes, isFolder } = fs.stat(location);
  if (isFolder) return { file: file.path, expected, found: 'a folder' };
  return sizeBytes === file.sizeBytes ? undefined : { file: file.path, expected, found: `${sizeBytes} bytes` };
}

function textStartsOf(validation: DatasetPart): Float64Array {
  const starts = new Float64Array(validation.numDocuments);
  let start = 0;
  for (let document = 0; document < starts.length; document++) {
    starts[document] = start;
    start += validation.documentBytes(document);
  }
  return starts;
}
