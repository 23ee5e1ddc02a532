import { linkSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { assert, type FileSystem, fileChunks, GroundworkError } from '../core/index.ts';
import { resolveInside, writeDurably } from '../core/node.ts';
import {
  type BatchSourceFacts,
  type Dataset,
  openDataset,
  type RowPlan,
  shardPaths,
  verifyDataset,
} from '../data/index.ts';
import type { RunDataset } from '../training/index.ts';
import type { BundleFolder } from './bundle-folder.ts';
import type { BundledDataset } from './bundle-manifest.ts';

/** Where datasets lie in a bundle. */
export const dataFolder = 'data';
/** Where the packing of rows lies. */
export const rowsFolder = 'rows';

/** How a dataset comes into a bundle. */
export interface DatasetPlacement {
  /** Its number in the run. */
  readonly index: number;
  readonly facts: BatchSourceFacts;
  /** Where the nodes find it; undefined: it is copied into the bundle. */
  readonly location: string | undefined;
}

/** What a dataset became, and how many bytes of it the bundle holds. */
export interface PlacedDataset {
  readonly record: BundledDataset;
  readonly sizeBytes: number;
}

/**
 * Puts a dataset into a bundle, or says where it lies, and writes the packing of its rows.
 *
 * @throws `invalid-dataset` for one whose files are not what its manifest says; `usage` for a location that is no absolute path
 */
export function placeDataset(
  bundle: BundleFolder,
  { dataset, weight }: RunDataset,
  { index, facts, location }: DatasetPlacement,
): PlacedDataset {
  const { manifest } = dataset;
  const { fs } = bundle;
  const folder = location ?? folderOf(manifest.name, index);
  let sizeBytes = 0;
  if (location === undefined) sizeBytes = copyDataset(fs, dataset, `${bundle.folder}/${folder}`);
  else refuseOtherDataset(fs, dataset, location);
  const shards = manifest.train.shards.map(({ numTokens, numDocuments }, number) => ({
    ...shardPaths('train', number),
    numTokens,
    numDocuments,
  }));
  const record: BundledDataset = {
    name: manifest.name,
    folder,
    fingerprint: manifest.fingerprint,
    manifestSha256: manifest.manifestSha256,
    weight,
    rowsPerBlock: facts.rowsPerBlock,
    tokenType: manifest.tokenType,
    beginToken: manifest.beginToken,
    numTokens: manifest.train.numTokens,
    numRows: facts.numRows,
    shards,
    rows: facts.plan === undefined ? null : writePlan(bundle, `${rowsFolder}/${index}.bin`, facts.plan),
  };
  return { record, sizeBytes };
}

/** Two datasets may have one name. */
function folderOf(name: string, index: number): string {
  const plain = name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+/, '');
  return `${dataFolder}/${index === 0 ? '' : `${index}-`}${plain === '' ? 'dataset' : plain}`;
}

/** Lays a dataset into a folder, as second names of the same files where the disk can, and verifies what lies there then. */
function copyDataset(fs: FileSystem, { folder, manifest }: Dataset, into: string): number {
  let sizeBytes = 0;
  for (const path of [...manifest.files.map((file) => file.path), 'dataset.json']) {
    const from = resolveInside(folder, path);
    fs.makeFolder(dirname(`${into}/${path}`));
    linkOrCopy(fs, from, `${into}/${path}`);
    sizeBytes += fs.stat(from).sizeBytes;
  }
  const [problem] = verifyDataset(fs, into, { deep: false });
  if (problem === undefined) return sizeBytes;
  const { file, found, expected } = problem;
  throw new GroundworkError('invalid-dataset', `${folder}/${file}: found ${found}, expected ${expected}`, {
    hint: 'Build the dataset again, or take a fresh copy of it.',
  });
}

function linkOrCopy(fs: FileSystem, from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (fault) {
    // Another disk, or one that knows no second names; what else may be wrong, copying says.
    assert(fault instanceof Error && 'code' in fault, 'a link failed without a code');
    writeDurably(fs, to, fileChunks(fs, from));
  }
}

/** Where a dataset is to be found may be another machine's: it is held against the dataset only where something lies there. */
function refuseOtherDataset(fs: FileSystem, { manifest }: Dataset, location: string): void {
  if (!isAbsolute(location)) {
    throw new GroundworkError('usage', `the data lie at "${location}", expected an absolute path`, {
      hint: 'Give the path at which every node finds the dataset.',
    });
  }
  if (!fs.exists(location)) return;
  const found = openDataset(fs, location);
  found.close();
  if (found.manifest.manifestSha256 === manifest.manifestSha256) return;
  throw new GroundworkError('dataset-mismatch', `${location} holds another dataset than ${manifest.name}`, {
    hint: 'Copy the dataset there, or name another place.',
  });
}

/** The layout is that of `bundleSchema`. */
function writePlan(bundle: BundleFolder, path: string, plan: RowPlan): BundledDataset['rows'] {
  const { starts, lengths, firstPiece, numRows } = plan;
  const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const file = bundle.write(path, [
    bytesOf(BigUint64Array.from(starts, BigInt)),
    bytesOf(lengths),
    bytesOf(firstPiece),
  ]);
  return { file, numRows, numPieces: lengths.length };
}
