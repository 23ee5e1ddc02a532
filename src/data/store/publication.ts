import { assert, canonicalJson, type FileSystem, type JsonValue } from '../../core/index.ts';
import { writeDurably } from '../../core/node.ts';
import type { BuildReport } from '../build-report.ts';
import {
  type DatasetFile,
  type DatasetFingerprints,
  type DatasetManifest,
  fingerprintOf,
  isProblem,
  manifestFile,
  manifestText,
  type PartName,
  partNames,
  readManifest,
  reportFile,
  shardName,
  shardPaths,
  tokenizerFile,
  validationTextFile,
} from './manifest.ts';
import { type EncodedShard, type ShardCounts, tokenTypeFor } from './shard.ts';

/** A shard that stands on the disk: its counts and its two files. Plain data, so that a build can note it and resume. */
export interface WrittenShard extends ShardCounts {
  readonly part: PartName;
  readonly number: number;
  /** The `.documents` file, then the `.tokens` file. */
  readonly files: readonly [DatasetFile, DatasetFile];
}

/** Everything of a dataset that is not in its shards. */
export interface DatasetContents {
  readonly name: string;
  readonly fingerprints: DatasetFingerprints;
  /** What the dataset was built with, for people and for a rebuild: no times, no absolute paths. */
  readonly settings: JsonValue;
  readonly vocabularySize: number;
  readonly beginToken: number;
  /** Each part's shards in the order of their numbers. */
  readonly shards: Readonly<Record<PartName, readonly WrittenShard[]>>;
  /** What `writeValidationText` returned. */
  readonly validationText: DatasetFile;
  /** The text of `tokenizer.json`. */
  readonly tokenizer: string;
  readonly report: BuildReport;
  /** The version of Groundwork that builds. */
  readonly groundworkVersion: string;
}

/**
 * Writes the two files of a shard durably.
 *
 * @param folder the folder that becomes the dataset
 * @param number which shard of its part it is, from 0
 */
export function writeShard(
  fs: FileSystem,
  folder: string,
  part: PartName,
  number: number,
  shard: EncodedShard,
): WrittenShard {
  const paths = shardPaths(part, number);
  fs.makeFolder(`${folder}/${part}`);
  const documents = writeFile(fs, folder, paths.documents, [shard.documents]);
  const tokens = writeFile(fs, folder, paths.tokens, [shard.tokens]);
  assert(documents.sha256 === shard.documentsSha256, `${paths.documents} changed on its way from the worker`);
  assert(tokens.sha256 === shard.tokensSha256, `${paths.tokens} changed on its way from the worker`);
  const { numTokens, numDocuments, numBytes } = shard;
  return { part, number, numTokens, numDocuments, numBytes, files: [documents, tokens] };
}

/**
 * Writes `validation.text` durably: the text of the validation documents in UTF-8, one after another without anything
 * between them. It does not depend on the tokenizer, so that models with other tokenizers are measured on the same bytes.
 */
export function writeValidationText(fs: FileSystem, folder: string, chunks: Iterable<Uint8Array>): DatasetFile {
  return writeFile(fs, folder, validationTextFile, chunks);
}

/**
 * Makes a dataset of a folder that holds its shards and validation text: writes tokenizer, report, and last the manifest.
 * A folder without a manifest is no dataset, so that a build that stops at any moment leaves none that looks whole.
 *
 * @returns the manifest as it was written
 */
export function publishDataset(fs: FileSystem, folder: string, contents: DatasetContents): DatasetManifest {
  const { fingerprints, vocabularySize } = contents;
  const encoder = new TextEncoder();
  fs.makeFolder(folder);
  const files = [
    writeFile(fs, folder, tokenizerFile, [encoder.encode(contents.tokenizer)]),
    writeFile(fs, folder, reportFile, [encoder.encode(`${canonicalJson(contents.report)}\n`)]),
    contents.validationText,
    ...partNames.flatMap((part) => contents.shards[part].flatMap((shard) => shard.files)),
  ];
  const text = manifestText({
    name: contents.name,
    fingerprint: fingerprintOf(fingerprints),
    fingerprints,
    settings: contents.settings,
    tokenType: tokenTypeFor(vocabularySize),
    vocabularySize,
    beginToken: contents.beginToken,
    train: partOf(contents.shards.train),
    validation: partOf(contents.shards.validation),
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
    createdBy: { groundwork: contents.groundworkVersion },
  });
  for (const part of partNames) if (fs.exists(`${folder}/${part}`)) fs.syncFolder(`${folder}/${part}`);
  writeDurably(fs, `${folder}/${manifestFile}`, [encoder.encode(text)]);
  const manifest = readManifest(fs, folder);
  assert(!isProblem(manifest), `the manifest that was just written cannot be read: ${JSON.stringify(manifest)}`);
  return manifest;
}

function partOf(shards: readonly WrittenShard[]): DatasetManifest['train'] {
  const part = { numTokens: 0, numDocuments: 0, numBytes: 0, shards: [] as DatasetManifest['train']['shards'] };
  for (const { number, numTokens, numDocuments, numBytes } of shards) {
    part.shards.push({ name: shardName(number), numTokens, numDocuments, numBytes });
    part.numTokens += numTokens;
    part.numDocuments += numDocuments;
    part.numBytes += numBytes;
  }
  return part;
}

function writeFile(fs: FileSystem, folder: string, path: string, chunks: Iterable<Uint8Array>): DatasetFile {
  return { path, ...writeDurably(fs, `${folder}/${path}`, chunks) };
}
