import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GroundworkError } from '../../core/index.ts';
import { nodeFileSystem } from '../../core/node.ts';
import type { RecordBatch, RecordStream } from '../document.ts';
import { systemCode } from './byte-stream.ts';
import { defaultMaximumDocumentBytes } from './corpus-reader.ts';
import { buildOutputsAmong, codeExtensions, isDeclaration, machineMadeReason } from './handwritten-code.ts';
import { findPackages, type InstalledPackage, sourceOf } from './installed-packages.ts';
import { isLicenceAllowed, permissiveLicences } from './licence-expression.ts';
import { BatchBuilder } from './record-batches.ts';

export interface SourceCodeOptions {
  /** SPDX identifiers of the licences under which packages are read (`permissiveLicences` by default), or `any`. */
  readonly licences?: readonly string[] | 'any';
  /** Extensions without the dot (`codeExtensions` by default). */
  readonly extensions?: readonly string[];
  /** Whether type declarations (`.d.ts`) are read; they are by default. */
  readonly declarations?: boolean;
  /** Whether generated, minified and compiled files are read as well; they are not by default. */
  readonly machineMade?: boolean;
  /** The largest file in bytes, 8 MiB by default. */
  readonly maximumDocumentBytes?: number;
  /** What a relative root is relative to. */
  readonly workingFolder?: string;
}

/**
 * Reads the source code of installed packages, one document a file, packages in the order of their names.
 *
 * Packages whose licence is not allowed are left out, and files that no person wrote. Each is listed in `skipped` with its
 * reason: a package once, a file by its source. Files that belong to no package have no licence to check: whoever names a
 * folder of their own answers for it.
 *
 * @param root a `node_modules` folder, the folder of a package, or any folder
 * @throws GroundworkError `file-not-found` or `file-access` where the root is no folder or cannot be listed
 */
export async function* readSourceCode(root: string, options: SourceCodeOptions = {}): RecordStream {
  const folder = resolve(options.workingFolder ?? process.cwd(), root);
  if (!nodeFileSystem.stat(folder).isFolder) {
    throw new GroundworkError('file-access', `${root} is a file, expected a folder`, {
      hint: 'Name a node_modules folder, the folder of a package, or a folder of source code.',
    });
  }
  const licences = options.licences ?? permissiveLicences;
  const { packages, skipped, faults } = findPackages(folder);
  const builder = new BatchBuilder();
  for (const one of skipped) builder.skip(one);
  for (const fault of faults) builder.fault(fault);
  const seen = new Set<string>();
  for (const one of packages) {
    if (one.label !== '') {
      const reason = packageReason(one, licences, seen);
      if (reason !== undefined) {
        builder.skip({ source: one.label, reason });
        continue;
      }
      seen.add(one.label);
    }
    yield* readPackage(one, options, builder);
  }
  if (!builder.isEmpty) yield builder.take();
}

function packageReason(
  { label, licence }: InstalledPackage,
  licences: readonly string[] | 'any',
  seen: ReadonlySet<string>,
): 'licence-missing' | 'licence-not-allowed' | 'package-twice' | undefined {
  if (licences !== 'any') {
    if (licence === undefined) return 'licence-missing';
    if (!isLicenceAllowed(licence, licences)) return 'licence-not-allowed';
  }
  return seen.has(label) ? 'package-twice' : undefined;
}

async function* readPackage(
  { label, folder, files }: InstalledPackage,
  options: SourceCodeOptions,
  builder: BatchBuilder,
): AsyncGenerator<RecordBatch> {
  const maximumBytes = options.maximumDocumentBytes ?? defaultMaximumDocumentBytes;
  const extensions = new Set(options.extensions ?? codeExtensions);
  const isCode = (path: string): boolean => extensions.has(path.slice(path.lastIndexOf('.') + 1).toLowerCase());
  const outputs = options.machineMade ? new Set<string>() : buildOutputsAmong(files.filter(isCode));
  for (const path of files) {
    const source = sourceOf(label, path);
    if (!isCode(path)) builder.skip({ source, reason: 'not-code' });
    else if (options.declarations === false && isDeclaration(path)) builder.skip({ source, reason: 'declaration' });
    else if (outputs.has(path)) builder.skip({ source, reason: 'build-output' });
    else await readCodeFile(join(folder, path), source, maximumBytes, options.machineMade === true, builder);
    if (builder.isFull) yield builder.take();
  }
}

const looseUtf8 = new TextDecoder();

async function readCodeFile(
  path: string,
  source: string,
  maximumBytes: number,
  takesMachineMade: boolean,
  builder: BatchBuilder,
): Promise<void> {
  let bytes: Uint8Array;
  try {
    // The size is looked at first, so that a file of many GB is not taken into memory.
    if ((await stat(path)).size > maximumBytes) {
      builder.skip({ source, reason: 'too-large' });
      return;
    }
    bytes = await readFile(path);
  } catch (cause) {
    const message = `the file cannot be read (${systemCode(cause)})`;
    builder.fault({ source, line: 1, byteOffset: 0, kind: 'unreadable-file', message });
    return;
  }
  builder.bytesRead += bytes.length;
  // Bytes that are no UTF-8 are for parseRecord to refuse.
  const reason = takesMachineMade ? undefined : machineMadeReason(source, looseUtf8.decode(bytes));
  if (reason !== undefined) builder.skip({ source, reason });
  else builder.sink(source, 'text').record(bytes, 1, 0);
}
