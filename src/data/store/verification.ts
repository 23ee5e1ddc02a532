import { createHash } from 'node:crypto';
import { type FileSystem, GroundworkError } from '../../core/index.ts';
import { parseTokenizer } from '../../tokenizer/index.ts';
import { parseReport, sizeProblem } from './dataset.ts';
import { faultOfIndex } from './dataset-part.ts';
import {
  type DatasetManifest,
  type DatasetProblem,
  isProblem,
  linkProblem,
  manifestFile,
  type PartName,
  partNames,
  readManifest,
  reportFile,
  shardPaths,
  tokenizerFile,
  validationTextFile,
} from './manifest.ts';
import { bytesPerToken, documentIndexOf } from './shard.ts';

/** How much of a file is in memory at a time; a multiple of the size of a token. */
const chunkBytes = 2 ** 20;

export interface VerificationOptions {
  /** Also reads what the files mean: document ends, begin tokens, token numbers, byte lengths, text. */
  readonly deep: boolean;
}

/**
 * Checks a dataset and lists everything that is wrong: the manifest (schema, its own hash), each file's presence, size and
 * SHA-256, files that the manifest does not know, and with `deep` the contents. A dataset without problems gives an empty
 * list. Where the manifest cannot be trusted it is the only problem, since all else is judged by it.
 */
export function verifyDataset(fs: FileSystem, folder: string, options: VerificationOptions): DatasetProblem[] {
  const manifest = readManifest(fs, folder);
  if (isProblem(manifest)) return [manifest];
  const problems: DatasetProblem[] = [];
  const sound = new Set<string>();
  for (const file of manifest.files) {
    const problem = linkProblem(folder, file.path) ?? sizeProblem(fs, folder, file);
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    sound.add(file.path);
    const sha256 = hashOf(fs, `${folder}/${file.path}`, file.sizeBytes);
    if (sha256 !== file.sha256) {
      problems.push({ file: file.path, expected: `SHA-256 ${file.sha256}`, found: `SHA-256 ${sha256}` });
    }
  }
  problems.push(...extraFiles(fs, folder, manifest));
  if (options.deep) problems.push(...contentProblems(fs, folder, manifest, sound));
  return problems;
}

function extraFiles(fs: FileSystem, folder: string, manifest: DatasetManifest): DatasetProblem[] {
  const listed = new Set([manifestFile, ...manifest.files.map((file) => file.path)]);
  const folders = new Set(
    [...listed].flatMap((path) => path.split('/').map((_, i, names) => names.slice(0, i).join('/'))),
  );
  const problems: DatasetProblem[] = [];
  const visit = (inside: string): void => {
    for (const name of fs.list(inside === '' ? folder : `${folder}/${inside}`)) {
      const path = inside === '' ? name : `${inside}/${name}`;
      if (listed.has(path)) continue;
      // Only folders that hold listed files are entered: what else lies there is one problem, however much it holds.
      if (folders.has(path)) visit(path);
      else problems.push({ file: path, expected: 'only what the manifest lists', found: 'something else' });
    }
  };
  visit('');
  return problems;
}

function textOf(fs: FileSystem, folder: string, path: string): string {
  return new TextDecoder().decode(fs.readFile(`${folder}/${path}`));
}

/** Whether it is the tokenizer that the tokens were made with. */
function tokenizerProblems(text: string, { fingerprints, vocabularySize }: DatasetManifest): DatasetProblem[] {
  const file = tokenizerFile;
  try {
    const tokenizer = parseTokenizer(text);
    if (tokenizer.fingerprint !== fingerprints.tokenizer) {
      return [{ file, expected: `the tokenizer ${fingerprints.tokenizer}`, found: tokenizer.fingerprint }];
    }
    if (tokenizer.vocabularySize === vocabularySize) return [];
    return [{ file, expected: `${vocabularySize} tokens`, found: String(tokenizer.vocabularySize) }];
  } catch (fault) {
    if (!(fault instanceof GroundworkError)) throw fault;
    return [{ file, expected: 'a tokenizer', found: fault.message }];
  }
}

