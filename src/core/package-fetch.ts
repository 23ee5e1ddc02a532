import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { GroundworkError } from './errors.ts';
import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';

/** How a process ended. */
export interface ProcessResult {
  /** `undefined` where there is no such program. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where code starts processes, so that a test can hand in one that fails. `cwd` is the folder in which it works. */
export type ProcessRunner = (
  command: string,
  args: readonly string[],
  options?: { readonly cwd?: string },
) => Promise<ProcessResult>;

/** Starts processes of this machine and waits for their end. They read nothing from the terminal. */
export const runProcess: ProcessRunner = (command, args, { cwd } = {}) =>
  new Promise((resolve, reject) => {
    // On Windows npm is a batch file, which only a shell starts; a shell takes its arguments as one quoted line.
    const shell = process.platform === 'win32';
    const child = spawn(command, shell ? args.map((arg) => `"${arg}"`) : args, {
      cwd,
      shell,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (cause: NodeJS.ErrnoException) => {
      // A missing folder gives ENOENT as well; then the fault is not that of the program.
      const isMissing = cause.code === 'ENOENT' && (cwd === undefined || existsSync(cwd));
      if (isMissing) resolve({ exitCode: undefined, stdout, stderr });
      else reject(cause);
    });
    // A process that a signal ended has no exit code of its own; shells say 128 + the signal, and any that is not 0 will do.
    child.on('close', (exitCode) => resolve({ exitCode: exitCode ?? 128, stdout, stderr }));
  });

export interface PackageFetchOptions {
  /** The folder that keeps what was fetched; `defaultCacheFolder()` unless told. */
  readonly cacheFolder?: string;
  readonly run?: ProcessRunner;
  readonly fileSystem?: FileSystem;
  /** An installed copy is looked for in the `node_modules` of this folder and of those above it; our own unless told. */
  readonly installedNear?: string;
}

/**
 * The folder in which this machine keeps what was fetched: `GROUNDWORK_CACHE` where it is set, else `groundwork` in
 * `XDG_CACHE_HOME`, `LOCALAPPDATA` (Windows) or `~/.cache`.
 */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.GROUNDWORK_CACHE) return environment.GROUNDWORK_CACHE;
  const local = process.platform === 'win32' ? environment.LOCALAPPDATA : undefined;
  return join(environment.XDG_CACHE_HOME || local || join(homedir(), '.cache'), 'groundwork');
}

/**
 * The folder of an npm package at one exact version: an installed copy, else the copy in the cache, else fetched by
 * `npm pack` (which obeys the person's registry settings and checks the package's integrity), unpacked without its
 * dependencies and without running any of its scripts, and published in the cache by a rename. A fetch that is cut off
 * leaves nothing that a later one would take for whole.
 *
 * @throws `download-failed` where there is no npm, no network, or no such version
 */
export async function fetchPackage(name: string, version: string, options: PackageFetchOptions = {}): Promise<string> {
  const { cacheFolder = defaultCacheFolder(), run = runProcess, fileSystem = nodeFileSystem } = options;
  const installed = installedPackage(name, version, options.installedNear ?? dirname(fileURLToPath(import.meta.url)));
  if (installed !== undefined) return installed;
  const specifier = `${name}@${version}`;
  return publishedFolder(join(cacheFolder, 'npm', specifier.replace('/', '+')), fileSystem, async (folder) => {
    const download = `${folder}.download`;
    fileSystem.makeFolder(download);
    try {
      const result = await run('npm', [
        'pack',
        specifier,
        '--pack-destination',
        download,
        '--ignore-scripts',
        '--loglevel=error',
        // Without a network the default waits for more than a minute.
        '--fetch-retry-mintimeout=2000',
        '--fetch-retry-maxtimeout=5000',
      ]);
      if (result.exitCode !== 0) throw npmFailure(specifier, result);
      const archive = fileSystem.list(download).find((file) => file.endsWith('.tgz'));
      if (archive === undefined) throw npmFailure(specifier, { ...result, stderr: 'npm pack wrote no archive' });
      unpack(fileSystem.readFile(join(download, archive)), specifier, folder, fileSystem);
    } finally {
      fileSystem.remove(download);
    }
    if (versionIn(folder, fileSystem) !== version) {
      throw npmFailure(specifier, { exitCode: 0, stdout: '', stderr: 'the archive holds another version' });
    }
  });
}

/**
 * A folder that is either whole or not there: where it is absent, `fill` fills a folder of another name beside it, which
 * is then renamed into place. Where two processes do so at once, the first to finish wins and both go on with its copy.
 */
export async function publishedFolder(
  path: string,
  fileSystem: FileSystem,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  if (fileSystem.exists(path)) return path;
  const parent = dirname(path);
  fileSystem.makeFolder(parent);
  const partial = `${path}.partial-${randomUUID()}`;
  fileSystem.makeFolder(partial);
  try {
    await fill(partial);
    fileSystem.syncFolder(partial);
    fileSystem.rename(partial, path);
    fileSystem.syncFolder(parent);
  } catch (cause) {
    fileSystem.remove(partial);
    if (!fileSystem.exists(path)) throw cause;
  }
  return path;
}

