import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, type FileSystem, type JsonValue, sha256Hex } from '../../core/index.ts';
import { mapInOrder, openWorkerPool, workerFile } from '../../core/node.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { DatasetFile } from '../store/manifest.ts';
import { type WrittenShard, writeShard, writeValidationText } from '../store/publication.ts';
import { type EncodedShard, joinShards } from '../store/shard.ts';
import type { BlockSet } from './block-set.ts';
import type { StageOptions } from './clean-stage.ts';
import { BlockTexts } from './cleaned-block.ts';
import { side } from './split.ts';
import { createTokenizeHandler } from './tokenize-handler.ts';

/** Tokens at which a shard is full: it then ends with the block. */
const fullTokens = 2 ** 23;

export interface TokenizedCorpus {
  readonly shards: { readonly train: readonly WrittenShard[]; readonly validation: readonly WrittenShard[] };
  readonly validationText: DatasetFile;
}

/**
 * Tokenizes the documents of both sides in worker threads and writes the shards durably. A shard that an earlier build wrote
 * is kept if its files are sound.
 *
 * @param sides per document, a value of `side`
 */
export async function tokenizeCorpus(
  corpus: BlockSet,
  sides: Uint8Array,
  tokenizer: Tokenizer,
  options: StageOptions,
): Promise<TokenizedCorpus> {
  const { fs, work, numWorkers } = options;
  const pool = openWorkerPool({
    file: workerFile(import.meta.url, 'tokenize-worker'),
    numWorkers,
    context: { tokenizer: tokenizer.data },
    createHandler: (context: Parameters<typeof createTokenizeHandler>[0]) => createTokenizeHandler(context, fs),
  });
  const total = corpus.blocks.length;
  const source = sha256Hex(canonicalJson([corpus.corpusSha256, work.madeBy, tokenizer.fingerprint]));
  const tokenized = async (block: number, wanted: number): Promise<EncodedShard | undefined> => {
    const { from, to } = corpus.range(block);
    const isWanted = Uint8Array.from(sides.subarray(from, to), (one) => (one === wanted ? 1 : 0));
    return isWanted.includes(1) ? pool.run({ path: work.blockPath(block), isWanted }) : undefined;
  };
  const shardsOf = async (part: 'train' | 'validation'): Promise<WrittenShard[]> => {
    const shards: WrittenShard[] = [];
    let next = 0;
    for (
      let note = readShardNote(options, source, part, 0);
      note;
      note = readShardNote(options, source, part, shards.length)
    ) {
      shards.push(note.shard);
      next = note.nextBlock;
    }
    const resumed = next;
    let pieces: EncodedShard[] = [];
    const write = (nextBlock: number) => {
      const shard = writeShard(fs, work.folder, part, shards.length, joinShards(pieces));
      work.writeNote(noteName(part, shards.length), { source, shard, nextBlock } as unknown as JsonValue);
      shards.push(shard);
      pieces = [];
    };
    const rest = Array.from({ length: total - next }, (_, i) => next + i);
    const wanted = side[part];
    for await (const piece of mapInOrder(rest, numWorkers + 1, (block) => tokenized(block, wanted))) {
      options.checkStop();
      next++;
      if (piece) pieces.push(piece);
      if (pieces.reduce((sum, { numTokens }) => sum + numTokens, 0) >= fullTokens) write(next);
      if (part === 'train') options.onProgress({ stage: 'tokenize', done: next, total, unit: 'blocks', resumed });
    }
    if (pieces.length > 0) write(next);
    return shards;
  };
  try {
    const train = await shardsOf('train');
    const validation = await shardsOf('validation');
    return {
      shards: { train, validation },
      validationText: writeValidationText(fs, work.folder, validationChunks(corpus, sides)),
    };
  } finally {
    await pool.close();
  }
}

function* validationChunks(corpus: BlockSet, sides: Uint8Array): Generator<Uint8Array> {
  for (const [i, block] of corpus.blocks.entries()) {
    const { from, to } = corpus.range(i);
    if (!sides.subarray(from, to).includes(side.validation)) continue;
    const texts = new BlockTexts(block);
    for (let document = from; document < to; document++) {
      if (sides[document] === side.validation) yield texts.bytes(document - from);
    }
  }
}

const count = z.int().min(0);
const file = z.object({ path: z.string(), sizeBytes: count, sha256: z.string() });
const shardNote = z.object({
  /** Hash of the corpus and the tokenizer that it was made from. */
  source: z.string(),
  nextBlock: count,
  shard: z.object({
    part: z.enum(['train', 'validation']),
    number: count,
    numTokens: count,
    numDocuments: count,
    numBytes: count,
    files: z.tuple([file, file]),
  }),
});

function noteName(part: string, number: number): string {
  return `shard-${part}-${String(number).padStart(5, '0')}`;
}

/** The note about a shard, if its files are what it says. */
function readShardNote(
  { fs, work }: StageOptions,
  source: string,
  part: string,
  number: number,
): z.infer<typeof shardNote> | undefined {
  const note = shardNote.safeParse(work.readNote(noteName(part, number)));
  if (!note.success || note.data.source !== source) return undefined;
  return note.data.shard.files.every((one) => isSound(fs, work.folder, one)) ? note.data : undefined;
}

function isSound(fs: FileSystem, folder: string, { path, sizeBytes, sha256 }: DatasetFile): boolean {
  const full = `${folder}/${path}`;
  if (!fs.exists(full) || fs.stat(full).sizeBytes !== sizeBytes) return false;
  return createHash('sha256').update(fs.readFile(full)).digest('hex') === sha256;
}