function contentProblems(
  fs: FileSystem,
  folder: string,
  manifest: DatasetManifest,
  sound: ReadonlySet<string>,
): DatasetProblem[] {
  const problems: DatasetProblem[] = [];
  if (sound.has(reportFile)) {
    const report = parseReport(textOf(fs, folder, reportFile));
    if (typeof report === 'string')
      problems.push({ file: reportFile, expected: 'the report of a build', found: report });
  }
  if (sound.has(tokenizerFile)) problems.push(...tokenizerProblems(textOf(fs, folder, tokenizerFile), manifest));
  const lengths: number[] = [];
  let allLengths = true;
  for (const part of partNames) {
    manifest[part].shards.forEach((counts, number) => {
      const paths = shardPaths(part, number);
      let index: Uint32Array | undefined;
      if (sound.has(paths.documents)) {
        index = documentIndexOf(fs.readFile(`${folder}/${paths.documents}`));
        const fault = faultOfIndex(index, counts);
        if (fault !== undefined) {
          problems.push({ file: paths.documents, ...fault });
          index = undefined;
        }
      }
      if (part === 'validation') {
        if (index === undefined) allLengths = false;
        else for (let i = 1; i < index.length; i += 2) lengths.push(index[i] as number);
      }
      if (sound.has(paths.tokens)) {
        const problem = tokenProblem(fs, folder, manifest, part, number, index);
        if (problem !== undefined) problems.push(problem);
      }
    });
  }
  if (allLengths && sound.has(validationTextFile)) {
    const problem = textProblem(fs, folder, lengths);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

/** The first token of a shard that is no token, or a document that does not begin with the begin token. */
function tokenProblem(
  fs: FileSystem,
  folder: string,
  manifest: DatasetManifest,
  part: PartName,
  number: number,
  index: Uint32Array | undefined,
): DatasetProblem | undefined {
  const { tokenType, vocabularySize, beginToken } = manifest;
  const numTokens = manifest[part].shards[number]?.numTokens ?? 0;
  const file = shardPaths(part, number).tokens;
  let [position, start, document] = [0, 0, 0];
  for (const bytes of chunksOf(fs, `${folder}/${file}`, numTokens * bytesPerToken[tokenType])) {
    const tokens =
      tokenType === 'uint16'
        ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)
        : new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    for (let i = 0; i < tokens.length; i++, position++) {
      const token = tokens[i] as number;
      if (token >= vocabularySize) {
        return { file, expected: `tokens below ${vocabularySize}`, found: `${token} at position ${position}` };
      }
      if (index === undefined || position !== start) continue;
      if (token !== beginToken) {
        const place = `position ${position}, where document ${document} begins`;
        return { file, expected: `the begin token ${beginToken} at ${place}`, found: `${token}` };
      }
      start = index[2 * document] ?? -1;
      document += 1;
    }
  }
  return undefined;
}

/** The first validation document whose bytes are not UTF-8, which also says that lengths and text do not belong together. */
function textProblem(fs: FileSystem, folder: string, lengths: readonly number[]): DatasetProblem | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const text = fs.open(`${folder}/${validationTextFile}`, 'read');
  try {
    let offset = 0;
    for (const [document, length] of lengths.entries()) {
      const bytes = new Uint8Array(length);
      text.readAt(bytes, offset);
      try {
        decoder.decode(bytes);
      } catch {
        const found = `document ${document} at byte ${offset}, which is not`;
        return { file: validationTextFile, expected: 'documents in UTF-8', found };
      }
      offset += length;
    }
    return undefined;
  } finally {
    text.close();
  }
}

function hashOf(fs: FileSystem, location: string, sizeBytes: number): string {
  const hash = createHash('sha256');
  for (const bytes of chunksOf(fs, location, sizeBytes)) hash.update(bytes);
  return hash.digest('hex');
}

/** A file piece by piece, in the same memory each time. */
function* chunksOf(fs: FileSystem, location: string, sizeBytes: number): Generator<Uint8Array> {
  const file = fs.open(location, 'read');
  try {
    const chunk = new Uint8Array(Math.min(chunkBytes, sizeBytes));
    for (let offset = 0; offset < sizeBytes; offset += chunk.length) {
      const found = file.readAt(chunk, offset);
      yield found === chunk.length ? chunk : chunk.subarray(0, found);
      if (found < chunk.length) return;
    }
  } finally {
    file.close();
  }
}