/** The nearest installed copy of a package, if its version is the one that is asked for. */
function installedPackage(name: string, version: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (versionIn(candidate, nodeFileSystem) === version) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}

const packageFile = z.object({ version: z.string() });

function versionIn(folder: string, fileSystem: FileSystem): string | undefined {
  const path = join(folder, 'package.json');
  if (!fileSystem.exists(path)) return undefined;
  try {
    return packageFile.parse(JSON.parse(new TextDecoder().decode(fileSystem.readFile(path)))).version;
  } catch (cause) {
    // A package.json that is broken names no version, so that its folder is not the copy we look for.
    if (cause instanceof SyntaxError || cause instanceof z.ZodError) return undefined;
    throw cause;
  }
}

const offlineCodes = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ENETUNREACH', 'ETIMEDOUT', 'ENOTCACHED'];

function npmFailure(specifier: string, { exitCode, stderr }: ProcessResult): GroundworkError {
  const fail = (found: string, hint: string) =>
    new GroundworkError('download-failed', `${specifier} could not be fetched: ${found}`, { hint });
  if (exitCode === undefined) return fail('there is no npm on the PATH', 'Install npm (it comes with Node.js).');
  const code = /^npm (?:error|ERR!) code (\w+)/m.exec(stderr)?.[1];
  if (code === 'ETARGET' || code === 'E404') {
    return fail(
      `the registry has no such version (${code})`,
      'Check which registry npm is set to use: npm config get registry.',
    );
  }
  if (code !== undefined && offlineCodes.includes(code)) {
    return fail(`the registry cannot be reached (${code})`, 'Connect to the network and run again.');
  }
  const line = stderr
    .split('\n')
    .map((text) => text.replace(/^npm (?:error|ERR!) ?/, '').trim())
    .find((text) => text !== '' && !text.startsWith('code '));
  const found = `npm pack failed${code === undefined ? '' : ` (${code})`}${line === undefined ? '' : `: ${line}`}`;
  return fail(found, `Try it by hand: npm pack ${specifier}`);
}

/** The most bytes that an archive may unpack to. */
const maxUnpackedBytes = 2 ** 30;

/** Writes the files of a `.tgz` into a folder, without the first part of their paths (`package/` in those of npm). */
function unpack(archive: Uint8Array, specifier: string, folder: string, fileSystem: FileSystem): void {
  const folders = new Set<string>();
  for (const { path, bytes } of archiveFiles(gunzipSync(archive, { maxOutputLength: maxUnpackedBytes }))) {
    const parts = path.split('/');
    if (parts.length < 2 || parts.some((part) => ['', '.', '..'].includes(part) || /[\\:\0]/.test(part))) {
      throw new GroundworkError('unsafe-path', `${specifier} holds a file named ${JSON.stringify(path)}`, {
        hint: 'Check which registry npm is set to use: npm config get registry.',
      });
    }
    const target = join(folder, ...parts.slice(1));
    fileSystem.makeFolder(dirname(target));
    folders.add(dirname(target));
    const file = fileSystem.open(target, 'write');
    try {
      file.write(bytes);
      file.sync();
    } finally {
      file.close();
    }
  }
  for (const written of folders) fileSystem.syncFolder(written);
}

/**
 * The regular files of a tar archive (POSIX ustar with the `path` records of pax, and GNU's long names); links and
 * devices are passed over.
 */
function* archiveFiles(archive: Uint8Array): Generator<{ path: string; bytes: Uint8Array }> {
  const block = 512;
  let longPath: string | undefined;
  for (let at = 0; at + block <= archive.length && archive[at] !== 0; ) {
    const header = archive.subarray(at, at + block);
    const sizeBytes = Number.parseInt(textAt(header, 124, 12), 8) || 0;
    const bytes = archive.subarray(at + block, at + block + sizeBytes);
    at += block + Math.ceil(sizeBytes / block) * block;
    const kind = String.fromCharCode(header[156] ?? 0);
    if (kind === 'x') longPath = paxPath(bytes) ?? longPath;
    else if (kind === 'L') longPath = textAt(bytes, 0, bytes.length);
    else if (kind !== 'g') {
      const prefix = textAt(header, 257, 5) === 'ustar' ? textAt(header, 345, 155) : '';
      const path = longPath ?? (prefix === '' ? '' : `${prefix}/`) + textAt(header, 0, 100);
      longPath = undefined;
      if (kind === '0' || kind === '\0') yield { path, bytes };
    }
  }
}

/** The path in a pax header, whose records are `LENGTH KEY=VALUE\n`; the length counts the whole record. */
function paxPath(bytes: Uint8Array): string | undefined {
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number.parseInt(new TextDecoder().decode(bytes.subarray(at, space)), 10);
    if (space < 0 || !(length > 0)) return undefined;
    const record = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1));
    if (record.startsWith('path=')) return record.slice('path='.length);
    at += length;
  }
  return undefined;
}

function textAt(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}
